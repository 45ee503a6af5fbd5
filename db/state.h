/*
 * state.db: presence, rate buckets, one-use tickets. Each function is one short write transaction
 * of its own unless the caller already opened one on this db. `boot` is the kernel's boot id,
 * now_ms boot time; rows of another boot count as expired.
 */
#ifndef DB_STATE_H
#define DB_STATE_H

#include "db/db.h"

struct presence {
    const char *connection, *instance, *username, *state; /* state: active, idle, invisible */
    int64_t user_id, room_id, expires_ms;
};

/* expires_ms of a row that has no end of its own. */
#define PRESENCE_LEASED INT64_MAX

/* The rows of a sidecar, known by their instance, are there for as long as its lease is: one row to
 * renew for all its connections. Those of the instances "poll" and "gone" need none. */
MUST_CHECK enum err presence_lease(struct db *state, const char *boot, const char *instance,
                                   int64_t expires_ms, struct fail *f);
/* Inserts or replaces by connection. One that was let go stays gone until it has expired: a poll
 * that was under way when its page closed must not bring it back. */
MUST_CHECK enum err presence_put(struct db *state, const char *boot, int64_t now_ms,
                                 const struct presence *p, struct fail *f);
/* The same, but a row that is there keeps its room and state. */
MUST_CHECK enum err presence_renew(struct db *state, const char *boot, int64_t now_ms,
                                   const struct presence *p, struct fail *f);
MUST_CHECK enum err presence_is_known(struct db *state, const char *connection, bool *out,
                                      struct fail *f);
/* Lets a connection go: it expires at `expires_ms` (a closed page: now + grace). Unknown ones: OK.
 * Only the owner's row is touched: user_id must match. */
MUST_CHECK enum err presence_expire(struct db *state, const char *connection, int64_t user_id,
                                    int64_t expires_ms, struct fail *f);
/* The same, but until it has expired it may be put again: its page may only change its way. */
MUST_CHECK enum err presence_shorten(struct db *state, const char *connection, int64_t user_id,
                                     int64_t expires_ms, struct fail *f);
/* Rows of sidecar instances other than `instance` (not of polls) expire at `expires_ms` at the
 * latest: a sidecar that starts calls it. */
MUST_CHECK enum err presence_retire(struct db *state, const char *instance, int64_t expires_ms,
                                    struct fail *f);
/* The user is not in that room any more: their rows look at none. */
MUST_CHECK enum err presence_leave_room(struct db *state, int64_t user_id, int64_t room_id,
                                        struct fail *f);
/* Live rows, by user id then room. Invisible ones are left out. *next_expiry: when the list may
 * change without a write (INT64_MAX: never). */
MUST_CHECK enum err presence_list(struct db *state, struct arena *a, const char *boot,
                                  int64_t now_ms, struct presence *out, size_t max, size_t *count,
                                  int64_t *next_expiry, struct fail *f);
MUST_CHECK enum err presence_sweep(struct db *state, const char *boot, int64_t now_ms,
                                   struct fail *f); /* deletes expired rows and leases */

/* A token bucket: `cost` tokens of `burst`, refilled at `per_minute`. */
struct bucket {
    const char *key;
    int64_t cost, burst, per_minute;
    int64_t full_us; /* bucket_take()'s own */
    struct bucket_row *row;
};
/* From all of them, or from none: ERR_RATE_LIMITED with *retry_after_ms. A bucket of another boot
 * is full. */
MUST_CHECK enum err bucket_take(struct db *state, const char *boot, int64_t now_ms,
                                struct bucket *buckets, size_t count, int64_t *retry_after_ms,
                                struct fail *f);

/* A ticket for one socket: `hash` is the SHA-256 of what the client holds. */
MUST_CHECK enum err ticket_insert(struct db *state, const char *boot, const char *hash,
                                  int64_t user_id, int64_t exp_s, int64_t expires_ms,
                                  struct fail *f);
/* Takes it away: a second call finds nothing. ERR_TOKEN_INVALID where unknown or expired. */
MUST_CHECK enum err ticket_take(struct db *state, const char *boot, int64_t now_ms,
                                const char *hash, int64_t *user_id, int64_t *exp_s, struct fail *f);

#endif
