/* events/: what is newer than the client's cursors; at once, or where no sidecar runs when there is
 * something (hold.h). */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "cgi-bin/hold.h"
#include "chat/online.h"
#include "chat/wire.h"
#include "lib/text.h"

#include <string.h>

/* When a client is to come again: one that does not wait; one that had to wait and could not; one
 * that waited and got something, so that a lively room does not keep a process busy alone. */
enum { POLL_AFTER_MS = 2000, CUT_AFTER_MS = 3000, NEWS_AFTER_MS = 500 };

enum { CURSORS_MAX = ROOMS_MAX + 1 };

struct poll {
    struct history_cursor cursors[CURSORS_MAX];
    size_t count;
    const char *epoch; /* of the first look */
    bool resync;       /* of one cursor at least */
    struct event *events;
    size_t event_count;
    bool more;
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
static enum err answer_resync(struct call *c, const struct poll *p)
{
    struct json_object *o = json_object_new_object(), *rooms = json_object_new_array(), *error;
    struct fail gone;

    fail(&gone, ERR_RESYNC, NULL);
    error = wire_error(&gone, NULL);
    json_object_object_del(error, "type");
    for (size_t i = 0; i < p->count; i++) {
        const struct history_cursor *cursor = &p->cursors[i];

        if (cursor->resync)
            json_object_array_add(rooms, wire_resync(cursor->room, p->epoch, cursor->view.room.head,
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

/* The poll says that its page is there, looking at the first room; one that waits says so for as
 * long as it may take. */
static enum err renew_presence(struct call *c, const struct poll *p, struct fail *f)
{
    const char *conn = call_text(c, "conn");
    const struct history_cursor *first = &p->cursors[0];
    int64_t interval_ms = POLL_AFTER_MS + call_number(c, "wait", 0) * 1000;

    if (!conn || c->actor.kind == ACTOR_ANONYMOUS)
        return OK;
    return online_renew(c->chat, &c->actor, conn, first->err ? 0 : first->view.room.id,
                        call_text(c, "state"), interval_ms, f);
}

/* The events that the cursors lack, or which of the rooms must be loaded again. `epoch` is what the
 * cursors are of. */
static enum err look(struct call *c, struct poll *p, const char *epoch, struct fail *f)
{
    enum err e = db_epoch(c->chat->db, c->arena, &p->epoch, f);

    if (!e)
        e = history_open_cursors(c->chat, c->arena, &c->actor, epoch, p->cursors, p->count, f);
    for (size_t i = 0; !e && i < p->count; i++)
        p->resync = p->resync || p->cursors[i].resync;
    if (e || p->resync)
        return e;
    return history_events(c->chat, c->arena, &c->actor, p->cursors, p->count, &p->events,
                          &p->event_count, &p->more, f);
}

/* Whoever was banned meanwhile, or is not known in another database, gets no news. */
static enum err look_again(struct call *c, struct poll *p, bool moved, struct fail *f)
{
    enum err e = moved ? auth_identify(c, f) : identity_refresh(c->chat, c->arena, &c->actor, f);

    return e ? e : look(c, p, p->epoch, f);
}

static enum err wait_for_news(struct call *c, struct hold *h, struct poll *p, struct fail *f)
{
    bool again = true, moved;
    enum err e = OK;

    while (!e && again && p->event_count == 0 && !p->resync) {
        e = hold_wait(h, &again, &moved, f);
        if (!e && again)
            e = look_again(c, p, moved, f);
    }
    return e;
}

static int64_t poll_after_ms(const struct hold *h, const struct poll *p)
{
    if (h->refused || h->cut)
        return CUT_AFTER_MS;
    if (!h->taken)
        return POLL_AFTER_MS;
    return p->event_count ? NEWS_AFTER_MS : 0;
}

static enum err answer_events(struct call *c, const struct poll *p, const struct hold *h)
{
    struct json_object *o = json_object_new_object();

    json_set(o, "events", events_json(p->events, p->event_count));
    json_set_str(o, "epoch", p->epoch);
    add_rooms(p, o);
    json_set_bool(o, "more", p->more);
    if (call_value(c, "wait")->given)
        json_set_bool(o, "waited", h->taken && !h->cut);
    json_set_i64(o, "poll_after_ms", poll_after_ms(h, p));
    return answer_json(c, 200, o);
}

enum err handle_events(struct call *c, struct fail *f)
{
    struct poll *p = arena_alloc(c->arena, sizeof *p);
    enum err e = parse_cursors(c->arena, call_text(c, "rooms"), p, f);
    struct hold h;

    if (e)
        return e;
    hold_begin(&h, c, call_number(c, "wait", 0));
    e = look(c, p, call_text(c, "epoch"), f);
    if (!e)
        e = renew_presence(c, p, f);
    if (!e)
        e = wait_for_news(c, &h, p, f);
    hold_end(&h);
    if (e)
        return e;
    return p->resync ? answer_resync(c, p) : answer_events(c, p, &h);
}
