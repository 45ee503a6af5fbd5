/*
 * The floor: the least that a fan-out can cost. One epoll loop, WebSocket handshakes without
 * checks, every message that a client sends goes to all clients as it is, wrapped to a given size.
 * Joined: what arrived in one round leaves as one frame and one send() per client; else one send()
 * per message.
 *
 *   floor PORT joined|single BYTES_PER_MESSAGE
 */
#include "bench/measure.h"
#include "lib/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CLIENTS = 20000, ROUND = 256, IN_SIZE = 16384 };

struct client {
    int fd;
    bool open;
    struct buf rest; /* what a short send left */
};

struct floor {
    int epoll, listener;
    bool joined;
    size_t message_size;
    struct client *clients;
    size_t count;
    struct buf round; /* texts of this round's messages, joined by ',' */
    size_t round_messages;
};

static const char accepted[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";

static void client_send(struct client *c, const char *bytes, size_t len)
{
    long n = 0;

    if (!c->rest.len) {
        n = send(c->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            n = 0;
    }
    if ((size_t)n < len)
        buf_add(&c->rest, bytes + n, len - (size_t)n);
}

static size_t frame_head(unsigned char *head, size_t len)
{
    head[0] = 0x81;
    if (len < 126) {
        head[1] = (unsigned char)len;
        return 2;
    }
    if (len < 65536) {
        head[1] = 126;
        head[2] = (unsigned char)(len >> 8);
        head[3] = (unsigned char)len;
        return 4;
    }
    head[1] = 127;
    for (size_t i = 0; i < 8; i++)
        head[2 + i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
    return 10;
}

static void broadcast(struct floor *f, const char *text, size_t len)
{
    struct buf frame;
    unsigned char head[10];

    buf_init(&frame, len + sizeof head);
    buf_add(&frame, head, frame_head(head, len));
    buf_add(&frame, text, len);
    for (size_t i = 0; i < f->count; i++)
        if (f->clients[i].open)
            client_send(&f->clients[i], frame.data, frame.len);
    buf_release(&frame);
}

static void end_round(struct floor *f)
{
    if (f->round_messages)
        broadcast(f, f->round.data, f->round.len);
    f->round_messages = 0;
    buf_clear(&f->round);
}

/* Pads the posted text with spaces to the size that the compared server sends per message. */
static void take_message(struct floor *f, const char *text, size_t len)
{
    static const char blanks[] = "                                                                ";
    size_t want = len;

    if (f->round_messages)
        buf_char(&f->round, ',');
    buf_add(&f->round, text, len);
    while (want < f->message_size) {
        size_t n = f->message_size - want;

        n = n < sizeof blanks - 1 ? n : sizeof blanks - 1;
        buf_add(&f->round, blanks, n);
        want += n;
    }
    f->round_messages++;
    if (!f->joined)
        end_round(f);
}

/* Whole masked frames under 64 KiB per read: the generator sends no others. */
static void take_bytes(struct floor *f, struct client *c, unsigned char *p, size_t len)
{
    if (len >= 4 && memcmp(p, "GET ", 4) == 0) {
        client_send(c, accepted, sizeof accepted - 1);
        return;
    }
    while (len >= 6) {
        size_t body = p[1] & 0x7f, head = 2;

        if (body == 126) {
            body = (size_t)p[2] << 8 | p[3];
            head = 4;
        }
        if (len < head + 4 + body)
            return;
        if ((p[0] & 0x0f) == 1)
            take_message(f, (const char *)p + head + 4, body);
        p += head + 4 + body;
        len -= head + 4 + body;
    }
}

static void accept_client(struct floor *f)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    int fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;

    if (fd < 0)
        return;
    if (f->count == MAX_CLIENTS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    f->clients[f->count] = (struct client){.fd = fd, .open = true};
    buf_init(&f->clients[f->count].rest, 64 << 20);
    ev.data.u64 = f->count++;
    epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void serve_client(struct floor *f, struct client *c, uint32_t events)
{
    unsigned char in[IN_SIZE];
    long n;

    if (events & EPOLLOUT && c->rest.len) {
        n = send(c->fd, c->rest.data, c->rest.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            memmove(c->rest.data, c->rest.data + n, c->rest.len - (size_t)n);
            c->rest.len -= (size_t)n;
        }
    }
    while ((n = recv(c->fd, in, sizeof in, MSG_DONTWAIT)) > 0)
        take_bytes(f, c, in, (size_t)n);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        c->open = false;
        close(c->fd);
        buf_release(&c->rest);
    }
}

int main(int argc, char **argv)
{
    struct floor f = {0};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = UINT64_MAX}, ready[ROUND];
    struct rlimit files;
    int one = 1;

    if (argc != 4)
        die("usage: floor PORT joined|single BYTES_PER_MESSAGE");
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    f.joined = strcmp(argv[2], "joined") == 0;
    f.message_size = strtoul(argv[3], NULL, 10);
    f.clients = xcalloc(MAX_CLIENTS, sizeof *f.clients);
    buf_init(&f.round, 16 << 20);
    at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    f.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(f.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(f.listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(f.listener, 4096) < 0)
        die("cannot listen on port %s: %s", argv[1], strerror(errno));
    f.epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(f.epoll, EPOLL_CTL_ADD, f.listener, &ev);
    for (;;) {
        int n = epoll_wait(f.epoll, ready, ROUND, -1);

        for (int i = 0; i < n; i++) {
            if (ready[i].data.u64 == UINT64_MAX)
                accept_client(&f);
            else if (f.clients[ready[i].data.u64].open)
                serve_client(&f, &f.clients[ready[i].data.u64], ready[i].events);
        }
        end_round(&f);
    }
}
