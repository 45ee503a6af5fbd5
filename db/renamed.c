#include "db/renamed.h"
#include "db/row.h"
#include "db/statements.h"

static const struct sql name = {"renamed.name", "SELECT " SHOWN_NAME " FROM user u WHERE u.id = ?1",
                                DB_CHAT, NULL};
/* From one room that they wrote in to the next, past all that they wrote there. */
static const struct sql rooms = {
    "renamed.rooms",
    "WITH RECURSIVE wrote (id) AS (SELECT min(room_id) FROM message WHERE user_id = ?1"
    " UNION ALL SELECT (SELECT min(room_id) FROM message WHERE user_id = ?1 AND room_id > wrote.id)"
    " FROM wrote WHERE wrote.id IS NOT NULL)"
    " SELECT id FROM wrote WHERE id IS NOT NULL"
    " UNION SELECT room_id FROM mention WHERE user_id = ?1"
    " UNION SELECT k.room_id FROM room_member k JOIN room r ON r.id = k.room_id"
    " WHERE k.user_id = ?1 AND r.kind IN ('private', 'direct') LIMIT ?2",
    DB_CHAT, "walks the rooms that it found"};

const struct sql *const renamed_statements[] = {&name, &rooms, NULL};

enum err renamed_name(struct db *db, struct arena *a, int64_t user_id, const char **out,
                      struct fail *f)
{
    struct query q = query_begin(db, &name);

    query_bind_i64(&q, 1, user_id);
    *out = query_row(&q) ? query_text(&q, 0, a) : NULL;
    return query_end(&q, f);
}

enum err renamed_rooms(struct db *db, int64_t user_id, int64_t out[RENAMED_ROOMS_MAX],
                       size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &rooms);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, RENAMED_ROOMS_MAX);
    while (*count < RENAMED_ROOMS_MAX && query_row(&q))
        out[(*count)++] = query_i64(&q, 0);
    return query_end(&q, f);
}
