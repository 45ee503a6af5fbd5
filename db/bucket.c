/*
 * Token buckets, each kept as one number: when it will be full again. Taking a token moves that
 * time on by what the token takes to come back; a time further off than a whole bucket takes is
 * refused. So refilling costs nothing, and a row whose time has passed says nothing and may go.
 *
 * A write transaction reads a row once and writes it once, at its commit, however often tokens are
 * taken: those who post together, or one after the other, share rows.
 */
#include "db/handle.h"
#include "db/state.h"
#include "db/statements.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { US_PER_MS = 1000, US_PER_MINUTE = 60000000, HELD_MAX = 32, KEY_MAX = 96 };

/* What the transaction under way knows of a row; nobody else can write it meanwhile. */
struct bucket_row {
    char key[KEY_MAX];
    int64_t full_us;
    bool is_new, changed;
};

struct bucket_rows {
    char boot[37]; /* theirs: a transaction is of one boot */
    int64_t now_us;
    size_t count;
    struct bucket_row rows[HELD_MAX];
};

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

enum err buckets_store(struct db *state, struct fail *f)
{
    struct bucket_rows *held = state->buckets;
    enum err e = OK;

    for (size_t i = 0; held && !e && i < held->count; i++) {
        struct bucket_row *row = &held->rows[i];

        if (!row->changed)
            continue;
        if (row->is_new)
            e = run_forget(state, held->now_us, f);
        if (!e)
            e = run_store(state, held->boot, row->key, row->full_us, f);
    }
    buckets_forget(state);
    return e;
}

void buckets_forget(struct db *state)
{
    if (state->buckets)
        state->buckets->count = 0;
}

void buckets_release(struct db *state)
{
    free(state->buckets);
    state->buckets = NULL;
}

/* Room for so many more rows. */
static enum err prepare(struct db *state, const char *boot, int64_t now_us, size_t count,
                        struct fail *f)
{
    enum err e = OK;

    assert(count <= HELD_MAX);
    if (!state->buckets)
        state->buckets = xcalloc(1, sizeof *state->buckets);
    if (state->buckets->count + count > HELD_MAX || strcmp(state->buckets->boot, boot) != 0)
        e = buckets_store(state, f);
    snprintf(state->buckets->boot, sizeof state->buckets->boot, "%s", boot);
    state->buckets->now_us = now_us;
    return e;
}

static enum err find_row(struct db *state, const char *key, struct bucket_row **out, struct fail *f)
{
    struct bucket_rows *held = state->buckets;
    struct bucket_row *row = held->rows, *end = row + held->count;
    enum err e;

    while (row < end && strcmp(row->key, key) != 0)
        row++;
    *out = row;
    if (row < end)
        return OK;
    *row = (struct bucket_row){.changed = false};
    snprintf(row->key, sizeof row->key, "%s", key);
    e = run_load(state, held->boot, key, &row->full_us, f);
    row->is_new = !row->full_us;
    held->count += !e;
    return e;
}

static int64_t token_us(const struct bucket *b)
{
    int64_t us = b->per_minute > 0 ? US_PER_MINUTE / b->per_minute : US_PER_MINUTE;

    return us < 1 ? 1 : us;
}

/* Changes nothing. What is missing in the meantime takes `wait_us` to come back. */
static enum err judge(struct db *state, int64_t now_us, struct bucket *b, int64_t *wait_us,
                      struct fail *f)
{
    int64_t whole_us = b->burst * token_us(b);
    enum err e = find_row(state, b->key, &b->row, f);

    if (e)
        return e;
    b->full_us = b->row->full_us;
    if (b->full_us < now_us)
        b->full_us = now_us;
    if (b->full_us > now_us + whole_us) /* the limit was larger when it was stored */
        b->full_us = now_us + whole_us;
    b->full_us += b->cost * token_us(b);
    *wait_us = b->full_us - now_us - whole_us;
    return OK;
}

static enum err judge_all(struct db *state, int64_t now_us, struct bucket *buckets, size_t count,
                          int64_t *retry_after_ms, struct fail *f)
{
    for (size_t i = 0; i < count; i++) {
        int64_t wait_us;
        enum err e = judge(state, now_us, &buckets[i], &wait_us, f);

        if (e)
            return e;
        if (wait_us > 0) {
            *retry_after_ms = (wait_us + US_PER_MS - 1) / US_PER_MS;
            return fail_later(f, ERR_RATE_LIMITED, *retry_after_ms, NULL);
        }
    }
    return OK;
}

static void take_all(const struct bucket *buckets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buckets[i].row->full_us = buckets[i].full_us;
        buckets[i].row->changed = true;
    }
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
    e = prepare(state, boot, now_us, count, f);
    if (!e)
        e = judge_all(state, now_us, buckets, count, retry_after_ms, f);
    if (!e)
        take_all(buckets, count);
    return db_finish_own(state, own, e, f);
}
