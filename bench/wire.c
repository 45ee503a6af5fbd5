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

static int connect_unix(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof to.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(to.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int connect_tcp(const char *where)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    const char *colon = strchr(where, ':');
    char host[64];
    int fd, one = 1;

    if (!colon || (size_t)(colon - where) >= sizeof host) {
        errno = EINVAL;
        return -1;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - where), where);
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || (ntohl(to.sin_addr.s_addr) >> 24) != 127) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

int wire_connect(const char *where)
{
    return strncmp(where, "unix:", 5) == 0 ? connect_unix(where + 5) : connect_tcp(where);
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

void wire_frame(struct buf *out, const char *text, size_t len)
{
    unsigned char head[14] = {0x81};
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
    buf_add(out, text, len);
}

void wire_in_init(struct wire_in *in)
{
    buf_init(&in->bytes, IN_MAX);
    in->used = 0;
}

void wire_in_release(struct wire_in *in)
{
    buf_release(&in->bytes);
}

long wire_fill(struct wire_in *in, int fd)
{
    char chunk[READ_SIZE];
    long n;

    if (in->used) {
        size_t rest = in->bytes.len - in->used;

        memmove(in->bytes.data, in->bytes.data + in->used, rest);
        in->bytes.len = rest;
        in->used = 0;
    }
    n = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n > 0) {
        buf_add(&in->bytes, chunk, (size_t)n);
        return in->bytes.overflow ? -1 : n;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

int wire_next(struct wire_in *in, const char **payload, size_t *len)
{
    const unsigned char *p = (const unsigned char *)in->bytes.data + in->used;
    size_t have = in->bytes.len - in->used, head = 2, body;

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
    in->used += head + body;
    return p[0] & 0x0f;
}

bool wire_wait(struct wire_in *in, int fd, const char *mark)
{
    enum { TRIES = 200, TRY_MS = 100 };
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    const char *payload;
    size_t len;
    int op;

    for (int i = 0; i < TRIES; i++) {
        if (poll(&pfd, 1, TRY_MS) > 0 && wire_fill(in, fd) < 0)
            return false;
        while ((op = wire_next(in, &payload, &len)) >= 0)
            if (op == 1 && memmem(payload, len, mark, strlen(mark)))
                return true;
    }
    return false;
}
