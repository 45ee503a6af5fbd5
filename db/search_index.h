/*
 * Filling the indexes that search goes through, beside and after everything else: a step at a time,
 * each in a write transaction of its caller's. What db/migrations/chat/012-search.sql says about
 * them is not repeated here.
 */
#ifndef DB_SEARCH_INDEX_H
#define DB_SEARCH_INDEX_H

#include "db/db.h"

enum { SEARCH_FOLLOWED = 500 };
enum search_part { SEARCH_WORDS, SEARCH_PARTS, SEARCH_INDEXES };

/* Event ids: how far each index goes, and how far it could. */
struct search_reach {
    int64_t at[SEARCH_INDEXES], newest;
    bool stale; /* changes wait to be followed */
};

MUST_CHECK enum err search_reach(struct db *db, struct search_reach *out, struct fail *f);

/* In the caller's write transaction: the next `events` events, at most;
 * *to: how far it goes now. None where so much was changed that not all of it could be followed. */
MUST_CHECK enum err search_extend(struct db *db, enum search_part part, int64_t events, int64_t *to,
                                  struct fail *f);
/* In the caller's write transaction: joins about `pages` pages of an index's pieces. With `all`
 * also those that would be left alone for their size, as long as *more: then nothing of what was
 * deleted is left in it. */
MUST_CHECK enum err search_merge(struct db *db, enum search_part part, int pages, bool all,
                                 bool *more, struct fail *f);
/* In the caller's write transaction: brings what was changed into the indexes, the oldest first, at
 * most SEARCH_FOLLOWED of it: more is only there after a migration. db_commit() does it where
 * somebody said so (search_is_stale()). */
MUST_CHECK enum err search_follow(struct db *db, struct fail *f);
/* In the caller's write transaction: an empty index, to be extended from the beginning. */
MUST_CHECK enum err search_empty(struct db *db, enum search_part part, struct fail *f);

/* Texts were changed in the open transaction. */
void search_is_stale(struct db *db);

#endif
