/* News of read marks: whose rose, and where; what it is now is in room_member. */
#ifndef DB_MARK_H
#define DB_MARK_H

#include "db/db.h"

enum { MARK_NEWS_KEPT = 1000 };

struct mark_news {
    int64_t id, user_id, room_id;
};

/* In the caller's write transaction. Lets go of what is older than the newest MARK_NEWS_KEPT. */
MUST_CHECK enum err mark_note(struct db *db, int64_t user_id, int64_t room_id, struct fail *f);
/* id > after, in order. */
MUST_CHECK enum err mark_list(struct db *db, int64_t after, struct mark_news *out, size_t max,
                              size_t *count, struct fail *f);
MUST_CHECK enum err mark_newest(struct db *db, int64_t *id, struct fail *f);

#endif
