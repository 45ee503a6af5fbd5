#include "chat/members.h"

#include "chat/limits.h"
#include "chat/people.h"
#include "chat/permit.h"
#include "chat/self.h"

#include <string.h>

static bool is_private(const struct room *r)
{
    return strcmp(r->kind, "private") == 0;
}

struct members_rights members_rights(const struct actor *who, const struct room *room)
{
    bool own = who->user_id && room->owner_id == who->user_id;
    bool leads = own || actor_is_moderator(who);
    bool open = !room->archived_ms && who->kind != ACTOR_ANONYMOUS;

    return (struct members_rights){
        .invite =
            open && is_private(room) && (leads || strcmp(room->invite_policy, "members") == 0),
        .leave = who->kind != ACTOR_ANONYMOUS && (is_private(room) || room->is_group),
        .remove = is_private(room) && leads,
        .hide = strcmp(room->kind, "direct") == 0,
        .settle = leads && (is_private(room) || strcmp(room->kind, "public") == 0),
    };
}

/* ----- the two logs ----- */

static enum err tell_room(struct chat *c, struct arena *a, const struct room *r, const char *change,
                          int64_t actor_id, int64_t target_id, struct fail *f)
{
    return rooms_tell(c, r->id, arena_fmt(a, "{\"change\":\"%s\"}", change), actor_id, target_id,
                      f);
}

static enum err tell_person(struct chat *c, struct arena *a, const struct room *r,
                            const char *change, int64_t actor_id, int64_t user_id, struct fail *f)
{
    const char *payload = arena_fmt(a, "{\"change\":\"%s\",\"of\":\"%s\"}", change, r->slug);

    return self_append(c, a, user_id, "membership", payload, actor_id, f);
}

static enum err tell(struct chat *c, struct arena *a, const struct room *r, const char *in_room,
                     const char *to_person, int64_t actor_id, int64_t user_id, struct fail *f)
{
    enum err e = tell_room(c, a, r, in_room, actor_id, user_id, f);

    return e ? e : tell_person(c, a, r, to_person, actor_id, user_id, f);
}

/* ----- inviting ----- */

static enum err may_invite(const struct actor *who, const struct room *r, struct fail *f)
{
    if (strcmp(r->kind, "direct") == 0)
        return fail(f, ERR_FORBIDDEN, "Start another conversation to talk with more people.");
    if (!is_private(r))
        return fail(f, ERR_FORBIDDEN,
                    "This room is open to everybody: nobody needs an invitation.");
    if (r->archived_ms)
        return fail(f, ERR_FORBIDDEN, "This room is archived.");
    if (!members_rights(who, r).invite)
        return fail(f, ERR_FORBIDDEN, "Only the room's owner and moderators invite people.");
    return OK;
}

/* How many a room holds, and how many rooms may wait for one person. */
static enum err has_place(struct chat *c, struct arena *a, int64_t room_id, int64_t user_id,
                          struct fail *f)
{
    struct invitation *waiting = arena_alloc(a, INVITATIONS_MAX * sizeof *waiting);
    struct member *people = arena_alloc(a, MEMBERS_MAX * sizeof *people);
    size_t count = 0;
    enum err e = member_list(c->db, a, room_id, people, MEMBERS_MAX, &count, f);

    if (!e && count == MEMBERS_MAX)
        e = fail(f, ERR_FORBIDDEN, "A room has at most %d people.", MEMBERS_MAX);
    if (!e)
        e = invitation_list(c->db, a, user_id, waiting, INVITATIONS_MAX, &count, f);
    if (!e && count == INVITATIONS_MAX)
        e = fail(f, ERR_FORBIDDEN, "Too many invitations wait for this person already.");
    return e;
}

static enum err invite(struct chat *c, struct arena *a, const struct actor *who,
                       const struct room *r, int64_t user_id, struct fail *f)
{
    bool made = false;
    enum err e = has_place(c, a, r->id, user_id, f);

    if (!e)
        e = invitation_insert(c->db, r->id, user_id, who->user_id, clock_wall_ms(&c->clock), &made,
                              f);
    if (!e && made)
        e = tell(c, a, r, "invited", "invited", who->user_id, user_id, f);
    return e;
}

enum err members_invite(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                        int64_t user_id, const char *address, struct fail *f)
{
    struct room r;
    struct user self, target;
    bool is_member = false;
    enum err e = rooms_find_bare(c, a, who, room, &r, f);

    if (!e)
        e = permit_person(c, a, who, &self, f);
    if (!e)
        e = may_invite(who, &r, f);
    if (!e)
        e = people_find(c, a, who, user_id, &target, f);
    if (!e)
        e = member_exists(c->db, r.id, user_id, &is_member, f);
    if (e || is_member)
        return e;
    e = limits_take_act(c, who, address, f);
    return e ? e : invite(c, a, who, &r, user_id, f);
}

/* ----- joining ----- */

enum err members_add(struct chat *c, struct arena *a, const struct room *room, int64_t user_id,
                     int64_t actor_id, const char *change, struct fail *f)
{
    enum err e = member_insert(c->db, room, user_id, 0, clock_wall_ms(&c->clock), f);

    if (!e && change)
        e = tell_room(c, a, room, change, actor_id, user_id, f);
    return e ? e : tell_person(c, a, room, "joined", actor_id, user_id, f);
}

static enum err accept(struct chat *c, struct arena *a, const struct actor *who, const char *slug,
                       struct fail *f)
{
    struct invitation in;
    bool was;
    enum err e = invitation_find(c->db, a, who->user_id, slug, &in, f);

    if (e == ERR_NOT_FOUND)
        return fail(f, ERR_ROOM_NOT_FOUND, NULL);
    if (!e)
        e = invitation_delete(c->db, in.room.id, who->user_id, &was, f);
    return e ? e : members_add(c, a, &in.room, who->user_id, who->user_id, "member_joined", f);
}

enum err members_join(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                      struct room_view *out, struct fail *f)
{
    struct user self;
    enum err e = rooms_find(c, a, who, room, out, f);

    if (e != ERR_ROOM_NOT_FOUND)
        return e;
    e = permit_person(c, a, who, &self, f);
    if (!e)
        e = accept(c, a, who, room, f);
    return e ? e : rooms_find(c, a, who, room, out, f);
}

/* ----- leaving ----- */

/* Whoever has been there longest has it from now on; a room that nobody is in is closed. */
static enum err hand_over(struct chat *c, struct arena *a, struct room *r, struct fail *f)
{
    enum err e = member_heir(c->db, r->id, &r->owner_id, f);

    if (!e && !r->owner_id)
        r->archived_ms = clock_wall_ms(&c->clock);
    if (!e)
        e = room_update(c->db, r, f);
    if (!e && r->owner_id)
        e = tell_room(c, a, r, "owner", 0, r->owner_id, f);
    else if (!e)
        e = tell_room(c, a, r, "archived", 0, 0, f);
    return e;
}

static enum err take_out(struct chat *c, struct arena *a, struct room *r, int64_t user_id,
                         int64_t actor_id, bool *was, struct fail *f)
{
    enum err e = member_delete(c->db, r->id, user_id, was, f);

    if (!e && *was && r->is_group) /* who talks now is another set of people */
        e = room_set_direct_key(c->db, r->id, NULL, f);
    if (e || !*was)
        return e;
    e = tell(c, a, r, "member_left", user_id == actor_id ? "left" : "removed", actor_id, user_id,
             f);
    return !e && r->owner_id == user_id ? hand_over(c, a, r, f) : e;
}

static enum err take_back(struct chat *c, struct arena *a, const struct room *r, int64_t user_id,
                          int64_t actor_id, bool *was, struct fail *f)
{
    const char *change = user_id == actor_id ? "declined" : "withdrawn";
    enum err e = invitation_delete(c->db, r->id, user_id, was, f);

    return !e && *was ? tell(c, a, r, change, change, actor_id, user_id, f) : e;
}

/* Oneself. */
static enum err leave(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                      struct fail *f)
{
    struct invitation in;
    struct room r;
    bool was;
    enum err e = rooms_find_bare(c, a, who, room, &r, f);

    if (e == ERR_ROOM_NOT_FOUND && !invitation_find(c->db, a, who->user_id, room, &in, f))
        return take_back(c, a, &in.room, who->user_id, who->user_id, &was, f);
    if (e)
        return e;
    if (!is_private(&r) && !r.is_group)
        return fail(f, ERR_FORBIDDEN, "This room cannot be left; mute it to hear less of it.");
    return take_out(c, a, &r, who->user_id, who->user_id, &was, f);
}

/* Somebody else. */
static enum err expel(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                      int64_t user_id, struct fail *f)
{
    struct invitation in;
    struct room r;
    bool was = false;
    enum err e = rooms_find_bare(c, a, who, room, &r, f);

    if (e)
        return e;
    if (!invitation_find(c->db, a, user_id, r.slug, &in, f) && in.inviter_id == who->user_id)
        return take_back(c, a, &r, user_id, who->user_id, &was, f);
    if (!members_rights(who, &r).remove)
        return fail(f, ERR_FORBIDDEN, "Only the room's owner and moderators remove people.");
    if (user_id == r.owner_id)
        return fail(f, ERR_FORBIDDEN, "The room's owner cannot be removed.");
    e = take_back(c, a, &r, user_id, who->user_id, &was, f);
    return e || was ? e : take_out(c, a, &r, user_id, who->user_id, &was, f);
}

enum err members_remove(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                        int64_t user_id, struct fail *f)
{
    if (who->kind == ACTOR_ANONYMOUS)
        return fail(f, ERR_AUTH_REQUIRED, NULL);
    return user_id == who->user_id ? leave(c, a, who, room, f) : expel(c, a, who, room, user_id, f);
}

/* ----- lists ----- */

enum err members_list(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                      struct room_view *view, struct member **out, size_t *count, struct fail *f)
{
    enum err e = rooms_find(c, a, who, room, view, f);

    *out = NULL;
    *count = 0;
    if (e || strcmp(view->room.kind, "public") == 0 || strcmp(view->room.kind, "self") == 0)
        return e;
    *out = arena_alloc(a, MEMBERS_MAX * sizeof **out);
    return member_list(c->db, a, view->room.id, *out, MEMBERS_MAX, count, f);
}

enum err members_invitations(struct chat *c, struct arena *a, const struct actor *who,
                             struct invitation **out, size_t *count, struct fail *f)
{
    *count = 0;
    *out = arena_alloc(a, INVITATIONS_MAX * sizeof **out);
    if (!who->user_id)
        return OK;
    return invitation_list(c->db, a, who->user_id, *out, INVITATIONS_MAX, count, f);
}
