/*
 * For hub*.c only: one room's memory (its newest slices, the frames joined from them) and the
 * records of who reads it.
 */
#ifndef SIDECAR_HUB_ROOM_H
#define SIDECAR_HUB_ROOM_H

#include "ws-sidecar/hub.h"
#include "ws-sidecar/map.h"

enum { ROOM_CACHE = 8, ROOM_LOG_BYTES = 1 << 20 };

/* A frame for everybody who has the same gap. */
struct hub_cached {
    size_t format;
    int64_t from, to; /* asked for: from < seq <= to */
    int64_t reached;  /* what it covers; 0: the place is free */
    struct frame *frame;
};

struct hub_room {
    int64_t id, head;
    char *name;
    /* A ring of the slices head-count+1 … head; NULL where one is no longer true. */
    struct slice **log;
    size_t cap, start, count, bytes;
    struct hub_cached cache[ROOM_CACHE];
    size_t cache_next, cache_hit; /* the place that was found last */
    struct hub_sub **subs;
    size_t sub_count, sub_cap;
    /* The pass under way, or waiting for its turn. It goes from the end to the beginning: of those
     * below pass_left nobody was visited yet. */
    bool dirty, passing;
    int64_t pass_to;
    size_t pass_left;
    struct hub_room *dirty_next;
};

/* One reader in one room: in the room's array, linked in the reader, and where it is behind, in the
 * queue. */
struct hub_sub {
    struct hub_reader *reader;
    struct hub_room *room;
    int64_t cursor;
    size_t place; /* its index among the room's */
    struct hub_sub *next_in_reader;
    bool queued;
    struct hub_sub *prev_behind, *next_behind;
};

struct hub {
    struct hub_setup setup;
    struct map rooms;
    struct hub_room *dirty_first, *dirty_last;
    struct hub_sub *behind_first, *behind_last;
    struct hub_stats stats;
};

struct hub_room *hub_room_new(int64_t id, const char *name, int64_t head);
void hub_room_free(struct hub_room *room);
/* Appends; takes over the reference. An edit or a deletion first makes the room forget what it
 * replaces, so that nobody who lags sees text that is gone. */
void hub_room_append(struct hub_room *room, struct slice *s);

/*
 * The frame for `r` after `from`, up to `to` or as far as one frame reaches: *reached says how far.
 * *out may be NULL (nothing of it is for this reader); the room or the caller's `own` keeps it
 * alive: where `own` is set afterwards, the caller drops it.
 */
MUST_CHECK enum err hub_room_frame(struct hub *h, struct hub_room *room, struct hub_reader *r,
                                   int64_t from, int64_t to, int64_t *reached, struct frame **out,
                                   struct frame **own);

#endif
