#include "ws-sidecar/stream.h"

#include "lib/secure.h"
#include "ws-sidecar/event_id.h"
#include "ws-sidecar/http_answer.h"
#include "ws-sidecar/line.h"
#include "ws-sidecar/outflow.h"
#include "ws-sidecar/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    UNHEARD_MAX = 65536, /* bytes that a client may send into the void */
    RETRY_LEAST_MS = 1000,
    RETRY_MOST_MS = 10000
};

struct stream {
    struct conn base; /* first: the session's functions lead back here */
    struct session *session;
    struct line *line;
    struct outflow out;
    bool begun;  /* the head of the answer is on its way, or a refusal */
    bool ending; /* nothing follows what waits */
    bool over;   /* the line closes; session_closed() is next */
    int close_code;
    const char *close_reason;
    size_t unheard;
};

static const char data_field[] = "data: ", blank_line[] = "\n\n";

static struct stream *stream_of(struct conn *c)
{
    return (struct stream *)(void *)c;
}

/* ----- the end ----- */

static void on_closed(void *ctx)
{
    struct stream *t = ctx;

    outflow_release(&t->out);
    session_closed(t->session);
    free(t);
}

static void end(struct stream *t)
{
    if (t->over)
        return;
    t->over = true;
    line_close(t->line, on_closed);
}

static void watch(struct stream *t, int events)
{
    if (!t->over)
        line_watch(t->line, events);
}

/* What waits goes out; behind it, where there is nothing more to come, the connection ends. */
static void finish(struct stream *t)
{
    t->ending = true;
    if (t->out.rest)
        watch(t, UV_READABLE | UV_WRITABLE);
    else
        end(t);
}

/* ----- output ----- */

static enum hub_sent send_frame(struct conn *base, struct frame *f, int64_t room_id,
                                int64_t reached)
{
    struct stream *t = stream_of(base);
    struct iovec pieces[4];
    enum hub_sent sent;
    struct event_id id;
    size_t count = 0;

    if (t->over || t->ending)
        return HUB_FULL;
    id.len = 0;
    if (room_id)
        event_id_make(&id, &t->session->reader, t->session->epoch, room_id, reached);
    if (id.len > 0)
        pieces[count++] = outflow_piece(id.text, id.len);
    if (f->head > 0)
        pieces[count++] = outflow_piece(data_field, sizeof data_field - 1);
    pieces[count++] = outflow_piece(f->data + f->head, f->len - f->head);
    if (f->head > 0)
        pieces[count++] = outflow_piece(blank_line, sizeof blank_line - 1);
    sent = outflow_send(&t->out, pieces, count);
    if (sent != HUB_SENT)
        watch(t, UV_READABLE | UV_WRITABLE);
    return sent;
}

/* With the first frame, which is `welcome`, goes the head of the answer, where the cursors stand,
 * and when a browser's own EventSource shall try again: at different times, after a restart. */
static struct frame *preamble(struct stream *t)
{
    int64_t spread = RETRY_MOST_MS - RETRY_LEAST_MS;
    char retry[32];
    size_t head = strlen(http_stream_head), retry_len;
    struct event_id id;
    struct frame *f;

    retry_len = (size_t)snprintf(retry, sizeof retry, "retry: %d\n",
                                 RETRY_LEAST_MS + (int)(secure_random_id() % spread));
    event_id_make(&id, &t->session->reader, t->session->epoch, 0, 0);
    f = frame_new(head + retry_len + id.len);
    memcpy(f->data, http_stream_head, head);
    memcpy(f->data + head, retry, retry_len);
    memcpy(f->data + head + retry_len, id.text, id.len);
    return f;
}

static struct frame *dress(struct conn *base, struct frame *f)
{
    struct stream *t = stream_of(base);
    size_t payload = f->len - f->head,
           size = sizeof data_field - 1 + payload + sizeof blank_line - 1;
    struct frame *dressed = frame_new(size), *first;
    char *at = dressed->data;

    memcpy(at, data_field, sizeof data_field - 1);
    at += sizeof data_field - 1;
    memcpy(at, f->data + f->head, payload);
    memcpy(at + payload, blank_line, sizeof blank_line - 1);
    frame_unref(f);
    if (t->begun)
        return dressed;
    t->begun = true;
    first = frame_append(preamble(t), dressed);
    frame_unref(dressed);
    return first;
}

static void say_close(struct stream *t)
{
    struct iovec piece;
    char text[256];
    int len = 0;

    if (t->close_code == CLOSE_EXPIRED)
        len = snprintf(text, sizeof text,
                       "data: {\"type\":\"error\",\"code\":\"token_expired\",\"message\":\"%s\","
                       "\"retryable\":true}\n\n",
                       err_row(ERR_TOKEN_EXPIRED)->message);
    len += snprintf(text + len, sizeof text - (size_t)len,
                    "data: {\"type\":\"close\",\"code\":%d,\"reason\":\"%.80s\"}\n\n",
                    t->close_code, t->close_reason);
    piece = outflow_piece(text, (size_t)len);
    outflow_put(&t->out, &piece, 1);
    finish(t);
}

static bool refuse(struct conn *base, const struct fail *f)
{
    struct stream *t = stream_of(base);

    if (t->begun)
        return false;
    t->begun = true;
    http_refuse(&t->out, f, t->session->sidecar->conf->login_url);
    finish(t);
    return true;
}

static void close_it(struct conn *base, int code, const char *reason)
{
    struct stream *t = stream_of(base);
    struct fail f;

    if (t->ending || t->over || t->close_code)
        return;
    if (!t->begun) {
        fail(&f, ERR_BUSY, NULL);
        refuse(base, &f);
        return;
    }
    t->close_code = code;
    t->close_reason = reason;
    if (!t->session->reader.blocked)
        say_close(t);
}

static void kill_it(struct conn *base)
{
    shutdown(stream_of(base)->out.fd, SHUT_RDWR);
}

static const struct conn_ops ops = {
    .send = send_frame, .dress = dress, .refuse = refuse, .close = close_it, .kill = kill_it};

/* ----- events of the descriptor ----- */

/* False: the client is gone. It has nothing to say; what it says nevertheless is not kept. */
static bool hear_nothing(struct stream *t)
{
    char bytes[1024];
    ssize_t got = recv(t->out.fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    t->unheard += (size_t)got;
    return got > 0 && t->unheard <= UNHEARD_MAX;
}

static void on_writable(struct stream *t)
{
    if (!outflow_flush(&t->out))
        return;
    if (t->ending) {
        end(t);
        return;
    }
    session_writable(t->session);
    if (t->session->reader.blocked)
        return;
    watch(t, UV_READABLE);
    if (t->close_code)
        say_close(t);
}

static void on_event(void *ctx, int events)
{
    struct stream *t = ctx;

    if ((events & UV_DISCONNECT) || ((events & UV_READABLE) && !hear_nothing(t)))
        end(t);
    else if (events & UV_WRITABLE)
        on_writable(t);
}

/* A client that vanished cannot miss a pong: the kernel tells by what it does not acknowledge.
 * Where a web server stands between, that is its affair. */
static void limit_silence(int fd, int64_t ms)
{
    unsigned timeout = (unsigned)ms;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

void stream_adopt(struct line *line, struct session *x)
{
    struct stream *t = xcalloc(1, sizeof *t);

    limit_silence(line->fd, x->sidecar->conf->ws_idle_timeout_ms);
    t->base.ops = &ops;
    t->session = x;
    t->line = line;
    t->out.fd = line->fd;
    line_serve(line, on_event, t);
    session_opened(x, &t->base);
}
