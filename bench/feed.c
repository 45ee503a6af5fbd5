#include "bench/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PING_MAX = 100, TRIES = 200, TRY_MS = 100, REQUEST_MAX = 16384 };

static void say(const struct feed *f, const struct buf *bytes)
{
    if (send(f->fd, bytes->data, bytes->len, MSG_NOSIGNAL) != (long)bytes->len)
        die("sending: %s", strerror(errno));
}

/* ----- WebSocket ----- */

static void say_frame(const struct feed *f, const char *text)
{
    struct buf frame;

    buf_init(&frame, REQUEST_MAX);
    wire_frame(&frame, text, strlen(text));
    say(f, &frame);
    buf_release(&frame);
}

static void open_ws(struct feed *f)
{
    struct buf hello;

    if (!wire_upgrade(f->fd, f->path, f->token ? "chat.v1" : NULL, NULL))
        die("the upgrade was refused");
    if (!f->token)
        return;
    buf_init(&hello, REQUEST_MAX);
    buf_fmt(&hello,
            "{\"type\":\"hello\",\"proto\":\"chat.v1\",\"token\":\"%s\",\"rooms\":[\"%s\"]}",
            f->token, f->room);
    say_frame(f, buf_cstr(&hello));
    buf_release(&hello);
    if (!wire_wait(&f->in, f->fd, "\"welcome\""))
        die("no welcome");
}

static bool next_frame(struct feed *f, const char **text, size_t *len)
{
    int op;

    while ((op = wire_next(&f->in, text, len)) >= 0) {
        if (op == 1 && *len < PING_MAX && memmem(*text, *len, "\"ping\"", 6))
            say_frame(f, "{\"type\":\"pong\"}");
        if (op == 1)
            return true;
    }
    return false;
}

/* ----- HTTP ----- */

static void ask(const struct feed *f, const char *what, const char *query)
{
    struct buf request;

    buf_init(&request, REQUEST_MAX);
    buf_fmt(&request, "GET %s%s/?rooms=%s%s HTTP/1.1\r\nHost: 127.0.0.1\r\n", f->path, what,
            f->room, query);
    if (f->token)
        buf_fmt(&request, "Authorization: Bearer %s\r\n", f->token);
    buf_str(&request, "\r\n");
    say(f, &request);
    buf_release(&request);
}

/* Takes bytes up to and with `end`. */
static bool take_until(struct feed *f, const char *end, const char **text, size_t *len)
{
    const char *from = f->in.bytes.data + f->in.used;
    size_t have = f->in.bytes.len - f->in.used;
    const char *at = have ? memmem(from, have, end, strlen(end)) : NULL;

    if (!at)
        return false;
    *text = from;
    *len = (size_t)(at - from);
    f->in.used += *len + strlen(end);
    return true;
}

static void await(struct feed *f, const char *end, const char *mark)
{
    struct pollfd pfd = {.fd = f->fd, .events = POLLIN};
    const char *text;
    size_t len;

    for (int i = 0; i < TRIES; i++) {
        if (poll(&pfd, 1, TRY_MS) > 0 && wire_fill(&f->in, f->fd) < 0)
            break;
        while (take_until(f, end, &text, &len))
            if (memmem(text, len, mark, strlen(mark)))
                return;
    }
    die("no %s", mark);
}

static void open_sse(struct feed *f)
{
    ask(f, "stream", "");
    await(f, "\r\n\r\n", " 200 OK");
    await(f, "\n\n", "\"welcome\"");
}

/* `at` is where the mark stands, or NULL; the number behind it. */
static int64_t number_behind(const char *at, const char *mark, const char *text, size_t len)
{
    if (at && strncmp(at, mark, strlen(mark)) == 0)
        return strtoll(at + strlen(mark), NULL, 10);
    die("an answer that was not expected: %.*s", (int)len, text);
}

/* The body of the next whole answer. */
static bool next_answer(struct feed *f, const char **text, size_t *len)
{
    static const char field[] = "Content-Length: ";
    size_t used = f->in.used, size;

    if (!take_until(f, "\r\n\r\n", text, len))
        return false;
    size = (size_t)number_behind(memmem(*text, *len, field, sizeof field - 1), field, *text, *len);
    if (f->in.bytes.len - f->in.used < size) {
        f->in.used = used;
        return false;
    }
    *text = f->in.bytes.data + f->in.used;
    *len = size;
    f->in.used += size;
    return true;
}

static void ask_on(struct feed *f, const char *text, size_t len, const char *wait)
{
    static const char mark[] = "{\"seq\":"; /* of the one room, behind the events */
    char query[64];

    f->seq = number_behind(memrchr(text, '{', len), mark, text, len);
    snprintf(query, sizeof query, ":%" PRId64 "%s", f->seq, wait);
    ask(f, "poll", query);
}

static void open_poll(struct feed *f)
{
    struct pollfd pfd = {.fd = f->fd, .events = POLLIN};
    const char *text;
    size_t len;

    ask(f, "poll", "&wait=0");
    for (int i = 0; i < TRIES; i++) {
        if (poll(&pfd, 1, TRY_MS) > 0 && wire_fill(&f->in, f->fd) < 0)
            break;
        if (next_answer(f, &text, &len)) {
            ask_on(f, text, len, "");
            return;
        }
    }
    die("no answer to the first poll");
}

void feed_open(struct feed *f, const char *to)
{
    static void (*const open[])(struct feed * f) = {
        [FEED_WS] = open_ws, [FEED_SSE] = open_sse, [FEED_POLL] = open_poll};

    wire_in_init(&f->in);
    f->fd = wire_connect(to);
    if (f->fd < 0)
        die("%s: %s", to, strerror(errno));
    open[f->way](f);
}

bool feed_next(struct feed *f, const char **text, size_t *len)
{
    switch (f->way) {
    case FEED_WS:
        return next_frame(f, text, len);
    case FEED_SSE:
        return take_until(f, "\n\n", text, len);
    case FEED_POLL:
        if (!next_answer(f, text, len))
            return false;
        ask_on(f, *text, *len, "");
        return true;
    }
    return false;
}
