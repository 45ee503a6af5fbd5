#include "cli/probe.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/text.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 256 * 1024 };

bool probe_url(struct arena *a, const char *url, struct probe_url *out)
{
    const char *host, *end, *colon;
    int64_t port;

    if (strncmp(url, "http://", 7) != 0)
        return false;
    host = url + 7;
    end = host + strcspn(host, "/?#");
    out->authority = arena_strn(a, host, (size_t)(end - host));
    out->path = arena_str(a, *end == '/' ? end : "/");
    colon = strrchr(out->authority, ':');
    if (colon && !strchr(colon, ']')) {
        if (!text_to_i64(colon + 1, strlen(colon + 1), 1, 65535, &port))
            return false;
        out->host = arena_strn(a, out->authority, (size_t)(colon - out->authority));
        out->port = arena_str(a, colon + 1);
    } else {
        out->host = arena_str(a, out->authority);
        out->port = arena_str(a, "80");
    }
    if (out->host[0] == '[') /* an IPv6 address in a URL */
        out->host = arena_strn(a, out->host + 1, strcspn(out->host, "]") - 1);
    return out->host[0] != '\0';
}

/* Waits until the socket is ready or the deadline passed. */
static bool ready(int fd, short events, int64_t deadline)
{
    struct clock clock = {0};
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = deadline - clock_boot_ms(&clock);

    return left > 0 && poll(&p, 1, (int)left) == 1;
}

static int open_socket(const struct addrinfo *to, int64_t deadline)
{
    int error = 0, fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t len = sizeof error;

    if (fd < 0)
        return -1;
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return fd;
    if (errno == EINPROGRESS) {
        error = ETIMEDOUT;
        if (ready(fd, POLLOUT, deadline))
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error == 0)
            return fd;
        errno = error;
    }
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int dial(struct arena *a, const struct probe_url *to, int64_t deadline, const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd = -1, rc = getaddrinfo(to->host, to->port, &hints, &list);

    if (rc != 0) {
        *why = arena_fmt(a, "there is no host %s (%s)", to->host, gai_strerror(rc));
        return -1;
    }
    for (struct addrinfo *i = list; i && fd < 0; i = i->ai_next)
        fd = open_socket(i, deadline);
    if (fd < 0)
        *why = arena_fmt(a, "no connection to %s: %s", to->authority, strerror(errno));
    freeaddrinfo(list);
    return fd;
}

static bool send_all(int fd, const struct buf *b, int64_t deadline)
{
    size_t sent = 0;

    while (sent < b->len && ready(fd, POLLOUT, deadline)) {
        ssize_t n = send(fd, b->data + sent, b->len - sent, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        sent += n > 0 ? (size_t)n : 0;
    }
    return sent == b->len;
}

/* Until the other end closes, or where only the head is wanted, until that is there. */
static bool receive(int fd, struct buf *b, bool head_only, int64_t deadline)
{
    char chunk[4096];

    while (ready(fd, POLLIN, deadline)) {
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);

        if (n == 0)
            return true;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return b->len > 0;
        if (n > 0)
            buf_add(b, chunk, (size_t)n);
        if (b->overflow)
            return true;
        if (head_only && strstr(buf_cstr(b), "\r\n\r\n"))
            return true;
    }
    return false;
}

static bool split(struct arena *a, const struct buf *b, struct probe_answer *out)
{
    const char *text = buf_cstr(b), *end = strstr(text, "\r\n\r\n");
    int64_t status;

    if (!end || strncmp(text, "HTTP/1.", 7) != 0 || !text_to_i64(text + 9, 3, 100, 599, &status))
        return false;
    out->status = (int)status;
    out->head = arena_strn(a, text, (size_t)(end - text));
    out->body_len = b->len - (size_t)(end + 4 - text);
    out->body = arena_strn(a, end + 4, out->body_len);
    return true;
}

bool probe_get(struct arena *a, const struct probe_url *to, const char *path, const char *headers,
               struct probe_answer *out, const char **why)
{
    struct clock clock = {0};
    int64_t deadline = clock_boot_ms(&clock) + PROBE_TIMEOUT_MS;
    bool upgrade = strstr(headers, "Upgrade:") != NULL;
    struct buf b;
    int fd = dial(a, to, deadline, why);
    bool ok;

    if (fd < 0)
        return false;
    buf_init(&b, ANSWER_MAX);
    /* HTTP/1.0 keeps the answer free of chunks; an upgrade needs 1.1. */
    buf_fmt(&b, "GET %s HTTP/1.%c\r\nHost: %s\r\n%s%s\r\n", path, upgrade ? '1' : '0',
            to->authority, upgrade ? "" : "Connection: close\r\n", headers);
    ok = send_all(fd, &b, deadline);
    buf_clear(&b);
    ok = ok && receive(fd, &b, upgrade, deadline);
    close(fd);
    if (!ok)
        *why = "the answer did not come within five seconds";
    else if (!split(a, &b, out)) {
        *why = "the answer is not HTTP";
        ok = false;
    }
    buf_release(&b);
    return ok;
}

const char *probe_header(struct arena *a, const struct probe_answer *answer, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = strstr(answer->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            line += len + 1;
            line += strspn(line, " \t");
            return arena_strn(a, line, strcspn(line, "\r\n"));
        }
    }
    return NULL;
}
