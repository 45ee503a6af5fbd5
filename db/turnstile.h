/*
 * The fair write lock of one database: two flocks in files beside it. Take "queue", take "write",
 * release "queue"; work; release "write". Whoever holds "queue" is next, so one process that
 * commits without a pause cannot starve the others, as SQLite's own busy handler lets it (measured
 * with 8 processes: 7 of them got one commit in 4 s). Checkpoints run under the same lock, which
 * keeps them from overlapping commits: that overlap loses rows in every SQLite before 3.51.3.
 *
 * The kernel drops the lock of a process that dies. One turnstile belongs to one connection: a
 * second in the same process waits for the first, as it should.
 */
#ifndef DB_TURNSTILE_H
#define DB_TURNSTILE_H

#include "lib/err.h"

struct turnstile {
    int queue_fd, write_fd; /* each an open file description of its own; -1: not open */
    bool held;
};

/* `database` is the real path of the database file; the locks are PATH-queue and PATH-write. */
MUST_CHECK enum err turnstile_open(struct turnstile *t, const char *database, struct fail *f);
void turnstile_close(struct turnstile *t); /* also one that never opened (fds -1) */

/* ERR_BUSY after `timeout_ms`. Not recursive: taking what is held is a programming error. */
MUST_CHECK enum err turnstile_take(struct turnstile *t, int64_t timeout_ms, struct fail *f);
void turnstile_leave(struct turnstile *t);

#endif
