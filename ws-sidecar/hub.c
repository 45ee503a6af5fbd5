#include "ws-sidecar/hub.h"

#include "ws-sidecar/hub_room.h"

#include <assert.h>
#include <stdlib.h>

struct hub *hub_new(const struct hub_setup *setup)
{
    struct hub *h = xcalloc(1, sizeof *h);

    h->setup = *setup;
    map_init(&h->rooms);
    return h;
}

void hub_free(struct hub *h)
{
    if (!h)
        return;
    assert(h->stats.subs == 0);
    map_release(&h->rooms);
    free(h);
}

/* The queue of those who lack something and must be served by themselves. */

static void behind_add(struct hub *h, struct hub_sub *s)
{
    if (s->queued)
        return;
    s->queued = true;
    s->next_behind = NULL;
    s->prev_behind = h->behind_last;
    if (h->behind_last)
        h->behind_last->next_behind = s;
    else
        h->behind_first = s;
    h->behind_last = s;
}

static void behind_remove(struct hub *h, struct hub_sub *s)
{
    if (!s->queued)
        return;
    if (s->prev_behind)
        s->prev_behind->next_behind = s->next_behind;
    else
        h->behind_first = s->next_behind;
    if (s->next_behind)
        s->next_behind->prev_behind = s->prev_behind;
    else
        h->behind_last = s->prev_behind;
    s->queued = false;
}

/* The queue of rooms that have something new. */

static void dirty_add(struct hub *h, struct hub_room *room)
{
    if (room->dirty)
        return;
    room->dirty = true;
    room->dirty_next = NULL;
    if (h->dirty_last)
        h->dirty_last->dirty_next = room;
    else
        h->dirty_first = room;
    h->dirty_last = room;
}

static void dirty_remove_first(struct hub *h)
{
    struct hub_room *room = h->dirty_first;

    h->dirty_first = room->dirty_next;
    if (!h->dirty_first)
        h->dirty_last = NULL;
    room->dirty = false;
}

static void room_drop_if_unread(struct hub *h, struct hub_room *room)
{
    if (room->sub_count > 0 || room->dirty)
        return;
    map_remove_id(&h->rooms, room->id);
    h->stats.rooms--;
    hub_room_free(room);
}

static struct hub_sub *sub_find(const struct hub_reader *r, int64_t room_id)
{
    struct hub_sub *s = r->subs;

    while (s && s->room->id != room_id)
        s = s->next_in_reader;
    return s;
}

static struct hub_sub *sub_add(struct hub *h, struct hub_reader *r, struct hub_room *room)
{
    struct hub_sub *s = xcalloc(1, sizeof *s), **last = &r->subs;

    while (*last)
        last = &(*last)->next_in_reader;
    *last = s;
    s->reader = r;
    s->room = room;
    s->place = room->sub_count;
    if (room->sub_count == room->sub_cap) {
        room->sub_cap = room->sub_cap ? room->sub_cap * 2 : 4;
        room->subs = xrealloc(room->subs, room->sub_cap * sizeof(*room->subs));
    }
    room->subs[room->sub_count++] = s;
    h->stats.subs++;
    return s;
}

/* The last one takes its place: where a pass is under way that was visited, or comes too late for
 * it, and a second visit finds nothing to do. */
static void leave_place(struct hub_room *room, const struct hub_sub *s)
{
    struct hub_sub *last = room->subs[--room->sub_count];

    room->subs[s->place] = last;
    last->place = s->place;
    if (room->pass_left > room->sub_count)
        room->pass_left = room->sub_count;
}

/* Out of the room and the queue; the caller takes it out of its reader. A pass may be under way. */
static void sub_free(struct hub *h, struct hub_sub *s)
{
    struct hub_room *room = s->room;

    behind_remove(h, s);
    leave_place(room, s);
    free(s);
    h->stats.subs--;
    room_drop_if_unread(h, room);
}

void hub_subscribe(struct hub *h, struct hub_reader *r, int64_t room_id, const char *name,
                   int64_t head, int64_t cursor)
{
    struct hub_room *room = map_get_id(&h->rooms, room_id);
    struct hub_sub *s = sub_find(r, room_id);

    if (!room) {
        room = hub_room_new(room_id, name, head);
        map_put_id(&h->rooms, room_id, room);
        h->stats.rooms++;
    }
    if (!s)
        s = sub_add(h, r, room);
    s->cursor = cursor < 0 ? head : cursor;
    if (s->cursor < room->head && !r->blocked)
        behind_add(h, s);
}

void hub_unsubscribe(struct hub *h, struct hub_reader *r, int64_t room_id)
{
    struct hub_sub **place = &r->subs;

    while (*place && (*place)->room->id != room_id)
        place = &(*place)->next_in_reader;
    if (*place) {
        struct hub_sub *s = *place;

        *place = s->next_in_reader;
        sub_free(h, s);
    }
}

void hub_leave(struct hub *h, struct hub_reader *r)
{
    while (r->subs) {
        struct hub_sub *s = r->subs;

        r->subs = s->next_in_reader;
        sub_free(h, s);
    }
}

bool hub_is_subscribed(const struct hub_reader *r, int64_t room_id)
{
    return sub_find(r, room_id) != NULL;
}

size_t hub_reader_rooms(const struct hub_reader *r)
{
    size_t count = 0;

    for (const struct hub_sub *s = r->subs; s; s = s->next_in_reader)
        count++;
    return count;
}

void hub_each_room(const struct hub_reader *r, hub_room_fn *visit, void *ctx)
{
    for (const struct hub_sub *s = r->subs; s; s = s->next_in_reader)
        visit(ctx, s->room->id, s->room->name, s->cursor);
}

bool hub_wants(const struct hub *h, int64_t room_id)
{
    return map_get_id(&h->rooms, room_id) != NULL;
}

size_t hub_room_readers(const struct hub *h, int64_t room_id)
{
    const struct hub_room *room = map_get_id(&h->rooms, room_id);

    return room ? room->sub_count : 0;
}

const char *hub_room_name(const struct hub *h, int64_t room_id)
{
    const struct hub_room *room = map_get_id(&h->rooms, room_id);

    return room ? room->name : NULL;
}

void hub_publish(struct hub *h, int64_t room_id, struct slice *s)
{
    struct hub_room *room = map_get_id(&h->rooms, room_id);

    if (!room || s->seq <= room->head) {
        slice_unref(s);
        return;
    }
    hub_room_append(room, s);
    dirty_add(h, room);
}

enum served {
    SERVED_ALL,
    SERVED_MORE,    /* not all of it fitted one frame */
    SERVED_BLOCKED, /* the reader cannot take more now */
    SERVED_STALLED, /* the source could not answer; later */
    SERVED_GONE     /* handed to lagging(): the sub may be freed */
};

/* Sends one frame. */
static enum served serve(struct hub *h, struct hub_sub *s, int64_t to)
{
    struct hub_reader *r = s->reader;
    struct frame *f, *own;
    enum hub_sent sent = HUB_SENT;
    int64_t reached;
    enum err e;

    if (s->cursor >= to)
        return SERVED_ALL;
    e = hub_room_frame(h, s->room, r, s->cursor, to, &reached, &f, &own);
    if (e == ERR_RESYNC) {
        r->sink->lagging(r);
        return SERVED_GONE;
    }
    if (e)
        return SERVED_STALLED;
    if (f) {
        h->stats.frames_sent++;
        sent = r->sink->send(r, f, s->room->id, reached);
    }
    frame_unref(own);
    if (sent != HUB_SENT)
        r->blocked = true;
    if (sent == HUB_FULL)
        return SERVED_BLOCKED;
    s->cursor = reached;
    if (sent == HUB_KEPT)
        return SERVED_BLOCKED;
    return reached < to ? SERVED_MORE : SERVED_ALL;
}

/* True: the source is not there, stop for now. */
static bool serve_one_behind(struct hub *h)
{
    struct hub_sub *s = h->behind_first;
    enum served served;

    behind_remove(h, s);
    if (s->reader->blocked) /* hub_ready() brings it back */
        return false;
    served = serve(h, s, s->room->head);
    if (served == SERVED_MORE || served == SERVED_STALLED)
        behind_add(h, s);
    return served == SERVED_STALLED;
}

static void pass_visit(struct hub *h, struct hub_room *room, struct hub_sub *s)
{
    enum served served;

    if (s->queued)
        return;
    if (s->reader->blocked) {
        if (room->head - s->cursor > h->setup.max_lag)
            s->reader->sink->lagging(s->reader);
        return;
    }
    served = serve(h, s, room->pass_to);
    if (served == SERVED_MORE || served == SERVED_STALLED)
        behind_add(h, s);
}

/* Readers lie scattered in memory; those that come soon are asked for already. */
static void look_ahead(const struct hub_room *room)
{
    enum { SUB_AHEAD = 8, READER_AHEAD = 4 };

    if (room->pass_left > SUB_AHEAD) {
        __builtin_prefetch(room->subs[room->pass_left - SUB_AHEAD]);
        __builtin_prefetch(room->subs[room->pass_left - READER_AHEAD]->reader);
    }
}

/* A stretch of the pass over the first dirty room; returns how many readers it came by. */
static size_t pass_some(struct hub *h, size_t budget)
{
    struct hub_room *room = h->dirty_first;
    size_t visited = 0;

    if (!room->passing) {
        room->passing = true;
        room->pass_to = room->head;
        room->pass_left = room->sub_count;
    }
    for (; room->pass_left > 0 && visited < budget; visited++) {
        look_ahead(room);
        pass_visit(h, room, room->subs[--room->pass_left]);
    }
    if (room->pass_left == 0) {
        room->passing = false;
        dirty_remove_first(h);
        if (room->head > room->pass_to)
            dirty_add(h, room);
        else
            room_drop_if_unread(h, room);
    }
    return visited;
}

bool hub_step(struct hub *h, size_t budget)
{
    enum { STRETCH = 16 }; /* sends of a pass for each reader that is served by itself */
    size_t done = 0;
    bool stalled = false;

    while (done < budget && (h->dirty_first || (h->behind_first && !stalled))) {
        if (h->behind_first && !stalled) {
            stalled = serve_one_behind(h);
            done++;
        }
        if (h->dirty_first)
            done += pass_some(h, h->behind_first ? STRETCH : budget);
    }
    return h->dirty_first || (h->behind_first && !stalled);
}

void hub_ready(struct hub *h, struct hub_reader *r)
{
    r->blocked = false;
    for (struct hub_sub *s = r->subs; s; s = s->next_in_reader) {
        if (s->cursor < s->room->head)
            behind_add(h, s);
    }
}

void hub_broadcast(struct hub *h, int64_t room_id, size_t format, struct frame *f,
                   hub_spare_fn *spares, const void *ctx, void (*missed)(struct hub_reader *r))
{
    struct hub_room *room = map_get_id(&h->rooms, room_id);

    for (size_t i = room ? room->sub_count : 0; i > 0; i--) {
        struct hub_reader *r = room->subs[i - 1]->reader;
        enum hub_sent sent = HUB_FULL;

        if (r->sink->format != format || (spares && spares(ctx, r)))
            continue;
        if (!r->blocked)
            sent = r->sink->send(r, f, 0, 0);
        if (sent != HUB_SENT)
            r->blocked = true;
        if (sent == HUB_FULL && missed)
            missed(r);
    }
}

void hub_stats(const struct hub *h, struct hub_stats *out)
{
    *out = h->stats;
}
