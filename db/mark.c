#include "db/mark.h"
#include "db/statements.h"

static const struct sql insert = {
    "mark.insert", "INSERT INTO mark_news (user_id, room_id) VALUES (?1, ?2)", DB_CHAT, NULL};
static const struct sql trim = {"mark.trim", "DELETE FROM mark_news WHERE id <= ?1", DB_CHAT, NULL};
static const struct sql list = {
    "mark.list", "SELECT id, user_id, room_id FROM mark_news WHERE id > ?1 ORDER BY id LIMIT ?2",
    DB_CHAT, NULL};
static const struct sql newest = {"mark.newest",
                                  "SELECT id FROM mark_news ORDER BY id DESC LIMIT 1", DB_CHAT,
                                  "the last entry of the table alone"};

const struct sql *const mark_statements[] = {&insert, &trim, &list, &newest, NULL};

enum err mark_note(struct db *db, int64_t user_id, int64_t room_id, struct fail *f)
{
    struct query q = query_begin(db, &insert);
    int64_t id;
    enum err e;

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    e = query_run(&q, f);
    if (e)
        return e;
    id = query_last_id(&q);
    q = query_begin(db, &trim);
    query_bind_i64(&q, 1, id - MARK_NEWS_KEPT);
    return query_run(&q, f);
}

enum err mark_list(struct db *db, int64_t after, struct mark_news *out, size_t max, size_t *count,
                   struct fail *f)
{
    struct query q = query_begin(db, &list);

    *count = 0;
    query_bind_i64(&q, 1, after);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        out[(*count)++] = (struct mark_news){
            .id = query_i64(&q, 0), .user_id = query_i64(&q, 1), .room_id = query_i64(&q, 2)};
    return query_end(&q, f);
}

enum err mark_newest(struct db *db, int64_t *id, struct fail *f)
{
    struct query q = query_begin(db, &newest);

    *id = 0;
    if (query_row(&q))
        *id = query_i64(&q, 0);
    return query_end(&q, f);
}
