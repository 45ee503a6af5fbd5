#include "chat/limits.h"

#include "db/state.h"
#include "lib/secure.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 96 };

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

static enum err take(struct chat *c, struct bucket *buckets, size_t count, struct fail *f)
{
    int64_t wait_ms;
    enum err e;

    if (!count)
        return OK;
    e = chat_state(c, f);
    if (!e && !c->state)
        e = fail(f, ERR_INTERNAL, "There is no state database to count in.");
    if (e)
        return e;
    e = bucket_take(c->state, c->boot_id, clock_boot_ms(&c->clock), buckets, count, &wait_ms, f);
    if (e == ERR_RATE_LIMITED)
        fail_later(f, e, wait_ms, "Too much at once. Try again in %lld seconds.",
                   (long long)(wait_ms + 999) / 1000);
    return e;
}

static enum err take_writing(struct chat *c, const char *what, const struct actor *who,
                             const char *address, struct fail *f)
{
    const struct conf *conf = c->conf;
    char user_key[KEY_MAX], where_key[KEY_MAX];
    struct bucket b[2] = {
        {user_key, 1, .burst = conf->rate_user_burst, .per_minute = conf->rate_user_per_minute},
        {where_key, 1, .burst = conf->rate_address_burst,
         .per_minute = conf->rate_address_per_minute},
    };
    char prefix[32];

    snprintf(user_key, KEY_MAX, "%s:user:%lld", what, (long long)who->user_id);
    snprintf(prefix, sizeof prefix, "%s:address", what);
    if (address)
        address_key(where_key, prefix, address);
    return take(c, b, address ? 2 : 1, f);
}

enum err limits_take_message(struct chat *c, const struct actor *who, const char *address,
                             struct fail *f)
{
    return take_writing(c, "message", who, address, f);
}

enum err limits_take_act(struct chat *c, const struct actor *who, const char *address,
                         struct fail *f)
{
    return take_writing(c, "act", who, address, f);
}

static enum err take_seldom(struct chat *c, const char *what, const struct actor *who,
                            struct fail *f)
{
    char key[KEY_MAX];
    struct bucket b = {key, 1, .burst = c->conf->rate_session_burst,
                       .per_minute = c->conf->rate_session_per_minute};

    snprintf(key, KEY_MAX, "%s:user:%lld", what, (long long)who->user_id);
    return take(c, &b, 1, f);
}

enum err limits_take_call(struct chat *c, const struct actor *who, struct fail *f)
{
    return take_seldom(c, "call", who, f);
}

enum err limits_take_export(struct chat *c, const struct actor *who, struct fail *f)
{
    return take_seldom(c, "export", who, f);
}

enum err limits_take_upload(struct chat *c, const struct actor *who, const char *address,
                            struct fail *f)
{
    return take_writing(c, "upload", who, address, f);
}

enum err limits_take_search(struct chat *c, const struct actor *who, const char *address,
                            struct fail *f)
{
    char key[KEY_MAX];
    struct bucket b = {key, 1, .burst = c->conf->rate_search_burst,
                       .per_minute = c->conf->rate_search_per_minute};

    if (who->user_id)
        snprintf(key, KEY_MAX, "search:user:%lld", (long long)who->user_id);
    else if (address)
        address_key(key, "search:address", address);
    return take(c, &b, who->user_id || address ? 1 : 0, f);
}

enum err limits_take_session(struct chat *c, const char *address, struct fail *f)
{
    char key[KEY_MAX];
    struct bucket b = {key, 1, .burst = c->conf->rate_session_burst,
                       .per_minute = c->conf->rate_session_per_minute};

    if (address)
        address_key(key, "session:address", address);
    return take(c, &b, address ? 1 : 0, f);
}
