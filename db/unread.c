#include "db/unread.h"
#include "db/row.h"
#include "db/statements.h"

static const struct sql first = {
    "unread.first",
    "SELECT m.id, m.seq, m.created_ms FROM message m WHERE m.room_id = ?1 AND m.seq ="
    " (SELECT at FROM (SELECT seq AS at, user_id AS author, deleted_ms > 0 AS gone FROM message"
    " WHERE room_id = ?1 AND seq > ?2 ORDER BY seq LIMIT 1000)"
    " WHERE author <> ?3 AND NOT gone AND author NOT IN"
    " (SELECT ignored_id FROM ignored_user WHERE user_id = ?3) LIMIT 1)",
    DB_CHAT, NULL};

const struct sql *const unread_statements[] = {&first, NULL};

enum err unread_find_first(struct db *db, int64_t room_id, int64_t reader, int64_t after,
                           struct unread_first *out, struct fail *f)
{
    struct query q = query_begin(db, &first);
    bool found;
    enum err e;

    *out = (struct unread_first){0};
    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, after);
    query_bind_i64(&q, 3, reader);
    found = query_row(&q);
    if (found)
        *out = (struct unread_first){
            .id = query_i64(&q, 0), .seq = query_i64(&q, 1), .created_ms = query_i64(&q, 2)};
    e = query_end(&q, f);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}
