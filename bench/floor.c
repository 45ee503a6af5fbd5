/*
 * The floor: the least that a fan-out can cost. One epoll loop, WebSocket handshakes without
 * checks, every text that a client sends goes to all clients as it is.
 *
 *   floor --listen unix:/…|127.0.0.1:PORT [--mode single|joined|frames] [--join K]
 *
 * single: one send() a message. joined: K messages (on average; 0: what came in one round of the
 * loop) as one frame and one send(). frames: as joined, but each message in a frame of its own.
 */
#include "bench/measure.h"
#include "bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CLIENTS = 20000, ROUND = 256, REST_MAX = 64 << 20, FLUSH_MS = 1 };

struct client {
    int fd;
    bool waiting;        /* for room in its socket */
    struct buf rest;     /* what a short send left */
    struct wire_rest in; /* what was not whole */
};

struct floor {
    const char *listen, *mode;
    double join;
    bool joined, framed;
    int epoll, listener;
    struct client *clients;
    size_t count;
    struct buf pending; /* messages that wait to be sent together */
    double pending_count;
};

static const char accepted[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";

/* ----- out ----- */

static void await_room(struct floor *f, struct client *c, bool on)
{
    struct epoll_event ev = {.events = EPOLLIN | (on ? EPOLLOUT : 0u),
                             .data.u64 = (uint64_t)(c - f->clients)};

    if (c->waiting == on)
        return;
    c->waiting = on;
    epoll_ctl(f->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void client_send(struct floor *f, struct client *c, const char *bytes, size_t len)
{
    ssize_t n = 0;

    if (!c->waiting)
        n = send(c->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == (ssize_t)len)
        return;
    n = n < 0 ? 0 : n;
    buf_add(&c->rest, bytes + n, len - (size_t)n);
    await_room(f, c, true);
}

static void client_flush(struct floor *f, struct client *c)
{
    ssize_t n = send(c->fd, c->rest.data, c->rest.len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n <= 0)
        return;
    memmove(c->rest.data, c->rest.data + n, c->rest.len - (size_t)n);
    c->rest.len -= (size_t)n;
    if (!c->rest.len)
        await_room(f, c, false);
}

static size_t frame_head(unsigned char *head, size_t len)
{
    size_t bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;

    head[0] = 0x81;
    head[1] = (unsigned char)(bytes == 0 ? len : bytes == 2 ? 126 : 127);
    for (size_t i = 0; i < bytes; i++)
        head[2 + i] = (unsigned char)((uint64_t)len >> (8 * (bytes - 1 - i)));
    return 2 + bytes;
}

static void add_frame(struct buf *out, const char *text, size_t len)
{
    unsigned char head[10];

    buf_add(out, head, frame_head(head, len));
    buf_add(out, text, len);
}

static void send_pending(struct floor *f)
{
    struct buf frame;

    buf_init(&frame, REST_MAX);
    if (f->framed)
        buf_add(&frame, f->pending.data, f->pending.len);
    else
        add_frame(&frame, f->pending.data, f->pending.len);
    for (size_t i = 0; i < f->count; i++)
        if (f->clients[i].fd >= 0)
            client_send(f, &f->clients[i], frame.data, frame.len);
    buf_release(&frame);
    buf_clear(&f->pending);
}

static void take_message(struct floor *f, const char *text, size_t len)
{
    if (f->framed)
        add_frame(&f->pending, text, len);
    else
        buf_add(&f->pending, text, len);
    f->pending_count++;
    if (!f->joined || (f->join > 0 && f->pending_count >= f->join)) {
        f->pending_count = f->joined ? f->pending_count - f->join : 0;
        send_pending(f);
    }
}

/* ----- in ----- */

/* Masked with zeros, as the generator does: the text is there to be read. */
static size_t take_frame(struct floor *f, const unsigned char *p, size_t len)
{
    size_t body = len < 6 ? 0 : p[1] & 0x7f, head = 2;

    if (len >= 6 && body == 126) {
        body = (size_t)p[2] << 8 | p[3];
        head = 4;
    }
    if (len < 6 || len < head + 4 + body)
        return 0;
    if ((p[0] & 0x0f) == WIRE_TEXT)
        take_message(f, (const char *)p + head + 4, body);
    return head + 4 + body;
}

static void client_close(struct client *c)
{
    close(c->fd);
    c->fd = -1;
    buf_release(&c->rest);
    wire_rest_release(&c->in);
}

static void take_bytes(struct floor *f, struct client *c, struct wire_view *v)
{
    size_t n;

    if (wire_fill(v, &c->in, c->fd) < 0) {
        client_close(c);
        return;
    }
    if (v->len >= 4 && memcmp(v->data, "GET ", 4) == 0) {
        client_send(f, c, accepted, sizeof accepted - 1);
        return;
    }
    while ((n = take_frame(f, (const unsigned char *)v->data + v->used, v->len - v->used)))
        v->used += n;
    wire_keep(v, &c->in);
}

static void accept_client(struct floor *f)
{
    int fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN};
    size_t place = 0;
    int one = 1;

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* means nothing on a Unix socket */
    while (place < f->count && f->clients[place].fd >= 0)
        place++;
    if (place == MAX_CLIENTS) {
        close(fd);
        return;
    }
    f->count = place == f->count ? place + 1 : f->count;
    f->clients[place] = (struct client){.fd = fd};
    buf_init(&f->clients[place].rest, REST_MAX);
    ev.data.u64 = place;
    epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void serve(struct floor *f, struct wire_view *v)
{
    struct epoll_event ready[ROUND];
    bool wait_for_more = f->join > 0 && f->pending.len > 0;
    int n = epoll_wait(f->epoll, ready, ROUND, wait_for_more ? FLUSH_MS : -1);

    for (int i = 0; i < n; i++) {
        struct client *c = &f->clients[ready[i].data.u64];

        if (ready[i].data.u64 == MAX_CLIENTS)
            accept_client(f);
        else if (c->fd >= 0 && ready[i].events & EPOLLOUT)
            client_flush(f, c);
        if (ready[i].data.u64 < MAX_CLIENTS && c->fd >= 0 && ready[i].events & (EPOLLIN | EPOLLHUP))
            take_bytes(f, c, v);
    }
    /* Nothing more is coming for those that wait for company. */
    if (f->pending.len && (f->join <= 0 || n == 0)) {
        f->pending_count = 0;
        send_pending(f);
    }
}

/* ----- the program ----- */

static void parse(struct floor *f, int argc, char **argv)
{
    const struct option table[] = {
        {"--listen", OPTION_TEXT, &f->listen},
        {"--mode", OPTION_TEXT, &f->mode},
        {"--join", OPTION_REAL, &f->join},
    };

    *f = (struct floor){.mode = "single"};
    options_parse(table, ARRAY_LEN(table), argc, argv);
    f->framed = strcmp(f->mode, "frames") == 0;
    f->joined = f->framed || strcmp(f->mode, "joined") == 0;
    if (!f->listen || (!f->joined && strcmp(f->mode, "single") != 0))
        die("--listen is needed; --mode is single, joined or frames");
    if (!f->joined)
        f->join = 0;
}

int main(int argc, char **argv)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = MAX_CLIENTS};
    struct wire_view view = {0};
    struct floor f;

    signal(SIGPIPE, SIG_IGN);
    measure_raise_file_limit();
    parse(&f, argc, argv);
    f.clients = xcalloc(MAX_CLIENTS + 1, sizeof *f.clients);
    buf_init(&f.pending, REST_MAX);
    f.listener = wire_listen(f.listen);
    if (f.listener < 0)
        die("%s: %s", f.listen, strerror(errno));
    f.epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(f.epoll, EPOLL_CTL_ADD, f.listener, &ev);
    for (;;)
        serve(&f, &view);
}
