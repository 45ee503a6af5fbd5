/* Server-sent events and long-poll. */
#include "bench/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 200, TRY_MS = 100 };

static void ask(struct crowd *c, struct reader *r, const char *what, const char *query)
{
    buf_clear(&c->out);
    buf_fmt(&c->out,
            "GET %s%s/?rooms=%s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n",
            c->o->path, what, r->room, query, r->token);
    if (!wire_send(r->fd, &c->out))
        crowd_lost(c, r);
}

/* Takes what comes until `done` says so. */
static void await(struct crowd *c, struct reader *r, bool (*done)(struct crowd *, struct reader *),
                  const char *what)
{
    struct pollfd pfd = {.fd = r->fd, .events = POLLIN};
    bool is_done = false;

    for (int i = 0; i < TRIES && !is_done; i++) {
        size_t rest = r->rest.len;

        if (poll(&pfd, 1, TRY_MS) <= 0)
            continue;
        if (wire_fill(&c->view, &r->rest, r->fd) < 0)
            break;
        c->transport->take(c, r, c->view.len - rest);
        is_done = done(c, r);
        wire_keep(&c->view, &r->rest);
    }
    if (!is_done)
        die("no %s", what);
}

/* ----- server-sent events ----- */

/* The head, once; and from then on the chunks' sizes, where there are any. */
static bool take_head(struct crowd *c, struct reader *r, size_t *fresh)
{
    struct wire_view *v = &c->view;
    struct answer a;

    if (r->stream.headed)
        return true;
    if (!answer_head(v->data, v->len, &a))
        return false;
    if (a.status != 200)
        die("the stream was refused with %d", a.status);
    r->stream.headed = true;
    r->stream.is_chunked = a.chunked;
    v->used = a.head_size;
    *fresh = v->len - a.head_size;
    return true;
}

static void take_events(struct crowd *c, struct reader *r, size_t fresh)
{
    struct wire_view *v = &c->view;
    const char *end;

    if (!take_head(c, r, &fresh))
        return;
    if (r->stream.is_chunked) {
        v->len -= fresh;
        v->len += chunked_decode(&r->stream.chunked, v->data + v->len, fresh);
    }
    while ((end = memmem(v->data + v->used, v->len - v->used, "\n\n", 2))) {
        const char *event = v->data + v->used;

        v->used = (size_t)(end - v->data) + 2;
        crowd_take_payload(c, r, event, (size_t)(end - event));
    }
}

static bool is_streaming(struct crowd *c, struct reader *r)
{
    return r->stream.headed && memmem(c->view.data, c->view.len, "\"welcome\"", 9);
}

static void open_stream(struct crowd *c, struct reader *r)
{
    transport_connect(c, r);
    ask(c, r, "stream", "");
    await(c, r, is_streaming, "welcome");
}

const struct transport transport_sse = {"sse", true, open_stream, take_events, NULL};

/* ----- long-poll ----- */

static void ask_on(struct crowd *c, struct reader *r)
{
    char query[64];

    snprintf(query, sizeof query, ":%lld", (long long)r->seq);
    ask(c, r, "poll", query);
}

static void reopen_poll(struct crowd *c, struct reader *r)
{
    transport_connect(c, r);
    crowd_watch(c, r);
    ask_on(c, r);
}

/* The room's newest number ends the answer: …,"rooms":{"general":{"seq":41}}} */
static void learn_seq(struct reader *r, const char *answer, size_t len)
{
    static const char mark[] = "{\"seq\":";
    const char *at = memrchr(answer, '{', len);

    if (at && (size_t)(answer + len - at) >= sizeof mark && memcmp(at, mark, sizeof mark - 1) == 0)
        r->seq = strtoll(at + sizeof mark - 1, NULL, 10);
    else
        die("an answer without a cursor: %.*s", (int)(len < 200 ? len : 200), answer);
}

static void take_answers(struct crowd *c, struct reader *r, size_t fresh)
{
    struct wire_view *v = &c->view;
    struct answer a;

    (void)fresh;
    v->used = answer_take(v->data, v->len, &a);
    if (!v->used)
        return;
    if (a.status != 200)
        die("a poll was answered with %d", a.status);
    crowd_take_payload(c, r, a.body, a.body_len);
    learn_seq(r, a.body, a.body_len);
    if (a.closes)
        crowd_lost(c, r);
    else
        ask_on(c, r);
}

static bool is_polling(struct crowd *c, struct reader *r)
{
    (void)r;
    return c->view.used > 0;
}

static void open_poll(struct crowd *c, struct reader *r)
{
    transport_connect(c, r);
    ask(c, r, "poll", "&wait=0");
    await(c, r, is_polling, "answer to a poll");
}

const struct transport transport_poll = {"poll", true, open_poll, take_answers, reopen_poll};
