#include "chat/wire_room.h"

#include <string.h>

static struct json_object *wire_rights(struct members_rights may, bool is_default)
{
    struct json_object *o = json_object_new_object();

    json_set_bool(o, "invite", may.invite);
    json_set_bool(o, "leave", may.leave);
    json_set_bool(o, "remove", may.remove);
    json_set_bool(o, "hide", may.hide);
    json_set_bool(o, "settle", may.settle);
    json_set_bool(o, "archive", may.settle && !is_default);
    return o;
}

struct json_object *wire_room_settings(const struct room_view *v, const struct actor *who,
                                       const char *default_room)
{
    struct json_object *o = wire_room(v);
    bool is_default = strcmp(v->room.slug, default_room) == 0;

    if (v->room.owner_id)
        json_set_i64(o, "owner_id", v->room.owner_id);
    json_set_str(o, "post_policy", v->room.post_policy);
    json_set_str(o, "invite_policy", v->room.invite_policy);
    json_set_i64(o, "slow_s", v->room.slow_s);
    json_set(o, "may", wire_rights(members_rights(who, &v->room), is_default));
    return o;
}

struct json_object *wire_members(const struct member *list, size_t count, bool invited)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < count; i++) {
        const struct member *m = &list[i];
        struct json_object *o;

        if ((m->inviter_id != 0) != invited)
            continue;
        o = json_object_new_object();
        json_set_i64(o, "user_id", m->user_id);
        json_set_str(o, "username", m->username);
        json_set_str(o, "role", m->role);
        if (invited)
            json_set_i64(o, "inviter_id", m->inviter_id);
        json_set_i64(o, "since", m->since_ms);
        json_object_array_add(array, o);
    }
    return array;
}

static struct json_object *wire_invitation(const struct invitation *in)
{
    struct json_object *o = json_object_new_object(), *inviter = json_object_new_object();

    json_set_str(o, "id", in->room.slug);
    json_set_str(o, "title", in->room.title);
    json_set_str(o, "topic", in->room.topic);
    json_set_str(o, "kind", in->room.kind);
    json_set_i64(inviter, "user_id", in->inviter_id);
    json_set_str(inviter, "username", in->inviter_name);
    json_set(o, "inviter", inviter);
    json_set_i64(o, "since", in->since_ms);
    return o;
}

struct json_object *wire_invitations(const struct invitation *list, size_t count)
{
    struct json_object *array = json_object_new_array_ext((int)count);

    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, wire_invitation(&list[i]));
    return array;
}

struct json_object *wire_person(const struct user *u)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "user_id", u->id);
    json_set_str(o, "username", u->username);
    json_set_str(o, "role", u->role);
    json_set_i64(o, "since", u->first_seen_ms);
    return o;
}

struct json_object *wire_people(const struct user *list, size_t count)
{
    struct json_object *array = json_object_new_array_ext((int)count);

    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, wire_person(&list[i]));
    return array;
}
