#include "db/message.h"
#include "db/attachment.h"
#include "db/mention_name.h"
#include "db/reaction.h"
#include "db/row.h"
#include "db/search_index.h"
#include "db/statements.h"

#include <string.h>

#define FROM_MESSAGE " FROM message m JOIN room r ON r.id = m.room_id "

static const struct sql by_id = {
    "message.by_id", "SELECT " MESSAGE_COLUMNS ", r.slug" FROM_MESSAGE "WHERE m.id = ?1", DB_CHAT,
    NULL};
static const struct sql seen_by_id = {"message.seen_by_id",
                                      "SELECT " MESSAGE_COLUMNS ", r.slug" FROM_MESSAGE
                                      "WHERE m.id = ?2 AND " ROOM_IS_SEEN,
                                      DB_CHAT, NULL};
static const struct sql by_client_id = {"message.by_client_id",
                                        "SELECT " MESSAGE_COLUMNS ", r.slug" FROM_MESSAGE
                                        "WHERE m.user_id = ?1 AND m.client_id = ?2",
                                        DB_CHAT, NULL};
#define NOT_IGNORED " AND m.user_id NOT IN (SELECT ignored_id FROM ignored_user WHERE user_id = ?4)"
static const struct sql list_before = {
    "message.list_before",
    "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_room"
    " WHERE m.room_id = ?1 AND m.seq < ?2" NOT_IGNORED " ORDER BY m.seq DESC LIMIT ?3",
    DB_CHAT, NULL};
static const struct sql list_after = {
    "message.list_after",
    "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_room"
    " WHERE m.room_id = ?1 AND m.seq > ?2" NOT_IGNORED " ORDER BY m.seq LIMIT ?3",
    DB_CHAT, NULL};
static const struct sql thread_before = {
    "message.thread_before",
    "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_thread"
    " WHERE m.thread_root = ?1 AND m.seq < ?2" NOT_IGNORED " ORDER BY m.seq DESC LIMIT ?3",
    DB_CHAT, NULL};
static const struct sql thread_after = {
    "message.thread_after",
    "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_thread"
    " WHERE m.thread_root = ?1 AND m.seq > ?2" NOT_IGNORED " ORDER BY m.seq LIMIT ?3",
    DB_CHAT, NULL};
static const struct sql replies_of = {"message.replies_of",
                                      "SELECT replies FROM message WHERE id = ?1", DB_CHAT, NULL};
static const struct sql ignored_replies = {
    "message.ignored_replies",
    "SELECT count(*) FROM message WHERE thread_root = ?1 AND deleted_ms = 0"
    " AND user_id IN (SELECT ignored_id FROM ignored_user WHERE user_id = ?2)",
    DB_CHAT, NULL};
static const struct sql quoted = {"message.quoted",
                                  "SELECT m.seq, m.user_id, m.deleted_ms, " AUTHOR_NAME
                                  ", substr(m.body, 1, 500),"
                                  " m.attachments, m.mentions FROM message m WHERE m.id = ?1",
                                  DB_CHAT, NULL};
static const struct sql last_by_user = {
    "message.last_by_user",
    "SELECT created_ms FROM message WHERE user_id = ?1 AND room_id = ?2 ORDER BY seq DESC LIMIT 1",
    DB_CHAT, NULL};
static const struct sql insert = {
    "message.insert",
    "INSERT INTO message (id, room_id, seq, user_id, author_name, body, html, sentiment,"
    " disclosure, via, client_id, reply_to, created_ms, rev, edited_ms, deleted_ms, deleted_by,"
    " salt, thread_root, attachments, mentions, pictures, file_names) VALUES (?1, ?2, ?3, ?4, ?5,"
    " ?6, ?7, ?8, ?9, ?10, ?11, nullif(?12, 0), ?13, ?14, ?15, ?16, nullif(?17, 0), ?18,"
    " nullif(?19, 0), ?20, ?21, ?22, ifnull(?23, ''))",
    DB_CHAT, NULL};
static const struct sql edit = {
    "message.edit",
    "UPDATE message SET body = ?2, html = ?3, salt = ?4, rev = ?5, edited_ms = ?6,"
    " mentions = ?7 WHERE id = ?1",
    DB_CHAT, NULL};
static const struct sql delete = {
    "message.delete",
    "UPDATE message SET body = '', html = NULL, disclosure = NULL, attachments = 0,"
    " mentions = 0, pictures = 0, file_names = '',"
    " deleted_ms = ?2, deleted_by = ?3 WHERE id = ?1",
    DB_CHAT, NULL};
static const struct sql count_reply = {"message.count_reply",
                                       "UPDATE message SET replies = replies + ?2 WHERE id = ?1",
                                       DB_CHAT, NULL};

const struct sql *const message_statements[] = {
    &by_id,        &seen_by_id,  &by_client_id,    &list_before,  &list_after, &thread_before,
    &thread_after, &replies_of,  &quoted,          &last_by_user, &insert,     &edit,
    &delete,       &count_reply, &ignored_replies, NULL,
};

void message_from_row(struct query *q, int first, struct arena *a, struct message *out)
{
    size_t len;
    const void *salt;

    *out = (struct message){
        .id = query_i64(q, first),
        .room_id = query_i64(q, first + 1),
        .seq = query_i64(q, first + 2),
        .user_id = query_i64(q, first + 3),
        .author_name = query_text(q, first + 4, a),
        .body = query_text(q, first + 5, a),
        .html = query_text(q, first + 6, a),
        .sentiment = query_text(q, first + 7, a),
        .disclosure = query_text(q, first + 8, a),
        .via = query_text(q, first + 9, a),
        .client_id = query_text(q, first + 10, a),
        .reply_to = query_i64(q, first + 11),
        .created_ms = query_i64(q, first + 12),
        .rev = query_i64(q, first + 13),
        .edited_ms = query_i64(q, first + 14),
        .deleted_ms = query_i64(q, first + 15),
        .deleted_by = query_i64(q, first + 16),
        .reaction_kinds = query_i64(q, first + 18),
        .thread_root = query_i64(q, first + 19),
        .replies = query_i64(q, first + 20),
        .attachment_rows = query_i64(q, first + 21),
        .mention_rows = query_i64(q, first + 22),
    };
    salt = query_blob(q, first + 17, &len);
    if (salt && len == MESSAGE_SALT)
        memcpy(out->salt, salt, MESSAGE_SALT);
}

static enum err fill_quote(struct db *db, struct arena *a, struct message *m, struct fail *f)
{
    struct query q = query_begin(db, &quoted);
    struct quote *quote = NULL;
    enum err e;

    query_bind_i64(&q, 1, m->reply_to);
    if (query_row(&q)) {
        quote = arena_alloc(a, sizeof *quote);
        *quote = (struct quote){
            .seq = query_i64(&q, 0),
            .user_id = query_i64(&q, 1),
            .deleted_ms = query_i64(&q, 2),
            .author_name = query_text(&q, 3, a),
            .body = query_text(&q, 4, a),
            .attachments = query_i64(&q, 5),
            .mentions = query_i64(&q, 6),
        };
        m->quote = quote;
    }
    e = query_end(&q, f);
    return !e && quote && quote->mentions
               ? mention_name_excerpt(db, a, m->reply_to, &quote->body, f)
               : e;
}

/* *out: -1 where there is no such message. */
static enum err load_replies(struct db *db, int64_t root, int64_t *out, struct fail *f)
{
    struct query q = query_begin(db, &replies_of);

    query_bind_i64(&q, 1, root);
    *out = query_row(&q) ? query_i64(&q, 0) : -1;
    return query_end(&q, f);
}

enum err message_fill_thread(struct db *db, struct message *m, struct fail *f)
{
    return load_replies(db, m->thread_root, &m->thread_replies, f);
}

enum err message_ignored_replies(struct db *db, int64_t root, int64_t reader, int64_t *out,
                                 struct fail *f)
{
    struct query q = query_begin(db, &ignored_replies);

    query_bind_i64(&q, 1, root);
    query_bind_i64(&q, 2, reader);
    *out = query_row(&q) ? query_i64(&q, 0) : 0;
    return query_end(&q, f);
}

enum err message_shown_replies(struct db *db, int64_t root, int64_t reader, int64_t *out,
                               struct fail *f)
{
    int64_t ignored = 0;
    enum err e = message_ignored_replies(db, root, reader, &ignored, f);

    if (e || !ignored)
        return e;
    e = load_replies(db, root, out, f);
    *out -= ignored;
    return e;
}

enum err message_fill_reactions(struct db *db, struct arena *a, struct message *m, struct fail *f)
{
    struct reaction *list;
    enum err e = reaction_list(db, a, m->id, &list, &m->reaction_count, f);

    m->reactions = list;
    m->reaction_kinds = (int64_t)m->reaction_count;
    return e;
}

static enum err fill_attachments(struct db *db, struct arena *a, struct message *m, struct fail *f)
{
    struct attachment *list;
    enum err e = attachment_list(db, a, m->id, &list, &m->attachment_count, f);

    m->attachments = list;
    return e;
}

enum err message_fill_mentions(struct db *db, struct arena *a, struct message *m, struct fail *f)
{
    struct mention *list;
    enum err e = mention_list(db, a, m->id, &list, &m->mention_count, f);

    if (e)
        return e;
    m->mentions = list;
    m->renamed = mention_name_text(a, m->body, list, m->mention_count);
    if (m->html)
        m->html = mention_name_html(a, m->html, list, m->mention_count);
    return OK;
}

enum err message_fill(struct db *db, struct arena *a, struct message *list, size_t count,
                      struct fail *f)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < count; i++) {
        if (list[i].reply_to && !list[i].deleted_ms)
            e = fill_quote(db, a, &list[i], f);
        if (!e && list[i].thread_root)
            e = message_fill_thread(db, &list[i], f);
        if (!e && list[i].reaction_kinds)
            e = message_fill_reactions(db, a, &list[i], f);
        if (!e && list[i].attachment_rows)
            e = fill_attachments(db, a, &list[i], f);
        if (!e && list[i].mention_rows)
            e = message_fill_mentions(db, a, &list[i], f);
    }
    return e;
}

static enum err load_one(struct db *db, struct query *q, struct arena *a, struct message *out,
                         struct fail *f)
{
    bool found = query_row(q);
    enum err e;

    *out = (struct message){0};
    if (found) {
        message_from_row(q, 0, a, out);
        out->room_slug = query_text(q, MESSAGE_COLUMN_COUNT, a);
    }
    e = query_end(q, f);
    if (e || !found)
        return e ? e : ERR_NOT_FOUND;
    return message_fill(db, a, out, 1, f);
}

enum err message_by_id(struct db *db, struct arena *a, int64_t id, struct message *out,
                       struct fail *f)
{
    struct query q = query_begin(db, &by_id);

    query_bind_i64(&q, 1, id);
    return load_one(db, &q, a, out, f);
}

enum err message_seen_by_id(struct db *db, struct arena *a, int64_t id, int64_t reader_id,
                            struct message *out, struct fail *f)
{
    struct query q = query_begin(db, &seen_by_id);

    query_bind_i64(&q, 1, reader_id);
    query_bind_i64(&q, 2, id);
    return load_one(db, &q, a, out, f);
}

enum err message_by_client_id(struct db *db, struct arena *a, int64_t user_id,
                              const char *client_id, struct message *out, struct fail *f)
{
    struct query q = query_begin(db, &by_client_id);

    query_bind_i64(&q, 1, user_id);
    query_bind_text(&q, 2, client_id);
    return load_one(db, &q, a, out, f);
}

static void reverse(struct message *list, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct message m = list[i];

        list[i] = list[count - 1 - i];
        list[count - 1 - i] = m;
    }
}

/* `of`: the room's id or the thread's root. */
static struct query begin_page(struct db *db, const struct sql *older, const struct sql *newer,
                               int64_t of, int64_t reader, int64_t before, int64_t after,
                               size_t max)
{
    bool forward = after >= 0;
    struct query q = query_begin(db, forward ? newer : older);

    query_bind_i64(&q, 1, of);
    query_bind_i64(&q, 2, forward ? after : before > 0 ? before : INT64_MAX);
    query_bind_i64(&q, 3, (int64_t)max + 1);
    query_bind_i64(&q, 4, reader);
    return q;
}

static enum err end_page(struct db *db, struct query *q, struct arena *a, bool forward,
                         struct message *out, size_t max, size_t *count, bool *more, struct fail *f)
{
    enum err e;

    *count = 0;
    *more = false;
    while (query_row(q)) {
        *more = *count == max;
        if (*more)
            break;
        message_from_row(q, 0, a, &out[(*count)++]);
    }
    if (!forward)
        reverse(out, *count);
    e = query_end(q, f);
    return e ? e : message_fill(db, a, out, *count, f);
}

enum err message_list(struct db *db, struct arena *a, int64_t room_id, int64_t reader,
                      int64_t before, int64_t after, struct message *out, size_t max, size_t *count,
                      bool *more, struct fail *f)
{
    struct query q = begin_page(db, &list_before, &list_after, room_id, reader, before, after, max);

    return end_page(db, &q, a, after >= 0, out, max, count, more, f);
}

enum err message_list_thread(struct db *db, struct arena *a, int64_t root, int64_t reader,
                             int64_t before, int64_t after, struct message *out, size_t max,
                             size_t *count, bool *more, struct fail *f)
{
    struct query q =
        begin_page(db, &thread_before, &thread_after, root, reader, before, after, max);

    return end_page(db, &q, a, after >= 0, out, max, count, more, f);
}

enum err message_last_by_user(struct db *db, int64_t room_id, int64_t user_id, int64_t *created_ms,
                              struct fail *f)
{
    struct query q = query_begin(db, &last_by_user);

    *created_ms = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    if (query_row(&q))
        *created_ms = query_i64(&q, 0);
    return query_end(&q, f);
}

enum err message_insert(struct db *db, const struct message *m, struct fail *f)
{
    struct query q = query_begin(db, &insert);

    query_bind_i64(&q, 1, m->id);
    query_bind_i64(&q, 2, m->room_id);
    query_bind_i64(&q, 3, m->seq);
    query_bind_i64(&q, 4, m->user_id);
    query_bind_text(&q, 5, m->author_name);
    query_bind_text(&q, 6, m->body);
    query_bind_text(&q, 7, m->html);
    query_bind_text(&q, 8, m->sentiment);
    query_bind_text(&q, 9, m->disclosure);
    query_bind_text(&q, 10, m->via);
    query_bind_text(&q, 11, m->client_id);
    query_bind_i64(&q, 12, m->reply_to);
    query_bind_i64(&q, 13, m->created_ms);
    query_bind_i64(&q, 14, m->rev > 0 ? m->rev : 1);
    query_bind_i64(&q, 15, m->edited_ms);
    query_bind_i64(&q, 16, m->deleted_ms);
    query_bind_i64(&q, 17, m->deleted_by);
    query_bind_blob(&q, 18, m->salt, MESSAGE_SALT);
    query_bind_i64(&q, 19, m->thread_root);
    query_bind_i64(&q, 20, m->attachment_rows);
    query_bind_i64(&q, 21, m->mention_rows);
    query_bind_i64(&q, 22, m->picture_rows);
    query_bind_text(&q, 23, m->file_names);
    return query_run(&q, f);
}

enum err message_edit(struct db *db, const struct message *m, struct fail *f)
{
    struct query q = query_begin(db, &edit);

    query_bind_i64(&q, 1, m->id);
    query_bind_text(&q, 2, m->body);
    query_bind_text(&q, 3, m->html);
    query_bind_blob(&q, 4, m->salt, MESSAGE_SALT);
    query_bind_i64(&q, 5, m->rev);
    query_bind_i64(&q, 6, m->edited_ms);
    query_bind_i64(&q, 7, m->mention_rows);
    search_is_stale(db);
    return query_run(&q, f);
}

enum err message_delete(struct db *db, int64_t id, int64_t deleted_ms, int64_t deleted_by,
                        struct fail *f)
{
    struct query q = query_begin(db, &delete);

    query_bind_i64(&q, 1, id);
    query_bind_i64(&q, 2, deleted_ms);
    query_bind_i64(&q, 3, deleted_by);
    search_is_stale(db);
    return query_run(&q, f);
}

enum err message_count_reply(struct db *db, int64_t root, int by, struct fail *f)
{
    struct query q = query_begin(db, &count_reply);

    query_bind_i64(&q, 1, root);
    query_bind_i64(&q, 2, by);
    return query_run(&q, f);
}
