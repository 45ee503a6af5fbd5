/*
 * Whether a database is what it says: sound as a file, and its logs whole. Each room is looked at
 * in one read transaction, so writers and purges may go on.
 */
#ifndef DB_VERIFY_H
#define DB_VERIFY_H

#include "db/search_verify.h"

struct verify_room {
    int64_t id, head, floor, events, messages;
    const char *slug, *kind;
    char problem[240]; /* "" where all is well */
};

struct verify_total {
    int64_t rooms, events, messages, problems;
    char search[SEARCH_PROBLEM]; /* what the search's index does not fit in: one of the problems */
};

/* Called for each room, in the order of their ids; `room` lives until it returns. */
typedef void verify_room_fn(void *ctx, const struct verify_room *room);

/*
 * integrity_check and foreign keys; then of each room: its events are floor+1 … head without a gap,
 * their hashes chain, the texts fit them, every message event has its message and every message its
 * event, and no mark is past the head; and the search's index fits the messages. An error is
 * something that kept us from looking; what does not fit is counted in total->problems and told by
 * `tell` (which may be NULL). Damage of the file itself is one problem, its sentence in `f`, and no
 * room is looked at.
 */
MUST_CHECK enum err verify_database(struct db *db, verify_room_fn *tell, void *ctx,
                                    struct verify_total *total, struct fail *f);

#endif
