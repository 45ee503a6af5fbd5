/*
 * Rooms, readers and their cursors. Pure C: no sockets, no transport, no SQL; what it needs of the
 * world are the two small tables of functions below.
 *
 * The store is the queue. A reader has one cursor per room and no queue of its own; the hub keeps
 * the newest slices of each room in memory, asks its source for older ones, and joins what a reader
 * lacks into one frame, which it shares between all readers with the same gap. While a pass over a
 * room's readers runs, what arrives is collected, and the next pass sends it in one frame: so the
 * cost per delivered message falls as load rises, and at light load a message leaves at once,
 * alone.
 *
 * A reader that cannot take more is `blocked` and costs nothing until hub_ready(); one that falls
 * more than `max_lag` events behind is handed to its sink's lagging().
 */
#ifndef SIDECAR_HUB_H
#define SIDECAR_HUB_H

#include "lib/err.h"
#include "ws-sidecar/frame.h"

enum { HUB_JOIN_EVENTS = 100, HUB_JOIN_BYTES = 65536, HUB_LOG_EVENTS = 512, HUB_FORMATS_MAX = 4 };

struct hub;
struct hub_sub;
struct hub_reader;

enum hub_sent {
    HUB_SENT, /* all of it is on its way */
    HUB_KEPT, /* taken, but unfinished: nothing more until hub_ready() */
    HUB_FULL  /* not taken: nothing more until hub_ready() */
};

/* One kind of reader (WebSocket hello, seed …). No function here may free
 * the reader or run a pass. */
struct hub_sink {
    size_t format; /* index into the hub's formats */
    /* With this frame the reader has the room up to `reached`; room_id 0: it has no number. */
    enum hub_sent (*send)(struct hub_reader *r, struct frame *f, int64_t room_id, int64_t reached);
    void (*lagging)(struct hub_reader *r); /* usually hub_leave() and a close */
    /* What a choosy reader sees of a slice, as a reference: the slice itself, one of its own, or
     * NULL, for which it gets a `skip`. ERR_BUSY: not now. */
    enum err (*view)(struct hub_reader *r, int64_t room_id, struct slice *s, struct slice **out);
};

/* Embedded in whatever owns it; zero it, set `sink`. */
struct hub_reader {
    const struct hub_sink *sink;
    struct hub_sub *subs;
    bool blocked;
    bool choosy; /* it does not see all that others do, and shares no frame with them */
};

/* Joins slices of one room, in order, into a frame. NULL: none of them is
 * for this kind of reader. */
typedef struct frame *hub_format_fn(const struct slice *const *slices, size_t count);
/* Slices with seq > since, in order, at most `max`; the caller owns a reference to each. */
typedef enum err hub_load_fn(void *ctx, int64_t room_id, const char *room, int64_t since,
                             struct slice **out, size_t max, size_t *count);

struct hub_setup {
    hub_format_fn *formats[HUB_FORMATS_MAX];
    hub_load_fn *load;
    void *load_ctx;
    int64_t max_lag;
};

struct hub *hub_new(const struct hub_setup *setup);
void hub_free(struct hub *h); /* every reader has left */

/*
 * Registers the reader (again: moves its cursor) and lets it catch up from `cursor`; -1 means from
 * now on. `head` is the room's newest seq as read from the database, used where the hub does not
 * know the room yet; `room` is the name in its events.
 */
void hub_subscribe(struct hub *h, struct hub_reader *r, int64_t room_id, const char *room,
                   int64_t head, int64_t cursor);
void hub_unsubscribe(struct hub *h, struct hub_reader *r, int64_t room_id);
void hub_leave(struct hub *h, struct hub_reader *r); /* all rooms */
bool hub_is_subscribed(const struct hub_reader *r, int64_t room_id);
size_t hub_reader_rooms(const struct hub_reader *r);
/* The rooms in the order in which they were subscribed. */
typedef void hub_room_fn(void *ctx, int64_t room_id, const char *room, int64_t cursor);
void hub_each_room(const struct hub_reader *r, hub_room_fn *visit, void *ctx);

/* Whether anybody reads the room: if not, hub_publish() need not be called. */
bool hub_wants(const struct hub *h, int64_t room_id);
size_t hub_room_readers(const struct hub *h, int64_t room_id);
const char *hub_room_name(const struct hub *h, int64_t room_id); /* NULL: nobody reads it */
/* The next event of a room; takes over the reference. Numbers the room has already are dropped. */
void hub_publish(struct hub *h, int64_t room_id, struct slice *s);

/* Does at most about `budget` sends; true: there is more to do. */
bool hub_step(struct hub *h, size_t budget);
/* The reader can take frames again. */
void hub_ready(struct hub *h, struct hub_reader *r);

/* Something of no number (typing, presence) to a room's readers of one format who can take it now;
 * those whom spares() (NULL: nobody) names are left out; missed() (NULL: nothing) hears of the
 * others, and must not touch the hub. */
typedef bool hub_spare_fn(const void *ctx, const struct hub_reader *r);
void hub_broadcast(struct hub *h, int64_t room_id, size_t format, struct frame *f,
                   hub_spare_fn *spares, const void *ctx, void (*missed)(struct hub_reader *r));

struct hub_stats {
    size_t rooms, subs, frames_built, frames_sent, loads;
};
void hub_stats(const struct hub *h, struct hub_stats *out);

#endif
