/* Tickets that open one socket, and the seals that tell our own forms from others'. */
#include "chat/identity_row.h"

#include "db/state.h"
#include "lib/secure.h"

#include <string.h>

enum { TICKET_BYTES = 32, SEAL_BYTES = 20 };
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

    if (who->kind == ACTOR_ANONYMOUS)
        return fail(f, ERR_AUTH_REQUIRED, NULL);
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
    enum err e;

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

const char *identity_csrf(struct chat *c, struct arena *a, const struct actor *who)
{
    unsigned char hash[SECURE_HASH];
    char hex[2 * SEAL_BYTES + 1];
    const char *text = arena_fmt(a, "outcry-csrf:%s", who->ext_id);

    secure_hmac(hash, c->conf->secret, strlen(c->conf->secret), text, strlen(text));
    secure_hex(hex, hash, SEAL_BYTES);
    return arena_str(a, hex);
}

bool identity_csrf_ok(struct chat *c, const struct actor *who, const char *seal, size_t len)
{
    struct arena a;
    const char *own;
    bool ok;

    arena_init(&a);
    own = identity_csrf(c, &a, who);
    ok = strlen(own) == len && secure_equal(own, seal, len);
    arena_release(&a);
    return ok;
}
