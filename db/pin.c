#include "db/pin.h"
#include "db/mention_name.h"
#include "db/row.h"
#include "db/statements.h"

static const struct sql list = {"pin.list",
                                "SELECT p.msg_id, m.seq, m.user_id, " AUTHOR_NAME
                                ", substr(m.body, 1, 500), p.user_id,"
                                " p.ts_ms, m.mentions"
                                " FROM pin p JOIN message m ON m.id = p.msg_id WHERE p.room_id = ?1"
                                " ORDER BY p.place DESC LIMIT ?2",
                                DB_CHAT, NULL};
static const struct sql exists = {
    "pin.exists", "SELECT 1 FROM pin WHERE room_id = ?1 AND msg_id = ?2", DB_CHAT, NULL};
static const struct sql count = {"pin.count", "SELECT count(*) FROM pin WHERE room_id = ?1",
                                 DB_CHAT, NULL};
static const struct sql insert = {
    "pin.insert",
    "INSERT INTO pin (room_id, place, msg_id, user_id, ts_ms) VALUES (?1,"
    " 1 + coalesce((SELECT max(place) FROM pin WHERE room_id = ?1), 0), ?2, ?3, ?4)",
    DB_CHAT, NULL};
static const struct sql delete = {
    "pin.delete", "DELETE FROM pin WHERE room_id = ?1 AND msg_id = ?2", DB_CHAT, NULL};

const struct sql *const pin_statements[] = {&list, &exists, &count, &insert, &delete, NULL};

enum err pin_list(struct db *db, struct arena *a, int64_t room_id, struct pin *out, size_t *found,
                  struct fail *f)
{
    struct query q = query_begin(db, &list);
    enum err e;

    *found = 0;
    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, PIN_MOST);
    while (*found < PIN_MOST && query_row(&q))
        out[(*found)++] = (struct pin){
            .msg_id = query_i64(&q, 0),
            .seq = query_i64(&q, 1),
            .user_id = query_i64(&q, 2),
            .author_name = query_text(&q, 3, a),
            .body = query_text(&q, 4, a),
            .pinned_by = query_i64(&q, 5),
            .pinned_ms = query_i64(&q, 6),
            .mentions = query_i64(&q, 7),
        };
    e = query_end(&q, f);
    for (size_t i = 0; !e && i < *found; i++)
        if (out[i].mentions)
            e = mention_name_excerpt(db, a, out[i].msg_id, &out[i].body, f);
    return e;
}

enum err pin_exists(struct db *db, int64_t room_id, int64_t msg_id, bool *out, struct fail *f)
{
    struct query q = query_begin(db, &exists);

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, msg_id);
    *out = query_row(&q);
    return query_end(&q, f);
}

enum err pin_count(struct db *db, int64_t room_id, int64_t *out, struct fail *f)
{
    struct query q = query_begin(db, &count);

    *out = 0;
    query_bind_i64(&q, 1, room_id);
    if (query_row(&q))
        *out = query_i64(&q, 0);
    return query_end(&q, f);
}

enum err pin_insert(struct db *db, int64_t room_id, int64_t msg_id, int64_t user_id, int64_t ts_ms,
                    struct fail *f)
{
    struct query q = query_begin(db, &insert);

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, msg_id);
    query_bind_i64(&q, 3, user_id);
    query_bind_i64(&q, 4, ts_ms);
    return query_run(&q, f);
}

enum err pin_delete(struct db *db, int64_t room_id, int64_t msg_id, struct fail *f)
{
    struct query q = query_begin(db, &delete);

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, msg_id);
    return query_run(&q, f);
}
