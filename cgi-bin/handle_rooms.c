/* rooms/, read marks, presence/ and health/. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/online.h"
#include "chat/typing.h"
#include "chat/wire_room.h"
#include "lib/embedded.h"

#include <string.h>

static struct json_object *wire_rooms(const struct room_view *list, size_t count)
{
    struct json_object *rooms = json_object_new_array_ext((int)count);

    for (size_t i = 0; i < count; i++)
        json_object_array_add(rooms, wire_room(&list[i]));
    return rooms;
}

/* What there is for whoever asks: rooms and invitations. */
enum err handle_rooms(struct call *c, struct fail *f)
{
    struct room_view *list = arena_alloc(c->arena, ROOMS_MAX * sizeof *list);
    struct invitation *invitations;
    struct json_object *o;
    size_t count = 0, away = 0, invited = 0;
    enum err e = rooms_list(c->chat, c->arena, &c->actor, list, &count, f);

    if (!e)
        e = rooms_list_away(c->chat, c->arena, &c->actor, list + count, ROOMS_MAX - count, &away,
                            f);
    if (!e)
        e = members_invitations(c->chat, c->arena, &c->actor, &invitations, &invited, f);
    if (e)
        return e;
    o = json_object_new_object();
    json_set(o, "rooms", wire_rooms(list, count));
    json_set(o, "away", wire_rooms(list + count, away));
    json_set(o, "invitations", wire_invitations(invitations, invited));
    return answer_json(c, 200, o);
}

struct mark {
    const struct call *call;
    const struct room_view *room;
    bool changed;
};

static enum err mark_read(struct chat *chat, void *arg, struct fail *f)
{
    struct mark *m = arg;

    enum err e = rooms_mark_read(chat, &m->call->actor, m->room, call_number(m->call, "up_to", 0),
                                 &m->changed, f);

    return !e && m->changed ? rooms_tell_read(chat, &m->call->actor, m->room, f) : e;
}

enum err handle_room_read(struct call *c, struct fail *f)
{
    const char *slug = call_text(c, "slug");
    struct room_view view;
    struct mark mark = {.call = c, .room = &view};
    struct json_object *o;
    enum err e = rooms_find(c->chat, c->arena, &c->actor, slug, &view, f);

    if (!e)
        e = chat_write(c->chat, mark_read, &mark, f);
    if (!e)
        e = rooms_find(c->chat, c->arena, &c->actor, slug, &view, f);
    if (e)
        return e;
    if (call_wants_page(c))
        return answer_see_other(c, answer_room_url(c, view.room.slug));
    o = json_object_new_object();
    json_set_i64(o, "last_read_seq", view.last_read_seq);
    json_set_i64(o, "unread", view.unread);
    json_set_i64(o, "mentions", view.mentions);
    return answer_json(c, 200, o);
}

/* Who is in the room, and how many are here at all. */
enum err handle_presence(struct call *c, struct fail *f)
{
    struct room_view view;
    struct online *here, *everybody;
    size_t count = 0, total = 0;
    struct json_object *o;
    enum err e = rooms_find(c->chat, c->arena, &c->actor, call_text(c, "room"), &view, f);

    if (!e)
        e = online_list(c->chat, c->arena, view.room.id, &here, &count, f);
    if (!e)
        e = online_list(c->chat, c->arena, 0, &everybody, &total, f);
    if (e)
        return e;
    o = json_object_new_object();
    json_set_str(o, "room", rooms_wire_name(&view.room));
    json_set_i64(o, "count", (int64_t)count);
    json_set_i64(o, "total", (int64_t)total);
    json_set(o, "online", wire_online(here, count));
    return answer_json(c, 200, o);
}

enum err handle_presence_put(struct call *c, struct fail *f)
{
    const char *conn = call_text(c, "conn"), *state = call_text(c, "state");
    struct room_view view;
    enum err e;

    if (strcmp(state, "gone") == 0) {
        e = online_leave(c->chat, &c->actor, conn, f);
        return e ? e : answer_empty(c, 204);
    }
    e = rooms_find(c->chat, c->arena, &c->actor, call_text(c, "room"), &view, f);
    if (!e)
        e = online_renew(c->chat, &c->actor, conn, view.room.id, state,
                         c->app->conf->ws_heartbeat_ms, f);
    return e ? e : answer_empty(c, 204);
}

enum err handle_typing(struct call *c, struct fail *f)
{
    enum err e = typing_say(c->chat, c->arena, &c->actor, call_text(c, "slug"),
                            call_number(c, "on", 1) != 0, f);

    return e ? e : answer_empty(c, 204);
}

/* Says that the database answers, and whether it may be written to; the schema is the program's, or
 * it would not have opened it. */
enum err handle_health(struct call *c, struct fail *f)
{
    struct json_object *o;
    const char *epoch;
    int64_t schema = 0;
    enum err e = db_epoch(c->chat->db, c->arena, &epoch, f);

    if (e)
        return e;
    while (embedded_chat_migrations[schema].name)
        schema++;
    o = json_object_new_object();
    json_set_str(o, "status", db_alarm(c->chat->db) ? "read_only" : "ok");
    json_set_str(o, "storage", db_alarm(c->chat->db));
    json_set_i64(o, "schema", schema);
    json_set_str(o, "epoch", epoch);
    return answer_json(c, 200, o);
}
