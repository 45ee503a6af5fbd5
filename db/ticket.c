/* One-use tickets for sockets. */
#include "db/handle.h"
#include "db/state.h"
#include "db/statements.h"

/* Longer than any ticket lives. */
enum { SURELY_EXPIRED_MS = 600000 };

static const struct sql insert = {
    "ticket.insert",
    "INSERT INTO ws_ticket (hash, boot, user_id, exp_s, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    DB_STATE, NULL};
/* Tickets that nobody used: each new one may push out two. */
static const struct sql forget = {"ticket.forget",
                                  "DELETE FROM ws_ticket WHERE hash IN"
                                  " (SELECT hash FROM ws_ticket WHERE expires_ms < ?1 LIMIT 2)",
                                  DB_STATE, NULL};
static const struct sql take = {
    "ticket.take",
    "DELETE FROM ws_ticket WHERE hash = ?1 RETURNING boot = ?2 AND expires_ms > ?3, user_id, exp_s",
    DB_STATE, NULL};

const struct sql *const ticket_statements[] = {&insert, &forget, &take, NULL};

static enum err run_insert(struct db *state, const char *boot, const char *hash, int64_t user_id,
                           int64_t exp_s, int64_t expires_ms, struct fail *f)
{
    struct query q = query_begin(state, &forget);
    enum err e;

    query_bind_i64(&q, 1, expires_ms - SURELY_EXPIRED_MS);
    e = query_run(&q, f);
    if (e)
        return e;
    q = query_begin(state, &insert);
    query_bind_text(&q, 1, hash);
    query_bind_text(&q, 2, boot);
    query_bind_i64(&q, 3, user_id);
    query_bind_i64(&q, 4, exp_s);
    query_bind_i64(&q, 5, expires_ms);
    return query_run(&q, f);
}

enum err ticket_insert(struct db *state, const char *boot, const char *hash, int64_t user_id,
                       int64_t exp_s, int64_t expires_ms, struct fail *f)
{
    bool own;
    enum err e = db_begin_own(state, &own, f);

    if (e)
        return e;
    e = run_insert(state, boot, hash, user_id, exp_s, expires_ms, f);
    return db_finish_own(state, own, e, f);
}

/* *good: it was there and still holds. An expired one goes all the same. */
static enum err run_take(struct db *state, const char *boot, int64_t now_ms, const char *hash,
                         int64_t *user_id, int64_t *exp_s, bool *good, struct fail *f)
{
    struct query q = query_begin(state, &take);

    query_bind_text(&q, 1, hash);
    query_bind_text(&q, 2, boot);
    query_bind_i64(&q, 3, now_ms);
    *good = query_row(&q) && query_i64(&q, 0);
    if (*good) {
        *user_id = query_i64(&q, 1);
        *exp_s = query_i64(&q, 2);
    }
    return query_run(&q, f);
}

enum err ticket_take(struct db *state, const char *boot, int64_t now_ms, const char *hash,
                     int64_t *user_id, int64_t *exp_s, struct fail *f)
{
    bool own, good = false;
    enum err e = db_begin_own(state, &own, f);

    *user_id = *exp_s = 0;
    if (e)
        return e;
    e = run_take(state, boot, now_ms, hash, user_id, exp_s, &good, f);
    e = db_finish_own(state, own, e, f);
    if (e)
        return e;
    return good ? OK : fail(f, ERR_TOKEN_INVALID, "The ticket is not known or has expired.");
}
