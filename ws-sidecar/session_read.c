/* What a reader reads: welcome, subscriptions, history, the lists of who is online. */
#include "ws-sidecar/session_part.h"

#include "ws-sidecar/longpoll.h"
#include "ws-sidecar/presence_tab.h"

#include <string.h>

static void subscribe(struct session *x, const struct room_view *v, int64_t since)
{
    struct sidecar *s = x->sidecar;

    hub_subscribe(s->hub, &x->reader, v->room.id, rooms_wire_name(&v->room), v->room.head, since);
    sidecar_wake(s);
}

/* ----- a seed socket ----- */

/* It cannot ask for what it missed, and who it is takes the writer's time: so it shall get what is
 * stored meanwhile. */
void session_note_default(struct session *x)
{
    struct sidecar *s = x->sidecar;
    struct room r;
    struct arena a;
    struct fail f;

    arena_init(&a);
    x->seed_from = room_by_slug(s->chat.db, &a, s->conf->default_room, &r, &f) ? -1 : r.head;
    arena_release(&a);
}

void session_read_default(struct session *x)
{
    struct sidecar *s = x->sidecar;
    struct room_view v;
    struct arena a;
    struct fail f;

    arena_init(&a);
    if (rooms_find(&s->chat, &a, &x->actor, NULL, &v, &f)) {
        session_fail(x, &f, NULL, NULL);
    } else {
        x->present_room = v.room.id;
        subscribe(x, &v, x->seed_from <= v.room.head ? x->seed_from : -1);
    }
    arena_release(&a);
}

/* ----- hello ----- */

static struct json_object *limits_of(const struct conf *conf)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "message_max_chars", conf->message_max_chars);
    json_set_i64(o, "message_max_bytes", conf->message_max_bytes);
    json_set_i64(o, "frame_max_bytes", 16384);
    json_set_i64(o, "lag_events", conf->ws_max_lag_events);
    return o;
}

static struct json_object *welcome(const struct session *x, const char *epoch,
                                   const struct history_cursor *cursors, size_t count)
{
    const struct conf *conf = x->sidecar->conf;
    struct json_object *o = json_object_new_object(), *rooms = json_object_new_object();

    for (size_t i = 0; i < count; i++) {
        if (!cursors[i].err)
            json_set(rooms, rooms_wire_name(&cursors[i].view.room),
                     wire_room_state(&cursors[i].view));
    }
    json_set_str(o, "type", "welcome");
    json_set_str(o, "proto", "chat.v1");
    json_set_str(o, "epoch", epoch);
    json_object_object_add(o, "user", wire_user(&x->actor));
    json_set(o, "rooms", rooms);
    json_set(o, "limits", limits_of(conf));
    json_set_i64(o, "heartbeat_ms", conf->ws_heartbeat_ms);
    return o;
}

/* One room of hello or subscribe is read from now on, unless it is not there or must be loaded
 * again. */
static void open_room(struct session *x, const struct history_cursor *c)
{
    if (!c->err && c->resync)
        hub_unsubscribe(x->sidecar->hub, &x->reader, c->view.room.id);
    else if (!c->err)
        subscribe(x, &c->view, c->since);
}

/* And where it is not read, why. */
static void excuse_room(struct session *x, const struct history_cursor *c, const char *epoch)
{
    const struct room *r = &c->view.room;
    struct fail f;

    if (c->err) {
        fail(&f, c->err, NULL);
        session_fail(x, &f, NULL, c->room);
    } else if (c->resync) {
        session_send(
            x, frames_of(wire_resync(rooms_wire_name(r), epoch, r->head, r->floor, c->resync)));
    }
}

/* Without rooms: the default one and one's own log, from now on. */
static enum err cursors_of(struct session *x, const struct client_frame *hello, struct arena *a,
                           struct history_cursor **out, size_t *count, struct fail *f)
{
    enum err e = frames_rooms(hello, a, out, count, f);

    if (e || hello->rooms)
        return e;
    *out = arena_alloc(a, 2 * sizeof(**out));
    (*out)[0] = (struct history_cursor){.room = x->sidecar->conf->default_room, .since = -1};
    (*out)[1] = (struct history_cursor){.room = "@me", .since = -1};
    *count = x->actor.kind == ACTOR_ANONYMOUS ? 1 : 2;
    return OK;
}

static void look_at_first(struct session *x, const struct history_cursor *cursors, size_t count)
{
    x->present_room = 0;
    for (size_t i = 0; i < count && !x->present_room; i++) {
        if (!cursors[i].err && strcmp(cursors[i].view.room.kind, "self") != 0)
            x->present_room = cursors[i].view.room.id;
    }
    if (x->tab)
        presence_tab_seen(x);
    else
        presence_changed(x);
}

/* Everything that the client named, from welcome on. */
static void enter(struct session *x, const char *epoch, const struct history_cursor *cursors,
                  size_t count)
{
    hub_leave(x->sidecar->hub, &x->reader); /* what a seed read */
    x->mode = SESSION_CHAT;
    x->reader.sink = &session_chat_sink;
    session_watch(x); /* from now on it is pinged */
    for (size_t i = 0; i < count; i++)
        open_room(x, &cursors[i]);
    session_send(x, frames_of(welcome(x, epoch, cursors, count)));
    for (size_t i = 0; i < count; i++)
        excuse_room(x, &cursors[i], epoch);
    look_at_first(x, cursors, count);
    session_send_presence(x);
}

void session_welcome(struct session *x, const struct client_frame *hello)
{
    struct history_cursor *cursors = NULL;
    const char *epoch = "";
    struct arena a;
    struct fail f;
    size_t count = 0;
    enum err e;

    arena_init(&a);
    e = cursors_of(x, hello, &a, &cursors, &count, &f);
    if (!e)
        e = history_open_cursors(&x->sidecar->chat, &a, &x->actor, hello->epoch, cursors, count,
                                 &epoch, &f);
    if (e) { /* it may say hello again */
        session_fail(x, &f, NULL, NULL);
        arena_release(&a);
        return;
    }
    enter(x, epoch, cursors, count);
    arena_release(&a);
}

/* ----- a stream, a poll ----- */

static void read_poll(struct session *x, const struct request *wants)
{
    x->reader.sink = &session_poll_sink;
    look_at_first(x, wants->cursors, wants->count);
    if (!longpoll_begin(x->conn, wants))
        return; /* answered at once */
    for (size_t i = 0; i < wants->count; i++)
        open_room(x, &wants->cursors[i]);
}

void session_read_request(struct session *x)
{
    struct request *wants = &x->request->wants;
    const char *epoch = "";
    struct fail f;

    if (history_open_cursors(&x->sidecar->chat, &x->request->arena, &x->actor, wants->epoch,
                             wants->cursors, wants->count, &epoch, &f)) {
        session_fail(x, &f, NULL, NULL);
        return;
    }
    x->epoch = xstrdup(epoch);
    if (x->kind == HANDSHAKE_POLL) {
        read_poll(x, wants);
        return;
    }
    enter(x, epoch, wants->cursors, wants->count);
    session_drop_request(x);
}

/* ----- rooms later ----- */

static void confirm(struct session *x, const struct room_view *v)
{
    struct json_object *o = wire_room_state(v);

    json_set_str(o, "type", "subscribed");
    json_set_str(o, "room", rooms_wire_name(&v->room));
    session_send(x, frames_of(o));
}

static void send_presence_of(void *ctx, int64_t room_id, const char *room, int64_t cursor)
{
    struct session *x = ctx;

    (void)cursor;
    if (room[0] != '@')
        session_send(x, presence_full(x->sidecar, room_id, room));
}

void session_send_presence(struct session *x)
{
    x->presence_stale = false;
    if (x->mode != SESSION_CHAT)
        return;
    hub_each_room(&x->reader, send_presence_of, x);
    session_send(x, presence_full(x->sidecar, 0, "*"));
}

void session_subscribe(struct session *x, const struct client_frame *c)
{
    struct history_cursor cursor = {.room = c->room, .since = c->since};
    const char *epoch = "";
    struct arena a;
    struct fail f;
    enum err e;

    if (hub_reader_rooms(&x->reader) >= FRAMES_ROOMS_MAX) {
        fail(&f, ERR_BAD_REQUEST, "At most %d rooms.", (int)FRAMES_ROOMS_MAX);
        session_fail(x, &f, NULL, c->room);
        return;
    }
    arena_init(&a);
    e = history_open_cursors(&x->sidecar->chat, &a, &x->actor, c->epoch, &cursor, 1, &epoch, &f);
    if (e) {
        session_fail(x, &f, NULL, c->room);
    } else {
        const char *name = cursor.err ? "@" : rooms_wire_name(&cursor.view.room);

        if (!cursor.err && !cursor.resync)
            confirm(x, &cursor.view);
        open_room(x, &cursor);
        excuse_room(x, &cursor, epoch);
        if (!cursor.err && !cursor.resync)
            send_presence_of(x, cursor.view.room.id, name, 0);
    }
    arena_release(&a);
}

void session_unsubscribe(struct session *x, const struct client_frame *c)
{
    struct room_view v;
    struct arena a;
    struct fail f;

    arena_init(&a);
    if (rooms_find(&x->sidecar->chat, &a, &x->actor, c->room, &v, &f))
        session_fail(x, &f, NULL, c->room);
    else
        hub_unsubscribe(x->sidecar->hub, &x->reader, v.room.id);
    arena_release(&a);
}

/* ----- out of a room ----- */

struct room_by_name {
    const char *name;
    int64_t id; /* 0: it is not read */
};

static void compare_name(void *ctx, int64_t room_id, const char *room, int64_t cursor)
{
    struct room_by_name *wanted = ctx;

    (void)cursor;
    if (strcmp(room, wanted->name) == 0)
        wanted->id = room_id;
}

/* For a socket or a stream the room is now what it is for everybody outside. */
static void put_out(struct session *x, const char *room)
{
    struct room_by_name wanted = {.name = room};
    struct fail f;

    hub_each_room(&x->reader, compare_name, &wanted);
    if (!wanted.id)
        return;
    hub_unsubscribe(x->sidecar->hub, &x->reader, wanted.id);
    if (x->present_room == wanted.id) {
        x->present_room = 0;
        presence_changed(x);
    }
    if (x->mode != SESSION_CHAT)
        return;
    fail(&f, ERR_ROOM_NOT_FOUND, NULL);
    session_fail(x, &f, NULL, room);
}

void session_membership(struct sidecar *s, int64_t user_id, const char *payload)
{
    struct session *x = map_get_id(&s->by_user, user_id), *next;
    struct json_object *o = NULL;
    const char *change, *room;
    struct fail f;

    if (!payload || json_parse(payload, strlen(payload), &o, &f))
        return;
    change = json_object_get_string(json_object_object_get(o, "change"));
    room = json_object_get_string(json_object_object_get(o, "of"));
    if (change && room && (strcmp(change, "left") == 0 || strcmp(change, "removed") == 0)) {
        for (; x; x = next) {
            next = x->next_of_user;
            put_out(x, room);
        }
    }
    json_object_put(o);
}

/* ----- history ----- */

static struct json_object *page_object(const struct history_page *p)
{
    struct json_object *o = wire_page(p);

    json_set_str(o, "type", "history");
    return o;
}

void session_history(struct session *x, const struct client_frame *c)
{
    struct history_page page;
    struct arena a;
    struct fail f;

    arena_init(&a);
    if (history_messages(&x->sidecar->chat, &a, &x->actor, c->room, c->before, c->after,
                         (size_t)c->limit, &page, &f))
        session_fail(x, &f, NULL, c->room);
    else
        session_send(x, frames_of(page_object(&page)));
    arena_release(&a);
}
