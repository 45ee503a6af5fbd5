#include "db/revision.h"
#include "db/statements.h"

static const struct sql insert = {
    "revision.insert",
    "INSERT INTO message_rev (msg_id, rev, body, html, disclosure, salt, editor_id, ts_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    DB_CHAT, NULL};
static const struct sql list = {"revision.list",
                                "SELECT rev, editor_id, ts_ms, body, html, disclosure"
                                " FROM message_rev WHERE msg_id = ?1 ORDER BY rev LIMIT ?2",
                                DB_CHAT, NULL};

const struct sql *const revision_statements[] = {&insert, &list, NULL};

enum err revision_keep(struct db *db, const struct message *m, struct fail *f)
{
    struct query q = query_begin(db, &insert);

    query_bind_i64(&q, 1, m->id);
    query_bind_i64(&q, 2, m->rev);
    query_bind_text(&q, 3, m->body);
    query_bind_text(&q, 4, m->html);
    query_bind_text(&q, 5, m->disclosure);
    query_bind_blob(&q, 6, m->salt, MESSAGE_SALT);
    query_bind_i64(&q, 7, m->user_id); /* only authors edit */
    query_bind_i64(&q, 8, m->edited_ms ? m->edited_ms : m->created_ms);
    return query_run(&q, f);
}

enum err revision_list(struct db *db, struct arena *a, int64_t msg_id, struct revision *out,
                       size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &list);

    *count = 0;
    query_bind_i64(&q, 1, msg_id);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        out[(*count)++] = (struct revision){
            .rev = query_i64(&q, 0),
            .editor_id = query_i64(&q, 1),
            .ts_ms = query_i64(&q, 2),
            .body = query_text(&q, 3, a),
            .html = query_text(&q, 4, a),
            .disclosure = query_text(&q, 5, a),
        };
    return query_end(&q, f);
}
