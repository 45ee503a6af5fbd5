#include "db/mention.h"
#include "db/row.h"
#include "db/statements.h"

static const struct sql list = {
    "mention.list",
    "SELECT n.user_id, n.at, n.len, " SHOWN_NAME ", u.name_fold"
    " FROM mention n LEFT JOIN user u ON u.id = n.user_id WHERE n.msg_id = ?1"
    " ORDER BY n.at LIMIT ?2",
    DB_CHAT, NULL};
static const struct sql insert = {
    "mention.insert",
    "INSERT INTO mention (msg_id, at, len, user_id, room_id, seq, author_id, ts_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    DB_CHAT, NULL};
static const struct sql clear = {"mention.clear", "DELETE FROM mention WHERE msg_id = ?1", DB_CHAT,
                                 NULL};
/* What ?1 may see of what mentions `whom`. Both halves stop at as many as are asked for. */
#define MENTIONING(whom)                                                                           \
    "SELECT * FROM (SELECT DISTINCT n.msg_id, n.ts_ms FROM mention n INDEXED BY mention_time"      \
    " JOIN room r ON r.id = n.room_id"                                                             \
    " LEFT JOIN room_member k ON k.user_id = ?1 AND k.room_id = n.room_id"                         \
    " WHERE n.user_id = " whom " AND n.author_id <> ?1 AND " ROOM_IS_SEEN                          \
    " AND n.seq > max(r.floor, ifnull(k.joined_seq, 0))"                                           \
    " AND n.author_id NOT IN (SELECT ignored_id FROM ignored_user WHERE user_id = ?1)"             \
    " ORDER BY n.ts_ms DESC LIMIT ?2 + ?3)"
static const struct sql messages = {"mention.messages",
                                    "SELECT msg_id FROM (" MENTIONING("?1") " UNION " MENTIONING(
                                        "0") ")"
                                             " ORDER BY ts_ms DESC, msg_id LIMIT ?2 OFFSET ?3",
                                    DB_CHAT, "sorts a few pages"};

const struct sql *const mention_statements[] = {&list, &insert, &clear, &messages, NULL};

enum err mention_list(struct db *db, struct arena *a, int64_t msg_id, struct mention **out,
                      size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &list);

    *out = arena_alloc(a, MENTIONS_MAX * sizeof **out);
    *count = 0;
    query_bind_i64(&q, 1, msg_id);
    query_bind_i64(&q, 2, MENTIONS_MAX);
    while (*count < MENTIONS_MAX && query_row(&q))
        (*out)[(*count)++] = (struct mention){
            .user_id = query_i64(&q, 0),
            .at = (size_t)query_i64(&q, 1),
            .len = (size_t)query_i64(&q, 2),
            .username = query_text(&q, 3, a),
            .fold = query_text(&q, 4, a),
        };
    return query_end(&q, f);
}

enum err mention_insert(struct db *db, const struct message *m, const struct mention *n,
                        struct fail *f)
{
    struct query q = query_begin(db, &insert);

    query_bind_i64(&q, 1, m->id);
    query_bind_i64(&q, 2, (int64_t)n->at);
    query_bind_i64(&q, 3, (int64_t)n->len);
    query_bind_i64(&q, 4, n->user_id);
    query_bind_i64(&q, 5, m->room_id);
    query_bind_i64(&q, 6, m->seq);
    query_bind_i64(&q, 7, m->user_id);
    query_bind_i64(&q, 8, m->created_ms);
    return query_run(&q, f);
}

enum err mention_clear(struct db *db, int64_t msg_id, struct fail *f)
{
    struct query q = query_begin(db, &clear);

    query_bind_i64(&q, 1, msg_id);
    return query_run(&q, f);
}

enum err mention_messages(struct db *db, int64_t user_id, int64_t skip, int64_t *out, size_t max,
                          size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &messages);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, (int64_t)max);
    query_bind_i64(&q, 3, skip);
    while (*count < max && query_row(&q))
        out[(*count)++] = query_i64(&q, 0);
    return query_end(&q, f);
}
