/*
 * Token buckets, each kept as one number: when it will be full again. Taking a token moves that
 * time on by what the token takes to come back; a time further off than a whole bucket takes is
 * refused. So refilling costs nothing, and a row whose time has passed says nothing and may go.
 */
#include "db/handle.h"
#include "db/state.h"
#include "db/statements.h"

enum { US_PER_MS = 1000, US_PER_MINUTE = 60000000 };

static const struct sql load = {
    "bucket.load", "SELECT full_us FROM bucket WHERE key = ?1 AND boot = ?2", DB_STATE, NULL};
static const struct sql store = {
    "bucket.store",
    "INSERT INTO bucket (key, boot, full_us) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (key) DO UPDATE SET boot = excluded.boot, full_us = excluded.full_us",
    DB_STATE, NULL};
/* Each new row may push out two old ones, so the table stays as small as its live part. */
static const struct sql forget = {
    "bucket.forget",
    "DELETE FROM bucket WHERE key IN (SELECT key FROM bucket WHERE full_us < ?1 LIMIT 2)", DB_STATE,
    NULL};

const struct sql *const bucket_statements[] = {&load, &store, &forget, NULL};

/* 0: there is none of this boot. */
static enum err run_load(struct db *state, const char *boot, const char *key, int64_t *full_us,
                         struct fail *f)
{
    struct query q = query_begin(state, &load);

    query_bind_text(&q, 1, key);
    query_bind_text(&q, 2, boot);
    *full_us = 0;
    if (query_row(&q))
        *full_us = query_i64(&q, 0);
    return query_end(&q, f);
}

static enum err run_forget(struct db *state, int64_t now_us, struct fail *f)
{
    struct query q = query_begin(state, &forget);

    query_bind_i64(&q, 1, now_us);
    return query_run(&q, f);
}

static enum err run_store(struct db *state, const char *boot, const char *key, int64_t full_us,
                          struct fail *f)
{
    struct query q = query_begin(state, &store);

    query_bind_text(&q, 1, key);
    query_bind_text(&q, 2, boot);
    query_bind_i64(&q, 3, full_us);
    return query_run(&q, f);
}

static int64_t token_us(const struct bucket *b)
{
    int64_t us = b->per_minute > 0 ? US_PER_MINUTE / b->per_minute : US_PER_MINUTE;

    return us < 1 ? 1 : us;
}

/* Writes nothing. What is missing in the meantime takes `wait_us` to come back. */
static enum err judge(struct db *state, const char *boot, int64_t now_us, struct bucket *b,
                      int64_t *wait_us, struct fail *f)
{
    int64_t whole_us = b->burst * token_us(b);
    enum err e = run_load(state, boot, b->key, &b->full_us, f);

    b->is_new = !b->full_us;
    if (b->full_us < now_us)
        b->full_us = now_us;
    if (b->full_us > now_us + whole_us) /* the limit was larger when it was stored */
        b->full_us = now_us + whole_us;
    b->full_us += b->cost * token_us(b);
    *wait_us = b->full_us - now_us - whole_us;
    return e;
}

static enum err judge_all(struct db *state, const char *boot, int64_t now_us,
                          struct bucket *buckets, size_t count, int64_t *retry_after_ms,
                          struct fail *f)
{
    for (size_t i = 0; i < count; i++) {
        int64_t wait_us;
        enum err e = judge(state, boot, now_us, &buckets[i], &wait_us, f);

        if (e)
            return e;
        if (wait_us > 0) {
            *retry_after_ms = (wait_us + US_PER_MS - 1) / US_PER_MS;
            return fail_later(f, ERR_RATE_LIMITED, *retry_after_ms, NULL);
        }
    }
    return OK;
}

static enum err store_all(struct db *state, const char *boot, int64_t now_us,
                          const struct bucket *buckets, size_t count, struct fail *f)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < count; i++) {
        if (buckets[i].is_new)
            e = run_forget(state, now_us, f);
        if (!e)
            e = run_store(state, boot, buckets[i].key, buckets[i].full_us, f);
    }
    return e;
}

enum err bucket_take(struct db *state, const char *boot, int64_t now_ms, struct bucket *buckets,
                     size_t count, int64_t *retry_after_ms, struct fail *f)
{
    int64_t now_us = now_ms * US_PER_MS;
    bool own;
    enum err e = db_begin_own(state, &own, f);

    *retry_after_ms = 0;
    if (e)
        return e;
    e = judge_all(state, boot, now_us, buckets, count, retry_after_ms, f);
    if (!e)
        e = store_all(state, boot, now_us, buckets, count, f);
    return db_finish_own(state, own, e, f);
}
