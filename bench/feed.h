/*
 * One reader of one room, over a WebSocket, a stream of server-sent events or long-polls: opens it,
 * answers what must be answered, and gives the JSON that comes.
 */
#ifndef BENCH_FEED_H
#define BENCH_FEED_H

#include "bench/wire.h"

enum feed_way { FEED_WS, FEED_SSE, FEED_POLL };

struct feed {
    enum feed_way way;
    int fd;
    struct wire_in in;
    const char *path, *token, *room; /* owned by the caller; token NULL: no hello, a seed socket */
    int64_t seq;                     /* a poll's cursor */
};

/* Returns when it reads; dies where it is not let in. */
void feed_open(struct feed *f, const char *to);
/* The next text that has arrived whole; false: none. It is valid until the next call. */
bool feed_next(struct feed *f, const char **text, size_t *len);

#endif
