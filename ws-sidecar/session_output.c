/* What goes out to a reader: at once, together with others, or when it can take more. */
#include "ws-sidecar/session_part.h"

#include "ws-sidecar/wsframe.h"

#include <stdlib.h>
#include <string.h>

enum {
    OUTBOX_MAX = 16, /* chunks that wait for a blocked socket, beside the hub's events */
    CHUNK_MAX = 16384
};

static struct session *session_of(struct hub_reader *r)
{
    return (struct session *)(void *)r;
}

static void note_blocked(struct session *x)
{
    x->reader.blocked = true;
    if (x->stuck_ms)
        return;
    x->stuck_ms = sidecar_now(x->sidecar);
    session_watch(x);
}

static enum hub_sent transmit(struct session *x, struct frame *f, int64_t room_id, int64_t reached)
{
    enum hub_sent sent = x->conn ? x->conn->ops->send(x->conn, f, room_id, reached) : HUB_FULL;

    if (sent != HUB_SENT)
        note_blocked(x);
    return sent;
}

static enum hub_sent sink_send(struct hub_reader *r, struct frame *f, int64_t room_id,
                               int64_t reached)
{
    return transmit(session_of(r), f, room_id, reached);
}

static void sink_lagging(struct hub_reader *r)
{
    session_close(session_of(r), CLOSE_TOO_SLOW, "too slow");
}

const struct hub_sink session_seed_sink = {WSFRAME_SEED, sink_send, sink_lagging, session_view};
const struct hub_sink session_chat_sink = {WSFRAME_CHAT, sink_send, sink_lagging, session_view};
const struct hub_sink session_poll_sink = {WSFRAME_ARRAY, sink_send, sink_lagging, session_view};

static void put_in_outbox(struct session *x, struct frame *f)
{
    struct frame **last = x->outbox_count > 0 ? &x->outbox[x->outbox_count - 1] : NULL;

    if (last && (*last)->refs == 1 && (*last)->len + f->len <= CHUNK_MAX) {
        *last = frame_append(*last, f);
        frame_unref(f);
        return;
    }
    if (x->outbox_count == OUTBOX_MAX) {
        frame_unref(f);
        session_close(x, CLOSE_TOO_SLOW, "too slow");
        return;
    }
    if (!x->outbox)
        x->outbox = xcalloc(OUTBOX_MAX, sizeof(*x->outbox));
    x->outbox[x->outbox_count++] = f;
}

static void cork(struct session *x)
{
    if (x->corked)
        return;
    x->corked = true;
    x->next_corked = x->sidecar->corked_first;
    x->sidecar->corked_first = x;
}

void session_send(struct session *x, struct frame *f)
{
    if (x->closing || !x->conn) {
        frame_unref(f);
        return;
    }
    if (x->conn->ops->dress)
        f = x->conn->ops->dress(x->conn, f);
    if (x->sidecar->corked) {
        cork(x);
        put_in_outbox(x, f);
    } else if (x->reader.blocked || transmit(x, f, 0, 0) == HUB_FULL) {
        put_in_outbox(x, f);
    } else {
        frame_unref(f);
    }
}

static void flush(struct session *x)
{
    size_t sent = 0;

    while (sent < x->outbox_count && !x->reader.blocked) {
        if (transmit(x, x->outbox[sent], 0, 0) == HUB_FULL)
            break;
        frame_unref(x->outbox[sent++]);
    }
    x->outbox_count -= sent;
    if (x->outbox_count > 0) {
        memmove(x->outbox, x->outbox + sent, x->outbox_count * sizeof(*x->outbox));
    } else {
        free(x->outbox);
        x->outbox = NULL;
    }
}

void session_uncork_all(struct sidecar *s)
{
    while (s->corked_first) {
        struct session *x = s->corked_first;

        s->corked_first = x->next_corked;
        x->corked = false;
        flush(x);
    }
}

void session_fail(struct session *x, const struct fail *f, const char *client_id, const char *room)
{
    if (!x->closing && x->conn && x->conn->ops->refuse && x->conn->ops->refuse(x->conn, f))
        return;
    if (x->mode != SESSION_WAITING || x->known)
        session_send(x, frames_error(f, client_id, room));
}

void session_writable(struct session *x)
{
    x->reader.blocked = false;
    flush(x);
    if (x->reader.blocked)
        return;
    x->stuck_ms = 0;
    if (x->closing)
        return;
    hub_ready(x->sidecar->hub, &x->reader);
    if (x->presence_stale)
        session_send_presence(x);
    sidecar_wake(x->sidecar);
}

void session_missed_presence(struct hub_reader *r)
{
    session_of(r)->presence_stale = true;
}

void session_uncork(struct session *x)
{
    struct session **place = &x->sidecar->corked_first;

    if (!x->corked)
        return;
    while (*place != x)
        place = &(*place)->next_corked;
    *place = x->next_corked;
    x->corked = false;
    flush(x);
}
