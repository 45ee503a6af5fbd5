#include "db/message_text.h"
#include "db/statements.h"

static const struct sql next = {"message_text.next",
                                "SELECT id, body, html, mentions FROM message"
                                " WHERE id > ?1 AND deleted_ms = 0 ORDER BY id LIMIT ?2",
                                DB_CHAT, NULL};
static const struct sql set_html = {"message_text.set_html",
                                    "UPDATE message SET html = ?2 WHERE id = ?1", DB_CHAT, NULL};

const struct sql *const message_text_statements[] = {&next, &set_html, NULL};

enum err message_texts(struct db *db, struct arena *a, int64_t after_id, struct message_text *out,
                       size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &next);

    *count = 0;
    query_bind_i64(&q, 1, after_id);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        out[(*count)++] = (struct message_text){
            .id = query_i64(&q, 0),
            .body = query_text(&q, 1, a),
            .html = query_text(&q, 2, a),
            .mentions = query_i64(&q, 3),
        };
    return query_end(&q, f);
}

enum err message_set_html(struct db *db, int64_t id, const char *html, struct fail *f)
{
    struct query q = query_begin(db, &set_html);

    query_bind_i64(&q, 1, id);
    query_bind_text(&q, 2, html);
    return query_run(&q, f);
}
