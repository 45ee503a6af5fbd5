/* The lists of rooms, and the pages that need no script: about a room,
 * about a person, a new room. */
#include "cgi-bin/page.h"

#include "cgi-bin/answer.h"
#include "chat/open_room.h"
#include "chat/people.h"
#include "chat/wire_room.h"

#include <string.h>

static const char *count_label(const struct call *c, int64_t count)
{
    if (count <= 0)
        return "";
    return count > 99 ? "99+" : arena_fmt(c->arena, "%lld", (long long)count);
}

/* The room being read shows no count: its messages are on the page. Nor does what is out of the
 * way. */
static struct json_object *room_link(struct call *c, const struct room_view *v, bool is_current)
{
    struct json_object *room = wire_room(v);
    bool quiet = is_current || v->hidden || v->room.archived_ms;

    json_set_str(room, "url", answer_room_url(c, v->room.slug));
    json_set_bool(room, "current", is_current);
    json_set_bool(room, "muted", v->muted_until > clock_wall_ms(&c->chat->clock));
    json_set_str(room, "unread_label", quiet ? "" : count_label(c, v->unread));
    json_set_str(room, "mentions_label", quiet ? "" : count_label(c, v->mentions));
    return room;
}

static enum err add_invitations(struct call *c, struct json_object *o, struct fail *f)
{
    struct invitation *list;
    size_t count = 0;
    enum err e = members_invitations(c->chat, c->arena, &c->actor, &list, &count, f);

    if (e)
        return e;
    json_set(o, "invitations", wire_invitations(list, count));
    json_set_bool(o, "has_invitations", count > 0);
    return OK;
}

/* What is out of the way, as links in a list of their own. */
static void add_away(struct call *c, const struct room_view *list, size_t count,
                     const struct room *current, struct json_object *o)
{
    struct json_object *away = json_object_new_array();
    bool open = false;

    for (size_t i = 0; i < count; i++) {
        bool is_current = list[i].room.id == current->id;

        open = open || is_current;
        json_object_array_add(away, room_link(c, &list[i], is_current));
    }
    json_set_bool(o, "has_away", count > 0);
    json_set_bool(o, "away_open", open);
    json_set(o, "away", away);
}

enum err page_add_rooms(struct call *c, const struct room *current, struct json_object *o,
                        struct fail *f)
{
    struct room_view *list = arena_alloc(c->arena, ROOMS_MAX * sizeof *list);
    struct json_object *rooms = json_object_new_array(), *direct = json_object_new_array();
    int64_t mentions = 0;
    size_t count = 0, away = 0;
    enum err e = rooms_list(c->chat, c->arena, &c->actor, list, &count, f);

    if (!e)
        e = rooms_list_away(c->chat, c->arena, &c->actor, list + count, ROOMS_MAX - count, &away,
                            f);
    if (!e)
        add_away(c, list + count, away, current, o);
    for (size_t i = 0; !e && i < count; i++) {
        const struct room *r = &list[i].room;

        mentions += r->id == current->id ? 0 : list[i].mentions;
        json_object_array_add(strcmp(r->kind, "direct") == 0 ? direct : rooms,
                              room_link(c, &list[i], r->id == current->id));
    }
    json_set(o, "rooms", rooms);
    json_set_str(o, "mentions_label", count_label(c, mentions));
    json_set_bool(o, "has_direct", json_object_array_length(direct) > 0);
    json_set(o, "direct", direct);
    return e ? e : add_invitations(c, o, f);
}

/* ----- about a room ----- */

/* Who is owner, and whom the reader may take out. */
static void mark_members(struct json_object *list, const struct room *r, bool removes,
                         int64_t reader_id, bool invited)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        int64_t id = json_object_get_int64(json_object_object_get(one, "user_id"));
        bool own = invited &&
                   json_object_get_int64(json_object_object_get(one, "inviter_id")) == reader_id;

        json_set_bool(one, "owner", id == r->owner_id);
        json_set_bool(one, "removable", own || (removes && id != reader_id && id != r->owner_id));
    }
}

static void add_people(const struct call *c, const struct room *r, const struct member *list,
                       size_t count, struct json_object *o)
{
    bool removes = members_rights(&c->actor, r).remove;
    struct json_object *members = wire_members(list, count, false),
                       *invited = wire_members(list, count, true);

    mark_members(members, r, removes, c->actor.user_id, false);
    mark_members(invited, r, removes, c->actor.user_id, true);
    json_set_bool(o, "has_members", count > 0);
    json_set_bool(o, "has_invited", json_object_array_length(invited) > 0);
    json_set(o, "members", members);
    json_set(o, "invited", invited);
}

struct choice {
    const char *value, *label;
};

static struct json_object *choices(const struct choice *list, size_t count, const char *chosen)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < count; i++) {
        struct json_object *o = json_object_new_object();

        json_set_str(o, "value", list[i].value);
        json_set_str(o, "label", list[i].label);
        json_set_bool(o, "chosen", strcmp(list[i].value, chosen) == 0);
        json_object_array_add(array, o);
    }
    return array;
}

static void add_settings(const struct call *c, const struct room_view *v, struct json_object *o)
{
    static const struct choice post[] = {{"all", "Everybody"},
                                         {"members", "Everybody but guests"},
                                         {"moderators", "Moderators and the owner"}},
                               invite[] = {{"members", "Every member"},
                                           {"owner", "The owner and moderators"}};

    json_set_bool(o, "muted", v->muted_until > clock_wall_ms(&c->chat->clock));
    json_set(o, "post_choices", choices(post, ARRAY_LEN(post), v->room.post_policy));
    json_set(o, "invite_choices", choices(invite, ARRAY_LEN(invite), v->room.invite_policy));
}

enum err page_room_data(struct call *c, const char *slug, struct json_object **out, struct fail *f)
{
    struct json_object *o, *room;
    struct room_view v;
    struct member *list;
    size_t count = 0;
    enum err e = members_list(c->chat, c->arena, &c->actor, slug, &v, &list, &count, f);

    if (e)
        return e;
    o = *out = json_object_new_object();
    page_add_site(c, o);
    page_add_me(c, o);
    room = wire_room_settings(&v, &c->actor, c->app->conf->default_room);
    json_set_str(room, "url", answer_room_url(c, v.room.slug));
    json_set(o, "room", room);
    json_set_str(o, "title", v.room.title);
    json_set_bool(o, "is_public", strcmp(v.room.kind, "public") == 0);
    json_set_bool(o, "is_direct", strcmp(v.room.kind, "direct") == 0);
    json_set_bool(o, "is_private", strcmp(v.room.kind, "private") == 0);
    add_settings(c, &v, o);
    add_people(c, &v.room, list, count, o);
    return OK;
}

/* ----- about a person; a new room ----- */

static const char *role_label(const char *role)
{
    static const char *const labels[][2] = {
        {"guest", "Guest"}, {"moderator", "Moderator"}, {"admin", "Administrator"}};

    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        if (strcmp(role, labels[i][0]) == 0)
            return labels[i][1];
    return "Member";
}

enum err page_person_data(struct call *c, int64_t user_id, struct json_object **out, struct fail *f)
{
    struct json_object *o, *person;
    struct user u;
    enum err e = people_find(c->chat, c->arena, &c->actor, user_id, &u, f);

    if (e)
        return e;
    o = *out = json_object_new_object();
    page_add_site(c, o);
    page_add_me(c, o);
    person = wire_person(&u);
    json_set_str(person, "initial", page_initial(c->arena, u.username));
    json_set_str(person, "role_label", role_label(u.role));
    json_set_str(person, "since_label", page_day(c->arena, u.first_seen_ms));
    json_set(o, "person", person);
    json_set_str(o, "title", u.username);
    json_set_bool(o, "can_talk", c->actor.kind == ACTOR_USER && u.id != c->actor.user_id);
    return OK;
}

struct json_object *page_new_room_data(struct call *c)
{
    struct json_object *o = json_object_new_object();

    page_add_site(c, o);
    page_add_me(c, o);
    json_set_str(o, "title", "New room or conversation");
    json_set_bool(o, "can_open", open_may_private(c->app->conf, &c->actor));
    json_set_bool(o, "can_publish", actor_is_moderator(&c->actor));
    return o;
}
