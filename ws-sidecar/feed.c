#include "ws-sidecar/feed.h"

#include "chat/wire.h"
#include "db/mark.h"
#include "ws-sidecar/session.h"
#include "ws-sidecar/worker.h"

#include <string.h>
#include <unistd.h>

enum { FEED_EVENTS = 32, HUB_BUDGET = 512 };

static const char *wire_name(const char *slug)
{
    return slug[0] == '@' ? "@me" : slug;
}

struct slice *feed_slice(const struct event *e, const char *room)
{
    struct json_object *o = wire_event(e, room);
    size_t len;
    const char *text = json_text(o, &len);
    struct slice *s = slice_new(e->seq, text, len);

    s->msg_id = e->msg_id;
    s->actor_id = e->actor_id;
    s->quotes = e->message.reply_to;
    s->thread = e->message.replies ? e->message.id : e->message.thread_root;
    s->quoted_user_id = e->message.quote ? e->message.quote->user_id : 0;
    s->reacted = e->message.reaction_count > 0;
    ignore_parties(e, s->parties);
    s->is_message = strcmp(e->kind, "message") == 0 && e->message.id && !e->message.deleted_ms;
    s->replaces = strcmp(e->kind, "message_edited") == 0 || strcmp(e->kind, "message_deleted") == 0;
    json_object_put(o);
    return s;
}

enum err feed_load(void *ctx, int64_t room_id, const char *room, int64_t since, struct slice **out,
                   size_t max, size_t *count)
{
    struct sidecar *s = ctx;
    struct event *events;
    struct arena a;
    struct fail f;
    enum err e;

    *count = 0;
    arena_init(&a);
    events = arena_alloc(&a, max * sizeof *events);
    e = event_list(s->chat.db, &a, room_id, since, events, max, count, &f);
    if (e)
        *count = 0;
    for (size_t i = 0; i < *count; i++)
        out[i] = feed_slice(&events[i], room);
    arena_release(&a);
    return e;
}

static void publish(struct sidecar *s, const struct event *e)
{
    if (hub_wants(s->hub, e->room_id))
        hub_publish(s->hub, e->room_id, feed_slice(e, wire_name(e->room_slug)));
    if (e->room_slug[0] != '@' || !e->target_user_id)
        return;
    if (strcmp(e->kind, "membership") == 0)
        session_membership(s, e->target_user_id, e->payload);
    else if (strcmp(e->kind, "mention") != 0)
        session_sanctioned(s, e->target_user_id);
}

/* One page of what is new; false where there was none, or the database could not answer. */
static bool read_page(struct sidecar *s, struct arena *a)
{
    struct event *events = arena_alloc(a, FEED_EVENTS * sizeof *events);
    struct fail f;
    size_t count = 0;

    if (event_feed(s->chat.db, a, s->fed, events, FEED_EVENTS, &count, &f)) {
        log_event(s->log, LOG_WARN, "feed_failed", LOG_S("why", f.message));
        s->feed_due = true;
        return false;
    }
    for (size_t i = 0; i < count; i++)
        publish(s, &events[i]);
    if (count > 0)
        s->fed = events[count - 1].id;
    return count == FEED_EVENTS;
}

void feed_poll(struct sidecar *s)
{
    struct arena a;
    bool more;

    s->feed_due = false;
    arena_init(&a);
    do {
        more = read_page(s, &a);
        arena_clear(&a);
    } while (more);
    arena_release(&a);
    session_read_marks(s);
    sidecar_wake(s);
}

/*
 * Another database stands there, of another history: no number and no id that anybody here holds
 * means anything in it. Everybody connects again, says who he is, and is told to load again.
 */
static void begin_again(struct sidecar *s)
{
    struct fail f = {0};

    session_close_all(s, CLOSE_RESYNC, "restored");
    remembered_clear(&s->remembered);
    while (hub_step(s->hub, HUB_BUDGET)) /* nobody reads: the hub forgets its rooms */
        ;
    writer_set_history(s->writer, db_file(s->chat.db));
    if (event_newest_id(s->chat.db, &s->fed, &f) || mark_newest(s->chat.db, &s->marks_told, &f))
        log_event(s->log, LOG_ERROR, "feed_failed", LOG_S("why", f.message));
    s->feed_due = true;
}

/* False where the database is being replaced. */
static bool follow(struct sidecar *s)
{
    struct fail f;
    bool moved;

    if (chat_follow(&s->chat, &moved, &f)) {
        s->feed_due = true;
        return false;
    }
    if (moved)
        begin_again(s);
    return true;
}

void feed_tick(struct sidecar *s)
{
    int64_t version;

    if (!follow(s))
        return;
    version = db_data_version(s->chat.db);
    if (version == s->data_version && !s->feed_due)
        return;
    s->data_version = version;
    feed_poll(s);
}

void feed_news(struct sidecar *s)
{
    if (s->session_count > 0)
        feed_tick(s);
    else
        s->feed_due = true; /* whoever comes reads the rooms as they are: the next tick will do */
}

static void on_notify(uv_poll_t *poll, int status, int events)
{
    struct sidecar *s = poll->data;

    (void)status;
    (void)events;
    notify_drain(s->notify_fd, worker_take, s);
    feed_news(s); /* a forged wake-up costs one pragma */
}

enum err feed_start(struct sidecar *s, struct fail *f)
{
    enum err e = event_newest_id(s->chat.db, &s->fed, f);

    if (!e)
        e = mark_newest(s->chat.db, &s->marks_told, f);
    if (e)
        return e;
    s->notify_fd = notify_bind(s->conf->notify_socket, f);
    if (s->notify_fd < 0)
        return f->err;
    writer_set_history(s->writer, db_file(s->chat.db));
    s->data_version = db_data_version(s->chat.db);
    s->feed_due = true; /* what was committed since the cursor was read */
    if (uv_poll_init(&s->loop, &s->notify_poll, s->notify_fd) != 0)
        die("no event for the wake-up socket");
    s->notify_poll.data = s;
    uv_poll_start(&s->notify_poll, UV_READABLE, on_notify);
    return OK;
}

void feed_stop(struct sidecar *s)
{
    uv_poll_stop(&s->notify_poll);
    uv_close((uv_handle_t *)&s->notify_poll, NULL);
    close(s->notify_fd);
    unlink(s->conf->notify_socket);
}
