/* events/: what is newer than the client's cursors; at once, or where no sidecar runs when there is
 * something (hold.h). */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "cgi-bin/hold.h"
#include "chat/online.h"
#include "chat/wire.h"
#include "chat/wire_typing.h"

/* When a client is to come again: one that does not wait; one that had to wait and could not; one
 * that waited and got something, so that a lively room does not keep a process busy alone. */
enum { POLL_AFTER_MS = 2000, CUT_AFTER_MS = 3000, NEWS_AFTER_MS = 500 };

struct poll {
    struct history_cursor *cursors;
    size_t count;
    struct history_news news;
};

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
    struct json_object *rooms = json_object_new_object();

    for (size_t i = 0; i < p->count; i++) {
        const struct history_cursor *cursor = &p->cursors[i];

        if (!cursor->err)
            json_set(rooms, cursor->room, wire_room_state(&cursor->view));
    }
    json_set(o, "rooms", rooms);
    wire_add_missing(o, p->cursors, p->count);
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
    return history_look(c->chat, c->arena, &c->actor, epoch, p->cursors, p->count, &p->news, f);
}

/* Whoever was banned meanwhile, or is not known in another database, gets no news. */
static enum err look_again(struct call *c, struct poll *p, bool moved, struct fail *f)
{
    enum err e = moved ? auth_identify(c, f) : identity_refresh(c->chat, c->arena, &c->actor, f);

    return e ? e : look(c, p, p->news.epoch, f);
}

static enum err wait_for_news(struct call *c, struct hold *h, struct poll *p, struct fail *f)
{
    bool again = true, moved;
    enum err e = OK;

    while (!e && again && p->news.count == 0 && !p->news.resync &&
           !history_is_read_further(p->cursors, p->count)) {
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
    return p->news.count ? NEWS_AFTER_MS : 0;
}

/*
 * Without a sidecar hundreds may poll a web server of few connections. One that is kept for a
 * client which comes again in two seconds never times out (Apache, 20 workers, 200 pollers: 60 of
 * them held all connections, and the others were never answered).
 */
static void let_go_of_connection(struct call *c, int64_t poll_after_ms)
{
    if (c->chat->conf->sidecar == SIDECAR_OFF && poll_after_ms >= POLL_AFTER_MS)
        http_add_header(&c->res, "Connection", "close");
}

/* In the room that is looked at. */
static enum err add_typing(struct call *c, const struct poll *p, struct json_object *o,
                           struct fail *f)
{
    const struct history_cursor *first = &p->cursors[0];
    struct typist list[TYPING_ROOM_MAX];
    size_t count = 0;
    enum err e =
        first->err ? OK
                   : typing_in(c->chat, c->arena, &c->actor, first->view.room.id, list, &count, f);

    if (!e)
        wire_add_typing(o, first->room, list, count);
    return e;
}

static enum err answer_events(struct call *c, const struct poll *p, const struct hold *h,
                              struct fail *f)
{
    struct json_object *o = json_object_new_object();
    enum err e = add_typing(c, p, o, f);

    if (e) {
        json_object_put(o);
        return e;
    }

    json_set(o, "events", events_json(p->news.events, p->news.count));
    json_set_str(o, "epoch", p->news.epoch);
    add_rooms(p, o);
    json_set_bool(o, "more", p->news.more);
    if (call_value(c, "wait")->given)
        json_set_bool(o, "waited", h->taken && !h->cut);
    json_set_i64(o, "poll_after_ms", poll_after_ms(h, p));
    let_go_of_connection(c, poll_after_ms(h, p));
    return answer_json(c, 200, o);
}

enum err handle_events(struct call *c, struct fail *f)
{
    struct poll *p = arena_alloc(c->arena, sizeof *p);
    enum err e = history_parse_cursors(c->arena, call_text(c, "rooms"), &p->cursors, &p->count, f);
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
    if (!p->news.resync)
        return answer_events(c, p, &h, f);
    /* With every room that must be loaded again; the client comes back with new cursors. */
    return answer_json(c, err_row(ERR_RESYNC)->http_status,
                       wire_resyncs(p->cursors, p->count, p->news.epoch));
}
