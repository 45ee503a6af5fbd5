/* Guests: a session in a cookie, or only a name said with each message. */
#include "chat/identity_row.h"

#include "chat/limits.h"
#include "lib/secure.h"
#include "lib/text.h"

#include <string.h>

enum { GUEST_ID_BYTES = 16 };
static const int64_t GUEST_TTL_S = 365LL * 24 * 3600;

struct guest {
    struct arena *arena;
    const char *ext_id;
    const char *name, *fold;
    struct user *user;
};

static enum err insert_guest(struct chat *c, const struct guest *g, struct fail *f)
{
    enum err e = naming_check_free(c, g->arena, g->fold, 0, f);

    if (e)
        return e;
    *g->user = (struct user){
        .ext_id = g->ext_id, .username = g->name, .name_fold = g->fold, .role = "guest"};
    return identity_insert(c, g->arena, g->user, f);
}

static enum err rename_guest(struct chat *c, const struct guest *g, struct fail *f)
{
    struct user *u = g->user;
    const char *before = u->name_fold;
    enum err e = naming_check_free(c, g->arena, g->fold, u->id, f);

    if (e)
        return e;
    u->username = g->name;
    u->name_fold = g->fold;
    e = user_update_name(c->db, u->id, u->username, u->name_fold, false, f);
    if (e || naming_is_guest(u))
        return e;
    e = naming_tell(c, g->arena, u, f);
    return e ? e : naming_tell_alike(c, g->arena, before, u->id, f);
}

/* ----- a name with each message ----- */

/* The same name from the same address is the same guest, here and after a restart. */
static void sessionless_id(struct chat *c, struct arena *a, const char *address, const char *fold,
                           char hex[2 * GUEST_ID_BYTES + 1])
{
    unsigned char hash[SECURE_HASH];
    const char *text = arena_fmt(a, "outcry-guest:%s\n%s", address, fold);

    secure_hmac(hash, c->conf->secret, strlen(c->conf->secret), text, strlen(text));
    secure_hex(hex, hash, GUEST_ID_BYTES);
}

static enum err find_or_insert(struct chat *c, void *arg, struct fail *f)
{
    struct guest *g = arg;
    enum err e = user_by_ext(c->db, g->arena, g->ext_id, g->user, f);

    return e == ERR_NOT_FOUND ? insert_guest(c, g, f) : e;
}

/* An empty wish: four digits of the id, and more where a name of four is taken. */
static enum err find_or_insert_unnamed(struct chat *c, void *arg, struct fail *f)
{
    struct guest *g = arg;
    const char *hex = g->ext_id + 2;
    enum err e = user_by_ext(c->db, g->arena, g->ext_id, g->user, f);

    if (e != ERR_NOT_FOUND)
        return e;
    e = ERR_NAME_TAKEN;
    for (int digits = 4; e == ERR_NAME_TAKEN && digits <= 16; digits *= 2) {
        g->name = arena_fmt(g->arena, "guest-%.*s", digits, hex);
        g->fold = text_fold(g->arena, g->name);
        e = insert_guest(c, g, f);
    }
    return e;
}

enum err identity_from_name(struct chat *c, struct arena *a, const char *address, const char *name,
                            size_t len, struct actor *out, struct fail *f)
{
    char hex[2 * GUEST_ID_BYTES + 1];
    bool unnamed = text_is_blank(name ? name : "", name ? len : 0);
    struct user user;
    struct guest g = {.arena = a, .user = &user, .fold = ""};
    enum err e = identity_guests_write(c, f);

    if (!e && !unnamed)
        e = naming_clean(a, name, len, &g.name, &g.fold, f);
    if (e)
        return e;
    sessionless_id(c, a, address ? address : "", g.fold, hex);
    g.ext_id = identity_ext(a, 'g', hex);
    e = user_by_ext(c->db, a, g.ext_id, &user, f);
    if (e == ERR_NOT_FOUND) {
        e = limits_take_session(c, address, f);
        if (!e)
            e = identity_write(c, unnamed ? find_or_insert_unnamed : find_or_insert, &g, f);
    }
    return e ? e : identity_from_row(c, a, &user, 0, 0, out, f);
}

/* ----- a session ----- */

static enum err start_or_rename(struct chat *c, void *arg, struct fail *f)
{
    struct guest *g = arg;
    enum err e;

    if (!g->ext_id) {
        char hex[2 * GUEST_ID_BYTES + 1];

        secure_random_hex(hex, GUEST_ID_BYTES);
        g->ext_id = identity_ext(g->arena, 'g', hex);
        return insert_guest(c, g, f);
    }
    e = user_by_ext(c->db, g->arena, g->ext_id, g->user, f);
    /* The browser offers the name that it remembers, which may be one that we gave. */
    if (e || strcmp(g->user->username, g->name) == 0)
        return e;
    return rename_guest(c, g, f);
}

enum err identity_start_guest(struct chat *c, struct arena *a, const struct actor *current,
                              const char *address, const char *name, size_t len, struct actor *out,
                              char **token, struct fail *f)
{
    bool again = current && current->kind == ACTOR_GUEST;
    int64_t now_s = clock_wall_ms(&c->clock) / 1000;
    struct user user;
    struct guest g = {.arena = a, .user = &user};
    enum err e = identity_guests_write(c, f);

    if (!name)
        len = 0;
    if (!e)
        e = limits_take_session(c, address, f);
    if (e)
        return e;
    if (again)
        g.ext_id = current->ext_id;
    if (again && len && strlen(current->username) == len &&
        memcmp(current->username, name, len) == 0)
        g.name = current->username;
    else
        e = naming_clean(a, name ? name : "", len, &g.name, &g.fold, f);
    if (!e)
        e = identity_write(c, start_or_rename, &g, f);
    if (!e)
        e = token_sign(&c->guest_tokens, user.ext_id + 2, NULL, NULL, now_s, GUEST_TTL_S, a, token,
                       f);
    return e ? e : identity_from_row(c, a, &user, now_s + GUEST_TTL_S, now_s * 1000, out, f);
}

/* ----- a name of one's own ----- */

static enum err rename_self(struct chat *c, void *arg, struct fail *f)
{
    struct guest *g = arg;
    enum err e = user_by_ext(c->db, g->arena, g->ext_id, g->user, f);

    if (!e && g->user->named_by_host)
        e = fail(f, ERR_FORBIDDEN, "Your name comes from the site that you are signed in to.");
    return e ? e : rename_guest(c, g, f);
}

enum err identity_rename(struct chat *c, struct arena *a, struct actor *who, const char *name,
                         size_t len, struct fail *f)
{
    struct user user;
    struct guest g = {.arena = a, .user = &user, .ext_id = who->ext_id};
    enum err e = OK;

    if (who->kind == ACTOR_ANONYMOUS)
        return fail(f, ERR_AUTH_REQUIRED, NULL);
    if (who->kind == ACTOR_GUEST)
        e = identity_guests_write(c, f);
    if (!e)
        e = naming_clean(a, name, len, &g.name, &g.fold, f);
    if (!e)
        e = identity_write(c, rename_self, &g, f);
    return e ? e : identity_from_row(c, a, &user, who->exp_s, who->issued_ms, who, f);
}
