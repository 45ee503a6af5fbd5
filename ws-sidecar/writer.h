/*
 * The one thread that writes: posts, read marks, first sights of a user, presence. It has databases
 * of its own. Whatever waits when it looks is done in one round: everybody's posts and marks in a
 * single transaction (group commit), so that the cost of a commit is shared when load rises. An
 * answer leaves only after that commit; where it fails, nothing of the round was stored and each
 * asker hears so.
 */
#ifndef SIDECAR_WRITER_H
#define SIDECAR_WRITER_H

#include "ws-sidecar/job.h"

#include <uv.h>

enum { WRITER_ROUND = 256, WRITER_QUEUE = 8192 };

struct writer;

/* Called on the loop's thread for each finished job, which the callee frees; NULL after those that
 * were finished together. */
typedef void writer_done_fn(void *ctx, struct job *j);

/* `instance` names this sidecar in the presence table. Starts the thread. */
MUST_CHECK enum err writer_new(struct writer **out, const struct conf *conf, struct log *log,
                               const char *instance, uv_loop_t *loop, writer_done_fn *done,
                               void *ctx, struct fail *f);
/* Takes the job over, for the thread to find. False, and the job freed, where too many wait
 * already. */
MUST_CHECK bool writer_submit(struct writer *w, struct job *j);
/* Has the thread look, where something was submitted since. */
void writer_wake(struct writer *w);
/* Nobody is here: unless it has something to do, the thread closes its databases until the next
 * job. */
void writer_rest(struct writer *w);
bool writer_is_full(const struct writer *w); /* nothing can be submitted now */
/* From now on jobs are about this database (db_file()). Those that meet another are refused as
 * busy: after a restore the same ids may mean other people. */
void writer_set_history(struct writer *w, uint64_t history);
/* Jobs whose answer was not delivered yet. */
size_t writer_pending(const struct writer *w);
/* Ends the thread after the round under way; undelivered answers are dropped, so drain first. The
 * loop must run once more for its handle to close. */
void writer_free(struct writer *w);

/* One round on the calling thread: what the thread does with a list of jobs. */
struct writer_round {
    struct chat *chat;
    const char *instance;
    int64_t state_version;               /* of state.db when presence was last listed */
    int64_t next_expiry;                 /* when the list changes by itself, boot ms */
    bool unlisted;                       /* we changed presence since */
    int64_t lease_due_ms, lease_ends_ms; /* boot time */
    bool retired;                        /* the rows of sidecars before this one were told to end */
};
void writer_run(struct writer_round *r, struct job *jobs);

#endif
