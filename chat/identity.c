/* Tokens → actors. Guests' own ways in are in identity_guest.c, tickets and seals in
 * identity_session.c. */
#include "chat/identity_row.h"

#include "chat/moderate.h"
#include "lib/text.h"

#include <string.h>

bool actor_is_moderator(const struct actor *a)
{
    return a->kind == ACTOR_USER &&
           (strcmp(a->role, "moderator") == 0 || strcmp(a->role, "admin") == 0);
}

static int64_t now_s(const struct chat *c)
{
    return clock_wall_ms(&c->clock) / 1000;
}

/* What a token says of its user, and the row that follows from it. */
struct sight {
    struct arena *arena;
    const char *ext_id, *name, *role; /* name NULL: the token has none; role NULL: likewise */
    const char *fallback;             /* the name of one whose token has none */
    int64_t issued_ms;                /* 0: the token does not say */
    struct user *user;
};

static const char *role_of(const char *claim)
{
    if (!claim)
        return NULL;
    return strcmp(claim, "moderator") == 0 || strcmp(claim, "admin") == 0 ? claim : "member";
}

static bool name_differs(const struct sight *s, const struct user *u)
{
    return s->name && (!u->named_by_host || strcmp(s->name, u->username) != 0);
}

static bool role_differs(const struct sight *s, const struct user *u)
{
    return s->role && strcmp(s->role, u->role) != 0;
}

/* A token that is older than the one that the row follows changes nothing: it may lie in a tab that
 * was left open. */
static bool is_followed(const struct sight *s, const struct user *u)
{
    return (name_differs(s, u) || role_differs(s, u)) &&
           (!s->issued_ms || s->issued_ms >= u->claims_ms);
}

static enum err insert_host_user(struct chat *c, const struct sight *s, struct fail *f)
{
    const char *name = s->name ? s->name : s->fallback;
    const char *fold = text_fold(s->arena, name);
    enum err e = naming_evict_guests(c, s->arena, fold, f);

    if (e)
        return e;
    *s->user = (struct user){
        .ext_id = s->ext_id,
        .username = name,
        .name_fold = fold,
        .role = s->role ? s->role : "member",
        .named_by_host = s->name != NULL,
        .claims_ms = s->issued_ms,
    };
    e = identity_insert(c, s->arena, s->user, f);
    return e ? e : naming_tell_alike(c, s->arena, fold, s->user->id, f);
}

static enum err rename_host_user(struct chat *c, const struct sight *s, struct fail *f)
{
    struct user *u = s->user;
    const char *before = u->name_fold;
    enum err e;

    u->username = s->name;
    u->name_fold = text_fold(s->arena, s->name);
    e = naming_evict_guests(c, s->arena, u->name_fold, f);
    if (!e)
        e = user_update_name(c->db, u->id, u->username, u->name_fold, true, f);
    if (!e)
        e = naming_tell(c, s->arena, u, f);
    if (e || strcmp(before, u->name_fold) == 0)
        return e;
    e = naming_tell_alike(c, s->arena, before, u->id, f);
    return e ? e : naming_tell_alike(c, s->arena, u->name_fold, u->id, f);
}

/* Reads the row again: another process may have seen the same token meanwhile. */
static enum err follow_token(struct chat *c, void *arg, struct fail *f)
{
    struct sight *s = arg;
    enum err e = user_by_ext(c->db, s->arena, s->ext_id, s->user, f);

    if (e == ERR_NOT_FOUND)
        return insert_host_user(c, s, f);
    if (e || !is_followed(s, s->user))
        return e;
    if (name_differs(s, s->user))
        e = rename_host_user(c, s, f);
    if (!e && role_differs(s, s->user)) {
        e = moderate_set_role(c, s->arena, s->user->id, s->role, 0, f);
        s->user->role = s->role;
    }
    return e ? e : user_follow(c->db, s->user->id, s->issued_ms, f);
}

/* A token without iat cannot prove that it is newer than a revocation. */
static enum err issued_when(struct chat *c, const struct token_claims *claims, const struct user *u,
                            int64_t *issued_ms, struct fail *f)
{
    if (!claims->issued_s && u->tokens_valid_after)
        return fail(f, ERR_TOKEN_INVALID, "This session was ended. Please sign in again.");
    *issued_ms = claims->issued_s ? claims->issued_s * 1000 : clock_wall_ms(&c->clock);
    return OK;
}

static enum err host_actor(struct chat *c, struct arena *a, const struct token_claims *claims,
                           struct actor *out, struct fail *f)
{
    struct user user;
    struct sight s = {
        .arena = a,
        .ext_id = identity_ext(a, 'h', claims->user_id),
        .name = claims->name,
        .role = role_of(claims->role),
        .fallback = arena_fmt(a, "user-%s", claims->user_id),
        .issued_ms = claims->issued_s * 1000,
        .user = &user,
    };
    int64_t issued_ms = 0;
    enum err e = user_by_ext(c->db, a, s.ext_id, &user, f);

    if (e == ERR_NOT_FOUND || (!e && is_followed(&s, &user)))
        e = identity_write(c, follow_token, &s, f);
    if (!e)
        e = issued_when(c, claims, &user, &issued_ms, f);
    if (!e)
        e = identity_from_row(c, a, &user, claims->exp_s, issued_ms, out, f);
    return e;
}

enum err identity_from_host_token(struct chat *c, struct arena *a, const char *token, size_t len,
                                  struct actor *out, struct fail *f)
{
    struct token_claims claims;
    enum err e = token_verify(&c->host_tokens, token, len, now_s(c), a, &claims, f);

    return e ? e : host_actor(c, a, &claims, out, f);
}

static enum err guest_actor(struct chat *c, struct arena *a, const struct token_claims *claims,
                            struct actor *out, struct fail *f)
{
    struct user user;
    int64_t issued_ms = 0;
    enum err e;

    if (c->conf->guests == GUESTS_OFF)
        return fail(f, ERR_AUTH_REQUIRED, NULL);
    e = user_by_ext(c->db, a, identity_ext(a, 'g', claims->user_id), &user, f);
    if (e == ERR_NOT_FOUND) /* an older copy of the database was put back */
        return fail(f, ERR_TOKEN_INVALID, "This guest is not known any more. Choose a name.");
    if (!e)
        e = issued_when(c, claims, &user, &issued_ms, f);
    if (!e)
        e = identity_from_row(c, a, &user, claims->exp_s, issued_ms, out, f);
    return e;
}

enum err identity_from_guest_token(struct chat *c, struct arena *a, const char *token, size_t len,
                                   struct actor *out, struct fail *f)
{
    struct token_claims claims;
    enum err e = token_verify(&c->guest_tokens, token, len, now_s(c), a, &claims, f);

    return e ? e : guest_actor(c, a, &claims, out, f);
}

enum err identity_from_token(struct chat *c, struct arena *a, const char *token, size_t len,
                             struct actor *out, struct fail *f)
{
    struct token_claims claims;
    enum err e;

    if (token_is_known(&c->host_tokens, token, len))
        return identity_from_host_token(c, a, token, len, out, f);
    /* Our own key is derived from the secret and ours alone: what it signed no host did. */
    e = token_verify(&c->guest_tokens, token, len, now_s(c), a, &claims, f);
    if (!e)
        return guest_actor(c, a, &claims, out, f);
    if (e == ERR_TOKEN_EXPIRED)
        return e;
    return identity_from_host_token(c, a, token, len, out, f);
}

enum err identity_anonymous(struct chat *c, struct actor *out, struct fail *f)
{
    *out = (struct actor){.kind = ACTOR_ANONYMOUS, .ext_id = "", .username = "", .role = ""};
    return identity_may_read(c, out, f);
}

enum err identity_refresh(struct chat *c, struct arena *a, struct actor *who, struct fail *f)
{
    struct user user;
    enum err e;

    if (who->kind == ACTOR_ANONYMOUS)
        return OK;
    e = user_by_id(c->db, a, who->user_id, &user, f);
    if (e == ERR_NOT_FOUND)
        return fail(f, ERR_TOKEN_INVALID, NULL);
    return e ? e : identity_from_row(c, a, &user, who->exp_s, who->issued_ms, who, f);
}

enum err identity_may_read(struct chat *c, const struct actor *who, struct fail *f)
{
    struct user judged = {.ext_id = who->ext_id, .banned_until = who->banned_until};

    if (who->kind != ACTOR_USER && c->conf->guests == GUESTS_OFF)
        return fail(f, ERR_AUTH_REQUIRED, NULL);
    return identity_judge(c, &judged, 0, f);
}
