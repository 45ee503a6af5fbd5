#include "chat/permit.h"

#include "chat/identity_row.h"

#include <string.h>

enum err permit_person(struct chat *c, struct arena *a, const struct actor *who, struct user *out,
                       struct fail *f)
{
    int64_t now = clock_wall_ms(&c->clock);
    enum err e = OK;

    if (who->kind != ACTOR_USER)
        e = identity_guests_write(c, f);
    if (!e && who->kind == ACTOR_ANONYMOUS)
        e = fail(f, ERR_AUTH_REQUIRED, NULL);
    if (!e)
        e = user_by_id(c->db, a, who->user_id, out, f);
    if (e == ERR_NOT_FOUND)
        return fail(f, ERR_TOKEN_INVALID, NULL);
    if (!e)
        e = identity_judge(c, out, who->issued_ms, f);
    if (!e && out->muted_until > now)
        e = identity_muted(out->muted_until, now, f);
    return e;
}

bool permit_is_moderator(const struct user *u)
{
    return strcmp(u->role, "moderator") == 0 || strcmp(u->role, "admin") == 0;
}

enum err permit_room(const struct room *r, const struct user *u, struct fail *f)
{
    if (strcmp(r->kind, "self") == 0)
        return fail(f, ERR_FORBIDDEN, "Nobody writes here: this is your own log.");
    if (r->archived_ms)
        return fail(f, ERR_FORBIDDEN, "This room is archived.");
    if (permit_is_moderator(u) || r->owner_id == u->id || strcmp(r->post_policy, "all") == 0)
        return OK;
    if (strcmp(r->post_policy, "moderators") == 0)
        return fail(f, ERR_FORBIDDEN, "Only moderators write in this room.");
    if (naming_is_guest(u))
        return fail(f, ERR_FORBIDDEN, "Guests may only read in this room.");
    return OK;
}
