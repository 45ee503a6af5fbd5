/* Rooms of a few: opening them, who is in them, and whom one may know of. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/mentionable.h"
#include "chat/open_room.h"
#include "chat/wire_room.h"
#include "lib/text.h"

#include <string.h>

/* One change on its way through the write transaction. */
struct change {
    struct call *call;
    const char *slug, *address;
    int64_t user_id;
    int64_t others[DIRECT_OTHERS_MAX];
    size_t other_count;
    struct room room;
    bool made;
};

static struct change change_of(struct call *c, const char *slug)
{
    return (struct change){
        .call = c, .slug = slug, .address = *c->req.address ? c->req.address : NULL};
}

/* The person whom a form names, or whose id a script sent. */
static enum err person(struct call *c, int64_t *id, struct fail *f)
{
    const char *name = call_text(c, "username");
    struct user u;
    enum err e;

    *id = call_number(c, "user_id", 0);
    if (*id)
        return OK;
    if (!name)
        return fail(f, ERR_BAD_REQUEST, "Say who: user_id or username is missing.");
    e = people_find_by_name(c->chat, c->arena, &c->actor, name, &u, f);
    *id = u.id;
    return e;
}

/* Back to a room's page, or as JSON what it is now. */
static enum err answer_room(struct call *c, const char *slug, int status, struct fail *f)
{
    struct json_object *o;
    struct room_view v;
    enum err e = rooms_find(c->chat, c->arena, &c->actor, slug, &v, f);

    if (e)
        return e;
    if (call_wants_page(c))
        return answer_see_other(c, answer_room_url(c, v.room.slug));
    o = json_object_new_object();
    json_set(o, "room", wire_room_settings(&v, &c->actor, c->app->conf->default_room));
    return answer_json(c, status, o);
}

enum err handle_room(struct call *c, struct fail *f)
{
    return answer_room(c, call_text(c, "slug"), 200, f);
}

/* ----- opening ----- */

static enum err create(struct chat *chat, void *arg, struct fail *f)
{
    struct change *ch = arg;
    struct call *c = ch->call;
    const char *title = call_text(c, "title"), *slug = call_text(c, "slug");

    if (slug)
        return open_public(chat, c->arena, &c->actor, slug, title, ch->address, &ch->room, f);
    return open_private(chat, c->arena, &c->actor, title, ch->address, &ch->room, f);
}

enum err handle_room_create(struct call *c, struct fail *f)
{
    struct change ch = change_of(c, NULL);
    enum err e = chat_write(c->chat, create, &ch, f);

    return e ? e : answer_room(c, ch.room.slug, 201, f);
}

static enum err converse(struct chat *chat, void *arg, struct fail *f)
{
    struct change *ch = arg;

    return open_direct(chat, ch->call->arena, &ch->call->actor, ch->others, ch->other_count,
                       ch->address, &ch->room, &ch->made, f);
}

static enum err add_other(struct change *ch, int64_t id, struct fail *f)
{
    if (ch->other_count == DIRECT_OTHERS_MAX)
        return fail(f, ERR_BAD_REQUEST, "A conversation is with 1 to %d others.",
                    DIRECT_OTHERS_MAX);
    ch->others[ch->other_count++] = id;
    return OK;
}

/* "3,17" */
static enum err parse_ids(const char *text, struct change *ch, struct fail *f)
{
    while (*text) {
        size_t len = strcspn(text, ",");
        int64_t id;
        enum err e;

        if (!text_to_i64(text, len, 1, INT64_MAX, &id))
            return fail(f, ERR_BAD_REQUEST, "user_ids must look like 3,17.");
        e = add_other(ch, id, f);
        if (e)
            return e;
        text += len + (text[len] == ',');
    }
    return OK;
}

/* "ana, Ben B" */
static enum err parse_names(const char *text, struct change *ch, struct fail *f)
{
    struct call *c = ch->call;
    struct user u;

    while (*text) {
        const char *begin = text + strspn(text, " ,");
        const char *end = begin + strcspn(begin, ","), *last = end;
        const char *name;
        enum err e;

        while (last > begin && last[-1] == ' ')
            last--;
        text = end;
        if (last == begin)
            break;
        name = arena_strn(c->arena, begin, (size_t)(last - begin));
        e = people_find_by_name(c->chat, c->arena, &c->actor, name, &u, f);
        if (e == ERR_NOT_FOUND)
            return fail(f, e, "There is nobody called \"%s\".", name);
        if (!e)
            e = add_other(ch, u.id, f);
        if (e)
            return e;
    }
    return OK;
}

/* A name may have commas of its own: first it is taken as a whole. */
static enum err find_others(struct change *ch, struct fail *f)
{
    const char *ids = call_text(ch->call, "user_ids"), *names = call_text(ch->call, "username");
    enum err e;

    if (ids)
        return parse_ids(ids, ch, f);
    e = person(ch->call, &ch->others[0], f);
    if (e == ERR_NOT_FOUND && names && strchr(names, ','))
        return parse_names(names, ch, f);
    ch->other_count = 1;
    return e;
}

enum err handle_direct(struct call *c, struct fail *f)
{
    struct change ch = change_of(c, NULL);
    enum err e = find_others(&ch, f);

    if (!e)
        e = chat_write(c->chat, converse, &ch, f);
    return e ? e : answer_room(c, ch.room.slug, ch.made ? 201 : 200, f);
}

/* ----- who is in it ----- */

enum err handle_members(struct call *c, struct fail *f)
{
    struct json_object *o;
    struct room_view v;
    struct member *list;
    size_t count = 0;
    enum err e =
        members_list(c->chat, c->arena, &c->actor, call_text(c, "slug"), &v, &list, &count, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set_str(o, "room", rooms_wire_name(&v.room));
    json_set_i64(o, "seq", v.room.head);
    json_set(o, "members", wire_members(list, count, false));
    json_set(o, "invited", wire_members(list, count, true));
    return answer_json(c, 200, o);
}

static enum err invite(struct chat *chat, void *arg, struct fail *f)
{
    const struct change *ch = arg;

    return members_invite(chat, ch->call->arena, &ch->call->actor, ch->slug, ch->user_id,
                          ch->address, f);
}

static enum err join(struct chat *chat, void *arg, struct fail *f)
{
    const struct change *ch = arg;
    struct room_view v;

    return members_join(chat, ch->call->arena, &ch->call->actor, ch->slug, &v, f);
}

static enum err leave(struct chat *chat, void *arg, struct fail *f)
{
    const struct change *ch = arg;

    return members_remove(chat, ch->call->arena, &ch->call->actor, ch->slug, ch->user_id, f);
}

/* Oneself: accepts an invitation. Anybody else: is invited. */
enum err handle_member_put(struct call *c, struct fail *f)
{
    struct change ch = change_of(c, call_text(c, "slug"));
    enum err e;

    ch.user_id = call_number(c, "id", 0);
    e = chat_write(c->chat, ch.user_id == c->actor.user_id ? join : invite, &ch, f);
    return e ? e : answer_room(c, ch.slug, 200, f);
}

enum err handle_room_invite(struct call *c, struct fail *f)
{
    struct change ch = change_of(c, call_text(c, "slug"));
    struct room r;
    enum err e = rooms_find_bare(c->chat, c->arena, &c->actor, ch.slug, &r, f);

    if (!e)
        e = person(c, &ch.user_id, f);
    if (!e)
        e = chat_write(c->chat, invite, &ch, f);
    return e ? e : answer_room(c, ch.slug, 200, f);
}

enum err handle_room_join(struct call *c, struct fail *f)
{
    struct change ch = change_of(c, call_text(c, "slug"));
    enum err e = chat_write(c->chat, join, &ch, f);

    return e ? e : answer_room(c, ch.slug, 200, f);
}

/* And nobody sees them there any more. */
static enum err take_out(struct call *c, struct change *ch, struct fail *f)
{
    struct fail ignored;
    struct room r;
    bool known = !rooms_find_bare(c->chat, c->arena, &c->actor, ch->slug, &r, &ignored);
    enum err e = chat_write(c->chat, leave, ch, f);

    if (!e && known)
        e = presence_leave_room(c->chat->state, ch->user_id, r.id, f);
    return e;
}

enum err handle_member_delete(struct call *c, struct fail *f)
{
    struct change ch = change_of(c, call_text(c, "slug"));
    enum err e;

    ch.user_id = call_number(c, "id", 0);
    e = take_out(c, &ch, f);
    return e ? e : answer_empty(c, 204);
}

enum err handle_room_leave(struct call *c, struct fail *f)
{
    struct change ch = change_of(c, call_text(c, "slug"));
    enum err e;

    ch.user_id = call_number(c, "user_id", c->actor.user_id);
    e = take_out(c, &ch, f);
    if (e)
        return e;
    if (call_wants_page(c))
        return answer_see_other(
            c, answer_room_url(c, ch.user_id == c->actor.user_id ? NULL : ch.slug));
    return answer_empty(c, 204);
}

/* ----- people ----- */

/* Whom one may mention in that room. */
static enum err answer_mentionable(struct call *c, const char *room, struct fail *f)
{
    struct mentionable found[PEOPLE_FOUND_MAX];
    struct json_object *o, *list;
    size_t count = 0;
    enum err e =
        mentionable_search(c->chat, c->arena, &c->actor, room, call_text(c, "q"), found, &count, f);

    if (e)
        return e;
    o = json_object_new_object();
    list = json_object_new_array();
    for (size_t i = 0; i < count; i++) {
        struct json_object *person = wire_person(&found[i].user);

        json_set_str(person, "mention", found[i].shown);
        json_object_array_add(list, person);
    }
    json_set(o, "users", list);
    return answer_json(c, 200, o);
}

enum err handle_people(struct call *c, struct fail *f)
{
    const char *room = call_text(c, "room");
    struct user found[PEOPLE_FOUND_MAX];
    struct json_object *o;
    size_t count = 0;
    enum err e;

    if (room)
        return answer_mentionable(c, room, f);
    e = people_search(c->chat, c->arena, &c->actor, call_text(c, "q"), found, &count, f);
    if (e)
        return e;
    o = json_object_new_object();
    json_set(o, "users", wire_people(found, count));
    return answer_json(c, 200, o);
}

enum err handle_person(struct call *c, struct fail *f)
{
    struct json_object *o;
    struct user u;
    enum err e = people_find(c->chat, c->arena, &c->actor, call_number(c, "id", 0), &u, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set(o, "user", wire_person(&u));
    return answer_json(c, 200, o);
}
