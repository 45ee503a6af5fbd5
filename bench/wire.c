#include "bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { IN_MAX = 8 << 20, READ_SIZE = 64 << 10 };

struct place {
    struct sockaddr_storage address;
    socklen_t len;
};

static bool unix_place(const char *path, struct place *p)
{
    struct sockaddr_un *to = (struct sockaddr_un *)(void *)&p->address;

    if (strlen(path) >= sizeof to->sun_path)
        return false;
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, path, strlen(path) + 1);
    p->len = sizeof *to;
    return true;
}

static bool tcp_place(const char *where, struct place *p)
{
    struct sockaddr_in *to = (struct sockaddr_in *)(void *)&p->address;
    const char *colon = strchr(where, ':');
    char host[64];

    if (!colon || (size_t)(colon - where) >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - where), where);
    to->sin_family = AF_INET;
    to->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    p->len = sizeof *to;
    return inet_pton(AF_INET, host, &to->sin_addr) == 1 &&
           (ntohl(to->sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
}

/* A socket for the place; -1 with errno. */
static int socket_at(const char *where, struct place *p)
{
    bool is_unix = strncmp(where, "unix:", 5) == 0;
    int fd, one = 1;

    *p = (struct place){0};
    if (!(is_unix ? unix_place(where + 5, p) : tcp_place(where, p))) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(p->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !is_unix)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int close_on_error(int fd, bool ok)
{
    if (ok || fd < 0)
        return fd;
    close(fd);
    return -1;
}

int wire_connect(const char *where)
{
    struct place to;
    int fd = socket_at(where, &to);

    return close_on_error(fd, fd >= 0 && connect(fd, (struct sockaddr *)&to.address, to.len) == 0);
}

int wire_listen(const char *where)
{
    enum { BACKLOG = 4096 };
    struct place at;
    int fd = socket_at(where, &at), one = 1;

    if (fd < 0)
        return -1;
    if (at.address.ss_family == AF_UNIX)
        unlink(where + 5);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return close_on_error(fd, bind(fd, (struct sockaddr *)&at.address, at.len) == 0 &&
                                  listen(fd, BACKLOG) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
}

/* Reads up to the blank line, byte by byte at its end so that no frame is swallowed. */
static bool read_answer(int fd, char *answer, size_t size)
{
    size_t len = 0;

    while (len < size - 1) {
        long n = read(fd, answer + len, 1);

        if (n <= 0)
            return false;
        len++;
        answer[len] = '\0';
        if (len >= 4 && memcmp(answer + len - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

bool wire_upgrade(int fd, const char *path, const char *protocol, const char *token)
{
    char request[10240], answer[4096];
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: b3V0Y3J5LWJlbmNoLWtleQ==\r\n%s%s%s%s%s%s\r\n",
                       path, protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "",
                       protocol ? "\r\n" : "", token ? "Authorization: Bearer " : "",
                       token ? token : "", token ? "\r\n" : "");

    if (len < 0 || (size_t)len >= sizeof request || write(fd, request, (size_t)len) != len)
        return false;
    return read_answer(fd, answer, sizeof answer) && strncmp(answer, "HTTP/1.1 101", 12) == 0;
}

bool wire_send(int fd, const struct buf *bytes)
{
    size_t sent = 0;

    while (sent < bytes->len) {
        long n = send(fd, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return false;
        sent += n < 0 ? 0 : (size_t)n;
    }
    return true;
}

void wire_frame(struct buf *out, enum wire_op op, const char *payload, size_t len)
{
    unsigned char head[14] = {(unsigned char)(0x80 | (unsigned)op)};
    size_t used;

    if (len < 126) {
        head[1] = (unsigned char)(0x80 | len);
        used = 2;
    } else {
        head[1] = 0x80 | 126;
        head[2] = (unsigned char)(len >> 8);
        head[3] = (unsigned char)len;
        used = 4;
    }
    /* A zero mask leaves the text as it is: the generator's CPU is not what is measured. */
    buf_add(out, head, used + 4);
    buf_add(out, payload, len);
}

void wire_rest_release(struct wire_rest *r)
{
    free(r->data);
    *r = (struct wire_rest){0};
}

void wire_view_release(struct wire_view *v)
{
    free(v->data);
    *v = (struct wire_view){0};
}

long wire_fill(struct wire_view *v, struct wire_rest *r, int fd)
{
    long n;

    if (v->cap < r->len + READ_SIZE) {
        v->cap = r->len + READ_SIZE;
        v->data = xrealloc(v->data, v->cap);
    }
    if (r->len)
        memcpy(v->data, r->data, r->len);
    v->len = r->len;
    v->used = 0;
    wire_rest_release(r);
    n = recv(fd, v->data + v->len, READ_SIZE, MSG_DONTWAIT);
    if (n > 0)
        v->len += (size_t)n;
    if (n > 0)
        return v->len > IN_MAX ? -1 : n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

int wire_next(struct wire_view *v, const char **payload, size_t *len)
{
    const unsigned char *p = (const unsigned char *)v->data + v->used;
    size_t have = v->len - v->used, head = 2, body;

    if (have < 2)
        return -1;
    body = p[1] & 0x7f;
    if (body == 126)
        head = 4;
    else if (body == 127)
        head = 10;
    if (have < head)
        return -1;
    if (head > 2) {
        body = 0;
        for (size_t i = 2; i < head; i++)
            body = body << 8 | p[i];
    }
    if (body > IN_MAX || have < head + body)
        return -1;
    *payload = (const char *)p + head;
    *len = body;
    v->used += head + body;
    return p[0] & 0x0f;
}

void wire_keep(const struct wire_view *v, struct wire_rest *r)
{
    r->len = v->len - v->used;
    if (!r->len)
        return;
    r->data = xmalloc(r->len);
    memcpy(r->data, v->data + v->used, r->len);
}

bool wire_wait(struct wire_view *v, struct wire_rest *r, int fd, const char *mark)
{
    enum { TRIES = 200, TRY_MS = 100 };
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    bool found = false;

    for (int i = 0; i < TRIES && !found; i++) {
        const char *payload;
        size_t len;
        int op;

        if (poll(&pfd, 1, TRY_MS) <= 0)
            continue;
        if (wire_fill(v, r, fd) < 0)
            return false;
        while (!found && (op = wire_next(v, &payload, &len)) >= 0)
            found = op == WIRE_TEXT && memmem(payload, len, mark, strlen(mark));
        wire_keep(v, r);
    }
    return found;
}
