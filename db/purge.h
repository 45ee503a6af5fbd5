/*
 * Taking away what is old: a room's floor rises, and the events and messages below it are deleted,
 * in transactions small enough that writers wait for none. Each is whole, so a purge that is killed
 * leaves a sound database and can be run again.
 */
#ifndef DB_PURGE_H
#define DB_PURGE_H

#include "db/db.h"

enum { PURGE_STEP = 500 }; /* events that one transaction takes away */

struct purge_room {
    int64_t id, retention_days, floor;
    const char *slug;
    /* The newest seq that may go: it and all before it are older than the limit. At most `floor`
     * where nothing is. */
    int64_t cut;
    int64_t events, messages; /* in floor+1 … cut */
};

/* The next room by id after `after_id` that keeps its messages for a time only; *found: there was
 * one. `now_ms` is wall time: events before it minus retention_days may go. Strings live in `a`. */
MUST_CHECK enum err purge_next(struct db *db, struct arena *a, int64_t after_id, int64_t now_ms,
                               struct purge_room *out, bool *found, struct fail *f);
/* In the caller's write transaction: takes away at most PURGE_STEP events up to `cut`, and says
 * what went. *done: the floor has reached `cut`. */
MUST_CHECK enum err purge_step(struct db *db, int64_t room_id, int64_t cut, int64_t *events,
                               int64_t *messages, bool *done, struct fail *f);

/* In the caller's write transaction; 0: for ever. */
MUST_CHECK enum err purge_set_retention(struct db *db, int64_t room_id, int64_t days,
                                        struct fail *f);

#endif
