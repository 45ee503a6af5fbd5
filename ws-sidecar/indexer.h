/* The indexing of the sidecar: steps in the writer's quiet moments, with rests between them. */
#ifndef SIDECAR_INDEXER_H
#define SIDECAR_INDEXER_H

#include "chat/chat.h"

struct indexer {
    int64_t next_ms; /* when the next step may be, boot time; 0: at once */
    bool due;        /* there is something to do then */
};

/* In a quiet moment. Returns in how many ms it wants another; -1: not before there is news. */
int64_t indexer_run(struct indexer *x, struct chat *c);

#endif
