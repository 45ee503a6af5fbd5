/* Tickets that open one socket, and the seals that tell our own forms from others'. */
#include "chat/identity_row.h"

#include "db/state.h"
#include "lib/secure.h"

#include <string.h>

enum { TICKET_BYTES = 32, SALT_HEX = 24, SEAL_BYTES = 20, SEAL_LEN = SALT_HEX + 2 * SEAL_BYTES };
static const int64_t TICKET_TTL_MS = 30000;

static void ticket_hash(char hex[2 * SECURE_HASH + 1], const char *ticket, size_t len)
{
    unsigned char hash[SECURE_HASH];

    secure_sha256(hash, ticket, len);
    secure_hex(hex, hash, sizeof hash);
}

enum err identity_make_ticket(struct chat *c, struct arena *a, const struct actor *who,
                              char **ticket, struct fail *f)
{
    char text[2 * TICKET_BYTES + 1], hash[2 * SECURE_HASH + 1];
    enum err e;

    if (who->kind == ACTOR_ANONYMOUS)
        return fail(f, ERR_AUTH_REQUIRED, NULL);
    e = chat_state(c, f);
    if (e)
        return e;
    if (!c->state)
        return fail(f, ERR_INTERNAL, "There is no state database to keep a ticket in.");
    secure_random_hex(text, TICKET_BYTES);
    ticket_hash(hash, text, strlen(text));
    *ticket = arena_str(a, text);
    return ticket_insert(c->state, c->boot_id, hash, who->user_id, who->exp_s,
                         clock_boot_ms(&c->clock) + TICKET_TTL_MS, f);
}

enum err identity_from_ticket(struct chat *c, struct arena *a, const char *ticket, size_t len,
                              struct actor *out, struct fail *f)
{
    char hash[2 * SECURE_HASH + 1];
    struct user user;
    int64_t user_id, exp_s;
    enum err e = chat_state(c, f);

    if (e)
        return e;
    if (len != 2 * TICKET_BYTES || !c->state)
        return fail(f, ERR_TOKEN_INVALID, "The ticket is not valid.");
    ticket_hash(hash, ticket, len);
    e = ticket_take(c->state, c->boot_id, clock_boot_ms(&c->clock), hash, &user_id, &exp_s, f);
    if (!e)
        e = user_by_id(c->db, a, user_id, &user, f);
    if (e == ERR_NOT_FOUND)
        return fail(f, ERR_TOKEN_INVALID, "The ticket is not valid.");
    /* The ticket may be as old as its life is long: it must not outlive a revocation. */
    return e ? e
             : identity_from_row(c, a, &user, exp_s, clock_wall_ms(&c->clock) - TICKET_TTL_MS, out,
                                 f);
}

/* The salt, and the HMAC over it and whose it is. */
static void seal(char out[SEAL_LEN + 1], const struct chat *c, struct arena *a,
                 const struct actor *who, const char *salt)
{
    unsigned char hash[SECURE_HASH];
    const char *text = arena_fmt(a, "outcry-csrf:%.*s:%s", SALT_HEX, salt, who->ext_id);

    secure_hmac(hash, c->conf->secret, strlen(c->conf->secret), text, strlen(text));
    memcpy(out, salt, SALT_HEX);
    secure_hex(out + SALT_HEX, hash, SEAL_BYTES);
}

const char *identity_csrf(struct chat *c, struct arena *a, const struct actor *who)
{
    char salt[SALT_HEX + 1], *out = arena_alloc(a, SEAL_LEN + 1);

    secure_random_hex(salt, SALT_HEX / 2);
    seal(out, c, a, who, salt);
    return out;
}

bool identity_csrf_ok(struct chat *c, const struct actor *who, const char *given, size_t len)
{
    char own[SEAL_LEN + 1];
    struct arena a;

    if (len != SEAL_LEN || strnlen(given, len) != len)
        return false;
    arena_init(&a);
    seal(own, c, &a, who, given);
    arena_release(&a);
    return secure_equal(own, given, len);
}
