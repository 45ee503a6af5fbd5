#include "ws-sidecar/longpoll.h"

#include "chat/wire.h"
#include "chat/wire_typing.h"
#include "ws-sidecar/http_answer.h"
#include "ws-sidecar/line.h"
#include "ws-sidecar/outflow.h"
#include "ws-sidecar/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    AGAIN_MS = 2000,   /* between questions that nobody can wait with */
    CATCH_UP_MS = 1000 /* what is known to be newer is waited for, whatever was asked */
};

struct longpoll {
    struct conn base; /* first: the session's functions lead back here */
    struct session *session;
    struct line *line;
    uv_timer_t timer;
    struct outflow out;
    const struct request *wants; /* NULL: it is not known yet who asks */
    char *ahead;                 /* the beginning of the next request */
    size_t ahead_len;
    bool keep_alive;
    bool answered; /* nothing follows what waits */
    bool over;     /* the timer closes; session_closed() is next */
};

static struct longpoll *longpoll_of(struct conn *c)
{
    return (struct longpoll *)(void *)c;
}

/* ----- the end ----- */

static void on_over(uv_handle_t *handle)
{
    struct longpoll *p = handle->data;
    struct listener *listener = p->session->sidecar->listener;

    outflow_release(&p->out);
    session_closed(p->session);
    if (p->keep_alive)
        listen_again(listener, p->line, p->ahead, p->ahead_len);
    else
        line_close(p->line, NULL);
    free(p->ahead);
    free(p);
}

static void end(struct longpoll *p)
{
    if (p->over)
        return;
    p->over = true;
    uv_close((uv_handle_t *)&p->timer, on_over);
}

static void hang_up(struct longpoll *p)
{
    p->keep_alive = false;
    end(p);
}

static void on_time(uv_timer_t *timer);

/* What waits goes out, then it ends. Who does not read his answer is not waited for. */
static void finish(struct longpoll *p)
{
    p->answered = true;
    if (!p->out.rest) {
        end(p);
        return;
    }
    line_watch(p->line, UV_READABLE | UV_WRITABLE);
    uv_timer_start(&p->timer, on_time, SESSION_STUCK_MS, 0);
}

/* ----- answers ----- */

/* `events` is an array, or empty where the answer is not about any; takes `rest` over. */
static void answer(struct longpoll *p, int status, struct iovec events, struct json_object *rest)
{
    static const char begin[] = "{\"events\":";
    struct iovec all[5];
    const char *head, *text;
    size_t count = 0, len;
    struct arena a;

    arena_init(&a);
    text = json_text(rest, &len);
    if (events.iov_len > 0)
        len += sizeof begin - 1 + events.iov_len;
    p->keep_alive = p->keep_alive && listen_may_keep(p->session->sidecar->listener);
    head = http_json_head(&a, status, len, p->keep_alive);
    all[count++] = outflow_piece(head, strlen(head));
    if (events.iov_len > 0) {
        all[count++] = outflow_piece(begin, sizeof begin - 1);
        all[count++] = events;
        all[count++] = outflow_piece(",", 1);
        text++; /* the members of `rest` go on where the events end */
    }
    all[count++] = outflow_piece(text, strlen(text));
    outflow_put(&p->out, all, count);
    json_object_put(rest);
    arena_release(&a);
    finish(p);
}

/* In the room that is looked at. */
static void add_typing(const struct longpoll *p, struct json_object *o)
{
    const struct history_cursor *first = &p->wants->cursors[0];
    struct typist list[TYPING_ROOM_MAX];

    if (!first->err)
        wire_add_typing(o, first->room, list,
                        typing_board_in(p->session, first->view.room.id, list));
}

/* Where the reader stands behind this answer. `more`: something newer was there already when it
 * asked. */
static struct json_object *standing(const struct longpoll *p, int64_t room_id, int64_t reached,
                                    int64_t poll_after_ms)
{
    struct json_object *o = json_object_new_object(), *rooms = json_object_new_object();
    bool more = false;

    for (size_t i = 0; i < p->wants->count; i++) {
        const struct history_cursor *c = &p->wants->cursors[i];
        struct json_object *state;
        int64_t seq;

        if (c->err)
            continue;
        seq = c->view.room.id == room_id ? reached : c->since;
        more = more || seq < c->view.room.head;
        state = json_object_new_object();
        json_set_i64(state, "seq", seq);
        if (c->view.has_mark) { /* as of when it asked: a mark between two polls is told, too */
            json_set_i64(state, "last_read_seq", c->view.last_read_seq);
            json_set_i64(state, "unread", c->view.unread);
            json_set_i64(state, "mentions", c->view.mentions);
            json_set_i64(state, "head", c->view.room.head);
        }
        json_set(rooms, c->room, state);
    }
    add_typing(p, o);
    json_set_str(o, "epoch", p->session->epoch);
    json_set(o, "rooms", rooms);
    json_set_bool(o, "more", more);
    json_set_bool(o, "waited", p->wants->wait_ms > 0);
    json_set_i64(o, "poll_after_ms", poll_after_ms);
    wire_add_missing(o, p->wants->cursors, p->wants->count);
    return o;
}

static void answer_nothing(struct longpoll *p, int64_t poll_after_ms)
{
    answer(p, 200, outflow_piece("[]", 2), standing(p, 0, 0, poll_after_ms));
}

/* The person read on another device. */
static void tell_read(struct conn *base, const struct room_view *v)
{
    struct longpoll *p = longpoll_of(base);
    struct json_object *o, *reads;

    if (p->answered || p->over || !p->wants)
        return;
    o = standing(p, 0, 0, 0);
    reads = json_object_new_array();
    json_object_array_add(reads, wire_read(v));
    json_set(o, "reads", reads);
    answer(p, 200, outflow_piece("[]", 2), o);
}

/* ----- what the session asks for ----- */

/* Taken, and the reader wants no more. */
static enum hub_sent send_events(struct conn *base, struct frame *f, int64_t room_id,
                                 int64_t reached)
{
    struct longpoll *p = longpoll_of(base);

    if (!room_id)
        return HUB_SENT; /* only events are waited for */
    if (p->answered || p->over)
        return HUB_FULL;
    answer(p, 200, outflow_piece(f->data, f->len), standing(p, room_id, reached, 0));
    return HUB_KEPT;
}

static bool refuse(struct conn *base, const struct fail *f)
{
    struct longpoll *p = longpoll_of(base);

    if (p->answered || p->over)
        return true;
    p->keep_alive = false;
    http_refuse(&p->out, f, p->session->sidecar->conf->login_url);
    finish(p);
    return true;
}

static void kill_it(struct conn *base)
{
    shutdown(longpoll_of(base)->out.fd, SHUT_RDWR);
}

/* What the close codes tell a socket the next poll will learn. */
static void close_it(struct conn *base, int code, const char *reason)
{
    struct longpoll *p = longpoll_of(base);
    enum err e = code == CLOSE_EXPIRED ? ERR_TOKEN_EXPIRED : ERR_BUSY;
    struct fail f;

    (void)reason;
    if (p->answered || p->over)
        return; /* what is left of the answer goes out, or the sweep cuts it */
    if (code == CLOSE_EXPIRED || !p->wants) {
        fail(&f, e, NULL);
        refuse(base, &f);
    } else {
        answer_nothing(p, 0);
    }
}

static const struct conn_ops ops = {
    .send = send_events, .refuse = refuse, .marked = tell_read, .close = close_it, .kill = kill_it};

static void on_time(uv_timer_t *timer)
{
    struct longpoll *p = timer->data;

    if (p->answered)
        hang_up(p);
    else
        answer_nothing(p, 0);
}

static bool is_newer(const struct request *wants)
{
    for (size_t i = 0; i < wants->count; i++) {
        const struct history_cursor *c = &wants->cursors[i];

        if (!c->err && c->since < c->view.room.head)
            return true;
    }
    return false;
}

static bool has_rooms(const struct request *wants)
{
    size_t missing = 0;

    for (size_t i = 0; i < wants->count; i++)
        missing += wants->cursors[i].err != OK;
    return missing < wants->count;
}

bool longpoll_begin(struct conn *base, const struct request *wants)
{
    struct longpoll *p = longpoll_of(base);
    struct json_object *resyncs;
    bool newer = is_newer(wants);
    int64_t wait_ms = newer && wants->wait_ms < CATCH_UP_MS ? CATCH_UP_MS : wants->wait_ms;

    if (p->answered || p->over)
        return false;
    p->wants = wants;
    resyncs = wire_resyncs(wants->cursors, wants->count, p->session->epoch);
    if (resyncs) {
        answer(p, err_row(ERR_RESYNC)->http_status, outflow_piece(NULL, 0), resyncs);
        return false;
    }
    if (wait_ms == 0 || !has_rooms(wants)) {
        answer_nothing(p, AGAIN_MS);
        return false;
    }
    if (!newer && history_is_read_further(wants->cursors, wants->count)) {
        answer_nothing(p, 0);
        return false;
    }
    uv_timer_start(&p->timer, on_time, (uint64_t)wait_ms, 0);
    return true;
}

/* ----- events of the descriptor ----- */

/* False: the client is gone, or says more than a request. */
static bool hear(struct longpoll *p)
{
    char bytes[1024];
    ssize_t got = recv(p->out.fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0 || p->ahead_len + (size_t)got > HTTP_HEAD_MAX)
        return false;
    p->ahead = xrealloc(p->ahead, p->ahead_len + (size_t)got);
    memcpy(p->ahead + p->ahead_len, bytes, (size_t)got);
    p->ahead_len += (size_t)got;
    return true;
}

static void on_event(void *ctx, int events)
{
    struct longpoll *p = ctx;

    if (p->over && events != UV_DISCONNECT)
        return; /* what there is to read is the next request */
    if ((events & UV_DISCONNECT) || ((events & UV_READABLE) && !hear(p)))
        hang_up(p);
    else if ((events & UV_WRITABLE) && outflow_flush(&p->out))
        end(p);
}

void longpoll_adopt(struct line *line, struct session *x, bool keep_alive, const char *ahead,
                    size_t ahead_len)
{
    struct longpoll *p = xcalloc(1, sizeof *p);

    p->base.ops = &ops;
    p->session = x;
    p->line = line;
    p->out.fd = line->fd;
    p->keep_alive = keep_alive;
    if (ahead_len > 0) {
        p->ahead = xmalloc(ahead_len);
        memcpy(p->ahead, ahead, ahead_len);
        p->ahead_len = ahead_len;
    }
    uv_timer_init(&x->sidecar->loop, &p->timer);
    p->timer.data = p;
    line_serve(line, on_event, p);
    session_opened(x, &p->base);
}
