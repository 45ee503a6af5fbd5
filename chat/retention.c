#include "chat/retention.h"

#include "chat/indexing.h"
#include "db/event.h"

#define DAY_MS INT64_C(86400000)

enum err retention_set(struct chat *c, struct arena *a, const struct room *room, int64_t days,
                       int64_t actor_id, struct fail *f)
{
    struct event event = {
        .room_id = room->id,
        .ts_ms = clock_wall_ms(&c->clock),
        .kind = "room",
        .payload = arena_fmt(a, "{\"change\":\"policy\",\"retention_days\":%lld}", (long long)days),
        .actor_id = actor_id,
    };
    enum err e;

    if (days < 0 || days > RETENTION_DAYS_MAX)
        return fail(f, ERR_BAD_REQUEST, "Messages are kept 0 (for ever) to %d days.",
                    RETENTION_DAYS_MAX);
    e = purge_set_retention(c->db, room->id, days, f);
    return e ? e : event_append(c->db, &event, NULL, NULL, f);
}

struct step {
    const struct purge_room *room;
    int64_t events, messages;
    bool done;
};

static enum err take_step(struct chat *c, void *arg, struct fail *f)
{
    struct step *s = arg;

    return purge_step(c->db, s->room->id, s->room->cut, &s->events, &s->messages, &s->done, f);
}

/* Sets what really went. */
static enum err purge_room(struct chat *c, struct purge_room *room, struct fail *f)
{
    struct step s = {.room = room};
    int64_t events = 0, messages = 0;
    enum err e = OK;

    while (!e && !s.done) {
        e = chat_write(c, take_step, &s, f);
        if (!e) {
            events += s.events;
            messages += s.messages;
        }
    }
    room->events = events;
    room->messages = messages;
    return e;
}

static enum err each_room(struct chat *c, bool dry, retention_fn *tell, void *ctx,
                          struct retention_total *total, struct arena *a, struct fail *f)
{
    int64_t now = clock_wall_ms(&c->clock), id = 0;
    struct purge_room room;
    bool found = true;
    enum err e = OK;

    while (!e) {
        e = purge_next(c->db, a, id, now - now % DAY_MS, &room, &found, f);
        if (e || !found)
            break;
        id = room.id;
        if (room.events == 0)
            continue;
        if (!dry)
            e = purge_room(c, &room, f);
        total->rooms++;
        total->events += room.events;
        total->messages += room.messages;
        tell(ctx, &room);
    }
    return e;
}

enum err retention_purge(struct chat *c, bool dry, retention_fn *tell, void *ctx,
                         struct retention_total *total, struct fail *f)
{
    struct arena a;
    enum err e;

    *total = (struct retention_total){0};
    arena_init(&a);
    e = each_room(c, dry, tell, ctx, total, &a, f);
    arena_release(&a);
    /* The texts that went are in the indexes' pieces until those are joined, and in the WAL until
     * it is emptied. */
    if (e || dry || total->events == 0)
        return e;
    e = indexing_compact(c, f);
    return e ? e : db_checkpoint_all(c->db, f);
}
