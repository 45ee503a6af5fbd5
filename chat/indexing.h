/*
 * Keeping the search's indexes near the newest message, a little at a time and after everything
 * else. Whoever has a quiet moment does a step: the sidecar's writer, or, where none runs, a web
 * program after its answer. What is not indexed yet is searched row by row, so nothing waits for
 * this; a few messages are left for later until it is worth a transaction.
 */
#ifndef CHAT_INDEXING_H
#define CHAT_INDEXING_H

#include "chat/chat.h"
#include "db/search_index.h"

/* Whether there is work worth a transaction. */
MUST_CHECK enum err indexing_is_due(struct chat *c, bool *due, struct fail *f);
/* One step, in a write transaction of its own. *done: nothing worth one is left. */
MUST_CHECK enum err indexing_step(struct chat *c, bool *done, struct fail *f);
/* For whoever has the time: how long to leave the lock to others after a step of that length. */
int64_t indexing_rest_ms(int64_t took_ms);

/* Everything at once, for `outcry index` and after purges; others write between the steps. */
MUST_CHECK enum err indexing_finish(struct chat *c, struct fail *f);
/* From an empty index on. */
MUST_CHECK enum err indexing_restart(struct chat *c, struct fail *f);
/* Joins all pieces, so that nothing of what was deleted stays in them. */
MUST_CHECK enum err indexing_compact(struct chat *c, struct fail *f);

#endif
