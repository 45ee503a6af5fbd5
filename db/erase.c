#include "db/erase.h"
#include "db/search_index.h"
#include "db/statements.h"

static const struct sql forget_user = {
    "erase.forget_user",
    "UPDATE user SET ext_id = 'x:' || id, username = ?2, name_fold = ?3, named_by_host = 0,"
    " role = 'member', prefs = '{}', tokens_valid_after = ?4 WHERE id = ?1",
    DB_CHAT, NULL};
static const struct sql forget_ignored = {
    "erase.forget_ignored", "DELETE FROM ignored_user WHERE user_id = ?1", DB_CHAT, NULL};
static const struct sql forget_marks = {"erase.forget_marks",
                                        "DELETE FROM room_member WHERE user_id = ?1 AND room_id IN"
                                        " (SELECT id FROM room WHERE kind = 'public')",
                                        DB_CHAT, NULL};
/* Whoever knows their address gets nothing from now on; the bytes go with the next purge. */
static const struct sql forget_files = {"erase.forget_files",
                                        "DELETE FROM attachment WHERE user_id = ?1", DB_CHAT, NULL};
static const struct sql note = {
    "erase.note", "INSERT INTO erasure (user_id, asked_ms) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    DB_CHAT, NULL};
static const struct sql forget_text = {
    "erase.forget_text",
    "UPDATE message SET body = '', html = NULL, disclosure = NULL, sentiment = NULL, salt = x'',"
    " author_name = ?2 WHERE id = ?1",
    DB_CHAT, NULL};
/* A trigger keeps them for as long as their message has a salt. */
static const struct sql forget_revisions = {
    "erase.forget_revisions", "DELETE FROM message_rev WHERE msg_id = ?1", DB_CHAT, NULL};
static const struct sql finish = {
    "erase.finish", "UPDATE erasure SET done_ms = ?2 WHERE user_id = ?1", DB_CHAT, NULL};
static const struct sql open = {
    "erase.open",
    "SELECT user_id FROM erasure WHERE done_ms = 0 AND user_id > ?1 ORDER BY user_id LIMIT 1",
    DB_CHAT, NULL};

const struct sql *const erase_statements[] = {
    &forget_user, &forget_ignored,   &forget_marks, &forget_files, &note,
    &forget_text, &forget_revisions, &finish,       &open,         NULL,
};

static enum err run(struct db *db, const struct sql *sql, int64_t id, struct fail *f)
{
    struct query q = query_begin(db, sql);

    query_bind_i64(&q, 1, id);
    return query_run(&q, f);
}

static enum err run_at(struct db *db, const struct sql *sql, int64_t id, int64_t now_ms,
                       struct fail *f)
{
    struct query q = query_begin(db, sql);

    query_bind_i64(&q, 1, id);
    query_bind_i64(&q, 2, now_ms);
    return query_run(&q, f);
}

enum err erase_user(struct db *db, int64_t user_id, const char *name, const char *fold,
                    int64_t now_ms, struct fail *f)
{
    struct query q = query_begin(db, &forget_user);
    enum err e;

    query_bind_i64(&q, 1, user_id);
    query_bind_text(&q, 2, name);
    query_bind_text(&q, 3, fold);
    query_bind_i64(&q, 4, now_ms);
    e = query_run(&q, f);
    if (!e)
        e = run(db, &forget_ignored, user_id, f);
    if (!e)
        e = run(db, &forget_marks, user_id, f);
    if (!e)
        e = run(db, &forget_files, user_id, f);
    return e ? e : run_at(db, &note, user_id, now_ms, f);
}

enum err erase_message(struct db *db, int64_t msg_id, const char *author_name, struct fail *f)
{
    struct query q = query_begin(db, &forget_text);
    enum err e;

    query_bind_i64(&q, 1, msg_id);
    query_bind_text(&q, 2, author_name);
    search_is_stale(db);
    e = query_run(&q, f);
    return e ? e : run(db, &forget_revisions, msg_id, f);
}

enum err erase_finish(struct db *db, int64_t user_id, int64_t now_ms, struct fail *f)
{
    return run_at(db, &finish, user_id, now_ms, f);
}

enum err erase_open(struct db *db, int64_t after, int64_t *user_id, struct fail *f)
{
    struct query q = query_begin(db, &open);

    *user_id = 0;
    query_bind_i64(&q, 1, after);
    if (query_row(&q))
        *user_id = query_i64(&q, 0);
    return query_end(&q, f);
}
