#include "db/typing.h"
#include "db/handle.h"
#include "db/statements.h"

#include <stdio.h>

static const struct sql put = {
    "typing.put",
    "INSERT INTO typing (room_id, user_id, username, boot, posted, expires_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room_id, user_id) DO UPDATE SET"
    " username = excluded.username, boot = excluded.boot, posted = excluded.posted,"
    " expires_ms = excluded.expires_ms",
    DB_STATE, NULL};
static const struct sql drop = {
    "typing.drop", "DELETE FROM typing WHERE room_id = ?1 AND user_id = ?2", DB_STATE, NULL};
static const struct sql sweep = {"typing.sweep",
                                 "DELETE FROM typing WHERE boot <> ?1 OR expires_ms <= ?2",
                                 DB_STATE, "one row for each who typed in the last seconds"};
static const struct sql list = {
    "typing.list",
    "SELECT room_id, user_id, username, posted, expires_ms FROM typing"
    " WHERE room_id = ?3 AND boot = ?1 AND expires_ms > ?2 ORDER BY user_id LIMIT ?4",
    DB_STATE, NULL};
static const struct sql list_all = {
    "typing.list_all",
    "SELECT room_id, user_id, username, posted, expires_ms FROM typing"
    " WHERE room_id > ?3 AND boot = ?1 AND expires_ms > ?2 ORDER BY room_id, user_id LIMIT ?4",
    DB_STATE, NULL};

const struct sql *const typing_statements[] = {&put, &drop, &sweep, &list, &list_all, NULL};

static enum err run_sweep(struct db *state, const char *boot, int64_t now_ms, struct fail *f)
{
    struct query q = query_begin(state, &sweep);

    query_bind_text(&q, 1, boot);
    query_bind_i64(&q, 2, now_ms);
    return query_run(&q, f);
}

static enum err run_put(struct db *state, const char *boot, const struct typist *t, struct fail *f)
{
    struct query q = query_begin(state, &put);

    query_bind_i64(&q, 1, t->room_id);
    query_bind_i64(&q, 2, t->user_id);
    query_bind_text(&q, 3, t->username);
    query_bind_text(&q, 4, boot);
    query_bind_i64(&q, 5, t->posted);
    query_bind_i64(&q, 6, t->expires_ms);
    return query_run(&q, f);
}

enum err typing_put(struct db *state, const char *boot, int64_t now_ms, const struct typist *t,
                    struct fail *f)
{
    bool own;
    enum err e = db_begin_own(state, &own, f);

    if (e)
        return e;
    e = run_sweep(state, boot, now_ms, f);
    if (!e)
        e = run_put(state, boot, t, f);
    return db_finish_own(state, own, e, f);
}

enum err typing_drop(struct db *state, int64_t room_id, int64_t user_id, struct fail *f)
{
    struct query q;
    bool own;
    enum err e = db_begin_own(state, &own, f);

    if (e)
        return e;
    q = query_begin(state, &drop);
    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, user_id);
    return db_finish_own(state, own, query_run(&q, f), f);
}

enum err typing_list(struct db *state, const char *boot, int64_t now_ms, int64_t room_id,
                     struct typist *out, size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(state, room_id ? &list : &list_all);

    *count = 0;
    query_bind_text(&q, 1, boot);
    query_bind_i64(&q, 2, now_ms);
    query_bind_i64(&q, 3, room_id);
    query_bind_i64(&q, 4, (int64_t)max);
    while (*count < max && query_row(&q)) {
        struct typist *t = &out[(*count)++];
        size_t len;
        const void *name = query_blob(&q, 2, &len);

        *t = (struct typist){
            .room_id = query_i64(&q, 0),
            .user_id = query_i64(&q, 1),
            .posted = query_i64(&q, 3) != 0,
            .expires_ms = query_i64(&q, 4),
        };
        snprintf(t->username, sizeof t->username, "%.*s", (int)len, name ? (const char *)name : "");
    }
    return query_end(&q, f);
}
