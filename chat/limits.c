#include "chat/limits.h"

#include "db/state.h"
#include "lib/secure.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 96 };

struct bucket {
    char key[KEY_MAX];
    int64_t burst, per_minute;
};

/* Whoever has one IPv6 address has its /64, so that is what is counted. */
static void address_key(char key[KEY_MAX], const char *prefix, const char *address)
{
    unsigned char v6[16];
    char hex[17];

    if (inet_pton(AF_INET6, address, v6) == 1 && !IN6_IS_ADDR_V4MAPPED((struct in6_addr *)v6)) {
        secure_hex(hex, v6, 8);
        snprintf(key, KEY_MAX, "%s:%s/64", prefix, hex);
    } else {
        snprintf(key, KEY_MAX, "%s:%s", prefix, address);
    }
}

static enum err take_each(struct chat *c, const struct bucket *buckets, size_t count,
                          struct fail *f)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < count; i++) {
        const struct bucket *b = &buckets[i];
        int64_t wait_ms = 0;

        e = bucket_take(c->state, c->boot_id, clock_boot_ms(&c->clock), b->key, 1, b->burst,
                        b->per_minute, &wait_ms, f);
        if (e == ERR_RATE_LIMITED)
            fail_later(f, e, wait_ms, "Too much at once. Try again in %lld seconds.",
                       (long long)(wait_ms + 999) / 1000);
    }
    return e;
}

static enum err take_in_savepoint(struct chat *c, const struct bucket *buckets, size_t count,
                                  struct fail *f)
{
    enum err e = db_savepoint(c->state, f);

    if (e)
        return e;
    e = take_each(c, buckets, count, f);
    if (e) {
        db_rollback_savepoint(c->state);
        return e;
    }
    return db_release_savepoint(c->state, f);
}

/* All or none: a refusal by one bucket costs nothing in the others. */
static enum err take(struct chat *c, const struct bucket *buckets, size_t count, struct fail *f)
{
    enum err e;

    if (!c->state)
        return fail(f, ERR_INTERNAL, "There is no state database to count in.");
    if (!count)
        return OK;
    if (db_in_transaction(c->state))
        return take_in_savepoint(c, buckets, count, f);
    e = db_begin_write(c->state, f);
    if (e)
        return e;
    e = take_each(c, buckets, count, f);
    if (e) {
        db_rollback(c->state);
        return e;
    }
    return db_commit(c->state, f);
}

enum err limits_take_message(struct chat *c, const struct actor *who, const char *address,
                             struct fail *f)
{
    struct bucket b[2] = {
        {.burst = c->conf->rate_user_burst, .per_minute = c->conf->rate_user_per_minute},
        {.burst = c->conf->rate_address_burst, .per_minute = c->conf->rate_address_per_minute},
    };

    snprintf(b[0].key, KEY_MAX, "message:user:%lld", (long long)who->user_id);
    if (address)
        address_key(b[1].key, "message:address", address);
    return take(c, b, address ? 2 : 1, f);
}

enum err limits_take_session(struct chat *c, const char *address, struct fail *f)
{
    struct bucket b = {.burst = c->conf->rate_session_burst,
                       .per_minute = c->conf->rate_session_per_minute};

    if (address)
        address_key(b.key, "session:address", address);
    return take(c, &b, address ? 1 : 0, f);
}
