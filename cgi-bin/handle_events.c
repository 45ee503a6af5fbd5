/* events/: what is newer than the client's cursors. Immediate; a worker never waits. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/online.h"
#include "chat/wire.h"
#include "lib/text.h"

#include <string.h>

enum { CURSORS_MAX = ROOMS_MAX + 1, POLL_AFTER_MS = 2000 };

struct poll {
    struct history_cursor cursors[CURSORS_MAX];
    size_t count;
};

/* "general:41,@me:7". A room without a number: from now on. */
static enum err parse_cursors(struct arena *a, const char *text, struct poll *p, struct fail *f)
{
    while (*text) {
        size_t item = strcspn(text, ","), name = strcspn(text, ":,");
        struct history_cursor cursor = {.since = -1};

        if (p->count == CURSORS_MAX)
            return fail(f, ERR_BAD_REQUEST, "rooms names more than %d rooms.", CURSORS_MAX);
        if (!text_is_slug(text, name) ||
            (name < item &&
             !text_to_i64(text + name + 1, item - name - 1, 0, INT64_MAX, &cursor.since)))
            return fail(f, ERR_BAD_REQUEST, "rooms must look like general:41,@me:7.");
        cursor.room = arena_strn(a, text, name);
        for (size_t i = 0; i < p->count; i++)
            if (strcmp(p->cursors[i].room, cursor.room) == 0)
                return fail(f, ERR_BAD_REQUEST, "rooms names %s twice.", cursor.room);
        p->cursors[p->count++] = cursor;
        text += item + (text[item] == ',');
    }
    return p->count ? OK : fail(f, ERR_BAD_REQUEST, "rooms is empty.");
}

/* 410 with every room that must be loaded again; the client comes back with new cursors. */
static enum err answer_resync(struct call *c, const struct poll *p, const char *epoch)
{
    struct json_object *o = json_object_new_object(), *rooms = json_object_new_array(), *error;
    struct fail gone;

    fail(&gone, ERR_RESYNC, NULL);
    error = wire_error(&gone, NULL);
    json_object_object_del(error, "type");
    for (size_t i = 0; i < p->count; i++) {
        const struct history_cursor *cursor = &p->cursors[i];

        if (cursor->resync)
            json_object_array_add(rooms, wire_resync(cursor->room, epoch, cursor->view.room.head,
                                                     cursor->view.room.floor, cursor->resync));
    }
    json_set(o, "error", error);
    json_set(o, "resync", rooms);
    return answer_json(c, err_row(ERR_RESYNC)->http_status, o);
}

/* The only self room whose events one gets is one's own. */
static struct json_object *events_json(const struct event *events, size_t count)
{
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < count; i++) {
        const char *room = events[i].room_slug;

        json_object_array_add(list, wire_event(&events[i], *room == '@' ? "@me" : room));
    }
    return list;
}

/* The state of each room asked for, and the names of those that are not there (any more). */
static void add_rooms(const struct poll *p, struct json_object *o)
{
    struct json_object *rooms = json_object_new_object(), *missing = NULL;

    for (size_t i = 0; i < p->count; i++) {
        const struct history_cursor *cursor = &p->cursors[i];

        if (!cursor->err) {
            json_set(rooms, cursor->room, wire_room_state(&cursor->view));
            continue;
        }
        if (!missing)
            missing = json_object_new_array();
        json_object_array_add(missing, json_object_new_string(cursor->room));
    }
    json_set(o, "rooms", rooms);
    if (missing)
        json_set(o, "missing", missing);
}

/* The poll says that its page is there, looking at the first room. */
static enum err renew_presence(struct call *c, const struct poll *p, struct fail *f)
{
    const char *conn = call_text(c, "conn");
    const struct history_cursor *first = &p->cursors[0];

    if (!conn || c->actor.kind == ACTOR_ANONYMOUS)
        return OK;
    return online_renew(c->chat, &c->actor, conn, first->err ? 0 : first->view.room.id,
                        call_text(c, "state"), POLL_AFTER_MS, f);
}

enum err handle_events(struct call *c, struct fail *f)
{
    struct poll *p = arena_alloc(c->arena, sizeof *p);
    struct event *events = NULL;
    struct json_object *o;
    const char *epoch;
    size_t count = 0;
    bool more = false;
    enum err e = parse_cursors(c->arena, call_text(c, "rooms"), p, f);

    if (!e)
        e = db_epoch(c->chat->db, c->arena, &epoch, f);
    if (!e)
        e = history_open_cursors(c->chat, c->arena, &c->actor, call_text(c, "epoch"), p->cursors,
                                 p->count, f);
    if (!e)
        e = renew_presence(c, p, f);
    if (e)
        return e;
    for (size_t i = 0; i < p->count; i++)
        if (p->cursors[i].resync)
            return answer_resync(c, p, epoch);
    e = history_events(c->chat, c->arena, &c->actor, p->cursors, p->count, &events, &count, &more,
                       f);
    if (e)
        return e;
    o = json_object_new_object();
    json_set(o, "events", events_json(events, count));
    json_set_str(o, "epoch", epoch);
    add_rooms(p, o);
    json_set_bool(o, "more", more);
    json_set_i64(o, "poll_after_ms", POLL_AFTER_MS);
    return answer_json(c, 200, o);
}
