/* Who is there: one row per connection or polling tab. */
#include "db/handle.h"
#include "db/state.h"
#include "db/statements.h"

/* ?1: this boot, ?2: now. The row of a sidecar ends with the sidecar's lease, whatever it says. */
#define IS_LIVING                                                                                  \
    "(boot = ?1 AND expires_ms > ?2 AND (instance IN ('poll', 'gone') OR instance IN"              \
    " (SELECT instance FROM presence_lease WHERE boot = ?1 AND expires_ms > ?2)))"

/* A row that was let go and has not expired yet stays as it is. */
static const struct sql put = {
    "presence.put",
    "INSERT INTO presence (connection, instance, boot, user_id, username, room_id, state,"
    " expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    " ON CONFLICT (connection) DO UPDATE SET instance = excluded.instance, boot = excluded.boot,"
    " user_id = excluded.user_id, username = excluded.username, room_id = excluded.room_id,"
    " state = excluded.state, expires_ms = excluded.expires_ms"
    " WHERE presence.instance <> 'gone' OR presence.boot <> ?3 OR presence.expires_ms <= ?9",
    DB_STATE, NULL};
static const struct sql renew = {
    "presence.renew",
    "INSERT INTO presence (connection, instance, boot, user_id, username, room_id, state,"
    " expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    " ON CONFLICT (connection) DO UPDATE SET instance = excluded.instance, boot = excluded.boot,"
    " username = excluded.username, expires_ms = excluded.expires_ms"
    " WHERE presence.instance <> 'gone' OR presence.boot <> ?3 OR presence.expires_ms <= ?9",
    DB_STATE, NULL};
static const struct sql shorten = {
    "presence.shorten",
    "UPDATE presence SET expires_ms = ?3"
    " WHERE connection = ?1 AND user_id = ?2 AND instance <> 'gone' AND expires_ms > ?3",
    DB_STATE, NULL};
static const struct sql expire = {
    "presence.expire",
    "UPDATE presence SET expires_ms = ?3, instance = 'gone' WHERE connection = ?1 AND user_id = ?2",
    DB_STATE, NULL};
static const struct sql is_known = {"presence.is_known",
                                    "SELECT 1 FROM presence WHERE connection = ?1", DB_STATE, NULL};
static const struct sql retire = {
    "presence.retire",
    "UPDATE presence SET expires_ms = ?2"
    " WHERE instance <> ?1 AND instance <> 'poll' AND expires_ms > ?2",
    DB_STATE, "once at a sidecar's start; one row per connection"};
static const struct sql leave_room = {
    "presence.leave_room", "UPDATE presence SET room_id = 0 WHERE user_id = ?1 AND room_id = ?2",
    DB_STATE, "once for each person that leaves a room; one row per connection"};
static const struct sql list = {
    "presence.list",
    "SELECT connection, instance, username, state, user_id, room_id, expires_ms FROM presence"
    " WHERE " IS_LIVING " AND state <> 'invisible'"
    " ORDER BY user_id, room_id, connection LIMIT ?3",
    DB_STATE, "every live row is wanted, and nearly all rows are live"};
static const struct sql any_expired = {"presence.any_expired",
                                       "SELECT 1 FROM presence WHERE NOT " IS_LIVING " LIMIT 1",
                                       DB_STATE, "an index would cost every heartbeat a write"};
static const struct sql sweep = {"presence.sweep", "DELETE FROM presence WHERE NOT " IS_LIVING,
                                 DB_STATE, "an index would cost every heartbeat a write"};
static const struct sql lease = {
    "presence.lease",
    "INSERT INTO presence_lease (instance, boot, expires_ms) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (instance) DO UPDATE SET boot = excluded.boot, expires_ms = excluded.expires_ms",
    DB_STATE, NULL};
static const struct sql next_lease = {
    "presence.next_lease",
    "SELECT min(expires_ms) FROM presence_lease WHERE boot = ?1 AND expires_ms > ?2", DB_STATE,
    NULL};
static const struct sql sweep_leases = {
    "presence.sweep_leases", "DELETE FROM presence_lease WHERE boot <> ?1 OR expires_ms <= ?2",
    DB_STATE, "one row per sidecar"};

const struct sql *const presence_statements[] = {
    &put,         &renew, &shorten, &expire,     &is_known,     &retire,     &list,
    &any_expired, &sweep, &lease,   &next_lease, &sweep_leases, &leave_room, NULL,
};

static enum err run_put(struct db *state, const struct sql *sql, const char *boot, int64_t now_ms,
                        const struct presence *p, struct fail *f)
{
    struct query q = query_begin(state, sql);

    query_bind_text(&q, 1, p->connection);
    query_bind_text(&q, 2, p->instance);
    query_bind_text(&q, 3, boot);
    query_bind_i64(&q, 4, p->user_id);
    query_bind_text(&q, 5, p->username);
    query_bind_i64(&q, 6, p->room_id);
    query_bind_text(&q, 7, p->state);
    query_bind_i64(&q, 8, p->expires_ms);
    query_bind_i64(&q, 9, now_ms);
    return query_run(&q, f);
}

enum err presence_put(struct db *state, const char *boot, int64_t now_ms, const struct presence *p,
                      struct fail *f)
{
    bool own;
    enum err e = db_begin_own(state, &own, f);

    return e ? e : db_finish_own(state, own, run_put(state, &put, boot, now_ms, p, f), f);
}

enum err presence_renew(struct db *state, const char *boot, int64_t now_ms,
                        const struct presence *p, struct fail *f)
{
    bool own;
    enum err e = db_begin_own(state, &own, f);

    return e ? e : db_finish_own(state, own, run_put(state, &renew, boot, now_ms, p, f), f);
}

enum err presence_is_known(struct db *state, const char *connection, bool *out, struct fail *f)
{
    struct query q = query_begin(state, &is_known);

    query_bind_text(&q, 1, connection);
    *out = query_row(&q);
    return query_end(&q, f);
}

static enum err run_expire(struct db *state, const struct sql *sql, const char *connection,
                           int64_t user_id, int64_t expires_ms, struct fail *f)
{
    struct query q = query_begin(state, sql);

    query_bind_text(&q, 1, connection);
    query_bind_i64(&q, 2, user_id);
    query_bind_i64(&q, 3, expires_ms);
    return query_run(&q, f);
}

enum err presence_expire(struct db *state, const char *connection, int64_t user_id,
                         int64_t expires_ms, struct fail *f)
{
    bool own;
    enum err e = db_begin_own(state, &own, f);

    return e ? e
             : db_finish_own(state, own,
                             run_expire(state, &expire, connection, user_id, expires_ms, f), f);
}

enum err presence_leave_room(struct db *state, int64_t user_id, int64_t room_id, struct fail *f)
{
    struct query q;
    bool own;
    enum err e = db_begin_own(state, &own, f);

    if (e)
        return e;
    q = query_begin(state, &leave_room);
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    return db_finish_own(state, own, query_run(&q, f), f);
}

enum err presence_shorten(struct db *state, const char *connection, int64_t user_id,
                          int64_t expires_ms, struct fail *f)
{
    bool own;
    enum err e = db_begin_own(state, &own, f);

    return e ? e
             : db_finish_own(state, own,
                             run_expire(state, &shorten, connection, user_id, expires_ms, f), f);
}

static enum err run_retire(struct db *state, const char *instance, int64_t expires_ms,
                           struct fail *f)
{
    struct query q = query_begin(state, &retire);

    query_bind_text(&q, 1, instance);
    query_bind_i64(&q, 2, expires_ms);
    return query_run(&q, f);
}

enum err presence_retire(struct db *state, const char *instance, int64_t expires_ms, struct fail *f)
{
    bool own;
    enum err e = db_begin_own(state, &own, f);

    return e ? e : db_finish_own(state, own, run_retire(state, instance, expires_ms, f), f);
}

/* When the first of the leases ends; INT64_MAX: there is none. */
static enum err first_lease(struct db *state, const char *boot, int64_t now_ms, int64_t *out,
                            struct fail *f)
{
    struct query q = query_begin(state, &next_lease);

    *out = INT64_MAX;
    query_bind_text(&q, 1, boot);
    query_bind_i64(&q, 2, now_ms);
    if (query_row(&q) && query_i64(&q, 0))
        *out = query_i64(&q, 0);
    return query_end(&q, f);
}

enum err presence_list(struct db *state, struct arena *a, const char *boot, int64_t now_ms,
                       struct presence *out, size_t max, size_t *count, int64_t *next_expiry,
                       struct fail *f)
{
    enum err e = first_lease(state, boot, now_ms, next_expiry, f);
    struct query q;

    *count = 0;
    if (e)
        return e;
    q = query_begin(state, &list);
    query_bind_text(&q, 1, boot);
    query_bind_i64(&q, 2, now_ms);
    query_bind_i64(&q, 3, (int64_t)max);
    while (*count < max && query_row(&q)) {
        struct presence *p = &out[(*count)++];

        *p = (struct presence){
            .connection = query_text(&q, 0, a),
            .instance = query_text(&q, 1, a),
            .username = query_text(&q, 2, a),
            .state = query_text(&q, 3, a),
            .user_id = query_i64(&q, 4),
            .room_id = query_i64(&q, 5),
            .expires_ms = query_i64(&q, 6),
        };
        if (p->expires_ms < *next_expiry)
            *next_expiry = p->expires_ms;
    }
    return query_end(&q, f);
}

static enum err run_on_expired(struct db *state, const struct sql *sql, const char *boot,
                               int64_t now_ms, bool *any, struct fail *f)
{
    struct query q = query_begin(state, sql);

    query_bind_text(&q, 1, boot);
    query_bind_i64(&q, 2, now_ms);
    *any = query_row(&q);
    return query_end(&q, f);
}

static enum err run_sweep(struct db *state, const char *boot, int64_t now_ms, struct fail *f)
{
    bool any;
    enum err e = run_on_expired(state, &sweep, boot, now_ms, &any, f);

    return e ? e : run_on_expired(state, &sweep_leases, boot, now_ms, &any, f);
}

/* Looks before it takes the write lock: mostly there is nothing to do. */
enum err presence_sweep(struct db *state, const char *boot, int64_t now_ms, struct fail *f)
{
    bool own, any = false;
    enum err e = run_on_expired(state, &any_expired, boot, now_ms, &any, f);

    if (e || !any)
        return e;
    e = db_begin_own(state, &own, f);
    return e ? e : db_finish_own(state, own, run_sweep(state, boot, now_ms, f), f);
}

static enum err run_lease(struct db *state, const char *boot, const char *instance,
                          int64_t expires_ms, struct fail *f)
{
    struct query q = query_begin(state, &lease);

    query_bind_text(&q, 1, instance);
    query_bind_text(&q, 2, boot);
    query_bind_i64(&q, 3, expires_ms);
    return query_run(&q, f);
}

enum err presence_lease(struct db *state, const char *boot, const char *instance,
                        int64_t expires_ms, struct fail *f)
{
    bool own;
    enum err e = db_begin_own(state, &own, f);

    return e ? e : db_finish_own(state, own, run_lease(state, boot, instance, expires_ms, f), f);
}
