/* Where the unread begin. How many they are is a column of the room's view (db/room.c). */
#ifndef DB_UNREAD_H
#define DB_UNREAD_H

#include "db/db.h"

struct unread_first {
    int64_t id, seq, created_ms; /* of the message */
};

/* The room's first message behind `after` that counts as unread for `reader`: by somebody
 * else whom they do not ignore, and not deleted. Looks as far as the count does.
 * ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err unread_find_first(struct db *db, int64_t room_id, int64_t reader, int64_t after,
                                      struct unread_first *out, struct fail *f);

#endif
