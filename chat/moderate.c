#include "chat/moderate.h"

#include "chat/naming.h"
#include "chat/self.h"

#include <string.h>

static enum err target(struct chat *c, struct arena *a, int64_t id, struct user *out,
                       struct fail *f)
{
    enum err e = user_by_id(c->db, a, id, out, f);

    return e == ERR_NOT_FOUND ? fail(f, e, "There is no person with the id %lld.", (long long)id)
                              : e;
}

/* Stores the row's sanctions and says so in the person's log. */
static enum err store(struct chat *c, struct arena *a, const struct user *u, const char *payload,
                      int64_t actor_id, struct fail *f)
{
    enum err e = user_update_sanctions(c->db, u->id, u->muted_until, u->banned_until,
                                       u->tokens_valid_after, f);

    return e ? e : self_append(c, a, u->id, "moderation", payload, actor_id, f);
}

static const char *payload_until(struct arena *a, const char *act, int64_t until)
{
    if (!until)
        return arena_fmt(a, "{\"act\":\"undo\",\"of\":\"%s\"}", act);
    return arena_fmt(a, "{\"act\":\"%s\",\"until\":%lld}", act, (long long)until);
}

enum err moderate_mute(struct chat *c, struct arena *a, int64_t target_id, int64_t until,
                       int64_t actor_id, struct fail *f)
{
    struct user u;
    enum err e = target(c, a, target_id, &u, f);

    u.muted_until = until;
    return e ? e : store(c, a, &u, payload_until(a, "mute", until), actor_id, f);
}

enum err moderate_ban(struct chat *c, struct arena *a, int64_t target_id, int64_t until,
                      int64_t actor_id, struct fail *f)
{
    struct user u;
    enum err e = target(c, a, target_id, &u, f);

    u.banned_until = until;
    return e ? e : store(c, a, &u, payload_until(a, "ban", until), actor_id, f);
}

enum err moderate_revoke(struct chat *c, struct arena *a, int64_t target_id, int64_t actor_id,
                         struct fail *f)
{
    struct user u;
    enum err e = target(c, a, target_id, &u, f);

    u.tokens_valid_after = clock_wall_ms(&c->clock);
    return e ? e : store(c, a, &u, payload_until(a, "revoke", u.tokens_valid_after), actor_id, f);
}

enum err moderate_set_role(struct chat *c, struct arena *a, int64_t target_id, const char *role,
                           int64_t actor_id, struct fail *f)
{
    static const char *const roles[] = {"member", "moderator", "admin"};
    struct user u;
    bool known = false;
    enum err e = target(c, a, target_id, &u, f);

    if (e)
        return e;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        known = known || strcmp(role, roles[i]) == 0;
    if (!known)
        return fail(f, ERR_BAD_REQUEST, "A role is member, moderator or admin.");
    if (naming_is_guest(&u))
        return fail(f, ERR_BAD_REQUEST, "A guest can have no role.");
    e = user_update_role(c->db, u.id, role, f);
    if (!e)
        e = self_append(c, a, u.id, "moderation",
                        arena_fmt(a, "{\"act\":\"role\",\"value\":\"%s\"}", role), actor_id, f);
    return e;
}
