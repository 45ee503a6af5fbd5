#include "ws-sidecar/hub_room.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hub_room *hub_room_new(int64_t id, const char *name, int64_t head)
{
    struct hub_room *room = xcalloc(1, sizeof *room);

    room->id = id;
    room->name = xstrdup(name);
    room->head = head;
    return room;
}

static void drop_cache(struct hub_room *room)
{
    for (size_t i = 0; i < ROOM_CACHE; i++) {
        frame_unref(room->cache[i].frame);
        room->cache[i] = (struct hub_cached){0};
    }
}

static struct slice **log_at(const struct hub_room *room, size_t index)
{
    return &room->log[(room->start + index) & (room->cap - 1)];
}

static void drop_oldest(struct hub_room *room)
{
    struct slice **s = log_at(room, 0);

    room->bytes -= *s ? (*s)->len : 0;
    slice_unref(*s);
    *s = NULL;
    room->start = (room->start + 1) & (room->cap - 1);
    room->count--;
}

static void drop_log(struct hub_room *room)
{
    while (room->count > 0)
        drop_oldest(room);
}

void hub_room_free(struct hub_room *room)
{
    drop_cache(room);
    drop_log(room);
    free(room->log);
    free(room->subs);
    free(room->name);
    free(room);
}

static void grow_log(struct hub_room *room)
{
    size_t cap = room->cap ? room->cap * 2 : 8;
    struct slice **log = xcalloc(cap, sizeof(*log));

    for (size_t i = 0; i < room->count; i++)
        log[i] = *log_at(room, i);
    free(room->log);
    room->log = log;
    room->cap = cap;
    room->start = 0;
}

/* Also what quotes it. */
static void forget_message(struct hub_room *room, int64_t msg_id)
{
    for (size_t i = 0; i < room->count; i++) {
        struct slice **s = log_at(room, i);

        if (!*s || ((*s)->msg_id != msg_id && (*s)->quotes != msg_id))
            continue;
        room->bytes -= (*s)->len;
        slice_unref(*s);
        *s = NULL;
    }
    drop_cache(room);
}

void hub_room_append(struct hub_room *room, struct slice *s)
{
    if (s->replaces && s->msg_id)
        forget_message(room, s->msg_id);
    if (s->seq != room->head + 1) /* a number is missing here; the source has it */
        drop_log(room);
    while (room->count > 0 &&
           (room->count >= HUB_LOG_EVENTS || room->bytes + s->len > ROOM_LOG_BYTES))
        drop_oldest(room);
    if (room->count == room->cap)
        grow_log(room);
    *log_at(room, room->count) = s;
    room->count++;
    room->bytes += s->len;
    room->head = s->seq;
}

/* What one frame joins: slices with references held. */
struct join {
    struct slice *slices[HUB_JOIN_EVENTS];
    size_t count, bytes;
};

static void join_release(struct join *j)
{
    for (size_t i = 0; i < j->count; i++)
        slice_unref(j->slices[i]);
}

/* True where the room's own memory has what follows `from`. */
static bool join_from_log(struct join *j, const struct hub_room *room, int64_t from, int64_t to)
{
    int64_t first = room->head - (int64_t)room->count + 1;

    if (from + 1 < first)
        return false;
    for (int64_t seq = from + 1; seq <= to && j->count < HUB_JOIN_EVENTS; seq++) {
        struct slice *s = *log_at(room, (size_t)(seq - first));

        if (!s || (j->count > 0 && j->bytes + s->len > HUB_JOIN_BYTES))
            break;
        j->slices[j->count++] = slice_ref(s);
        j->bytes += s->len;
    }
    return j->count > 0;
}

static enum err join_from_source(struct join *j, struct hub *h, const struct hub_room *room,
                                 int64_t from, int64_t to)
{
    struct slice *loaded[HUB_JOIN_EVENTS];
    size_t count = 0;
    enum err e;

    h->stats.loads++;
    e = h->setup.load(h->setup.load_ctx, room->id, room->name, from, loaded, HUB_JOIN_EVENTS,
                      &count);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        bool fits = j->count == i && loaded[i]->seq <= to &&
                    (i == 0 || j->bytes + loaded[i]->len <= HUB_JOIN_BYTES);

        if (!fits) {
            slice_unref(loaded[i]);
            continue;
        }
        j->slices[j->count++] = loaded[i];
        j->bytes += loaded[i]->len;
    }
    return OK;
}

static struct slice *skip_slice(const struct hub_room *room, int64_t seq)
{
    char json[128];
    int len =
        snprintf(json, sizeof json, "{\"type\":\"skip\",\"room\":\"%.64s\",\"seq\":%" PRId64 "}",
                 room->name, seq);

    return slice_new(seq, json, (size_t)len);
}

static enum err choose(struct join *j, const struct hub_room *room, struct hub_reader *r)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < j->count; i++) {
        struct slice *s = j->slices[i], *seen = NULL;

        e = r->sink->view(r, room->id, s, &seen);
        if (e)
            break;
        j->slices[i] = seen ? seen : skip_slice(room, s->seq);
        slice_unref(s);
    }
    return e;
}

/* Mostly it is the one that the reader before got. */
static struct hub_cached *cache_find(struct hub_room *room, size_t format, int64_t from, int64_t to)
{
    for (size_t i = 0; i < ROOM_CACHE; i++) {
        size_t at = (room->cache_hit + i) % ROOM_CACHE;
        struct hub_cached *c = &room->cache[at];

        if (c->reached && c->format == format && c->from == from && c->to == to) {
            room->cache_hit = at;
            return c;
        }
    }
    return NULL;
}

static void cache_put(struct hub_room *room, struct hub_cached value)
{
    struct hub_cached *c = &room->cache[room->cache_next];

    room->cache_next = (room->cache_next + 1) % ROOM_CACHE;
    frame_unref(c->frame);
    *c = value;
}

enum err hub_room_frame(struct hub *h, struct hub_room *room, struct hub_reader *r, int64_t from,
                        int64_t to, int64_t *reached, struct frame **out, struct frame **own)
{
    const struct hub_cached *cached = NULL;
    struct join j = {.count = 0};
    enum err e = OK;

    *own = NULL;
    if (!r->choosy)
        cached = cache_find(room, r->sink->format, from, to);
    if (cached) {
        *reached = cached->reached;
        *out = cached->frame;
        return OK;
    }
    if (!join_from_log(&j, room, from, to))
        e = join_from_source(&j, h, room, from, to);
    if (e)
        return e;
    if (j.count == 0 || j.slices[0]->seq != from + 1) { /* the source has lost them: resync */
        join_release(&j);
        return ERR_RESYNC;
    }
    if (r->choosy)
        e = choose(&j, room, r);
    if (e) {
        join_release(&j);
        return e;
    }
    *reached = j.slices[j.count - 1]->seq;
    *out = h->setup.formats[r->sink->format]((const struct slice *const *)j.slices, j.count);
    h->stats.frames_built++;
    join_release(&j);
    if (r->choosy)
        *own = *out;
    else
        cache_put(room, (struct hub_cached){r->sink->format, from, to, *reached, *out});
    return OK;
}
