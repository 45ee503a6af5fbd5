#include "ws-sidecar/listen.h"

#include "ws-sidecar/http_answer.h"
#include "ws-sidecar/line.h"
#include "ws-sidecar/longpoll.h"
#include "ws-sidecar/session.h"
#include "ws-sidecar/stream.h"
#include "ws-sidecar/ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BACKLOG = 512,
    SOCKETS_MAX = 4,
    SYSTEMD_FIRST_FD = 3,
    ACCEPTS_AT_ONCE = 64,
    HEAD_MS = 10000,
    KEPT_MS = 60000, /* and a connection that was served may rest */
    READ_STEP = 2048,
    SEND_BUFFER = 65536
};

struct socket {
    struct listener *listener;
    uv_poll_t poll;
    int fd;
    bool is_unix, handed; /* handed: systemd's, not ours to unlink */
};

/* A connection whose head is being read. */
struct visitor {
    struct listener *listener;
    struct visitor *prev, *next;
    struct line *line;
    int64_t deadline_ms;
    bool resting; /* it was served, and has not asked again */
    char *data;
    size_t len, cap;
};

struct listener {
    struct sidecar *sidecar;
    struct socket sockets[SOCKETS_MAX];
    size_t socket_count;
    struct visitor *visitors;
    size_t visitor_count, resting_count; /* the resting ones are not among the first */
    bool starved;                        /* no descriptors left: not accepting for a moment */
};

/* ----- visitors ----- */

static size_t *count_of(struct visitor *v)
{
    return v->resting ? &v->listener->resting_count : &v->listener->visitor_count;
}

static void unlink_visitor(struct visitor *v)
{
    struct listener *l = v->listener;

    if (v->prev)
        v->prev->next = v->next;
    else
        l->visitors = v->next;
    if (v->next)
        v->next->prev = v->prev;
    *count_of(v) -= 1;
}

/* The visitor is gone, its line is somebody else's. */
static void free_visitor(struct visitor *v)
{
    unlink_visitor(v);
    free(v->data);
    free(v);
}

static void dismiss(struct visitor *v)
{
    line_close(v->line, NULL);
    free_visitor(v);
}

/* One try to say why: a client that does not read its answer is not waited for. `bare`: it asked by
 * HEAD. */
static void turn_away(struct visitor *v, int status, const struct fail *why, const char *field,
                      bool bare)
{
    const struct sidecar *s = v->listener->sidecar;
    struct arena a;
    const char *text;
    size_t len;

    arena_init(&a);
    text = http_refusal(&a, status, why, field, s->conf->login_url);
    len = bare ? (size_t)(strstr(text, "\r\n\r\n") + 4 - text) : strlen(text);
    if (send(v->line->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        log_event(s->log, LOG_DEBUG, "ws_refusal_unsent", LOG_S("why", strerror(errno)));
    arena_release(&a);
    dismiss(v);
}

/* A refusal to whom has said something; who has not would take it for another answer. */
static void send_off(struct visitor *v, int status, enum err err)
{
    struct fail why;

    fail(&why, err, NULL);
    if (v->len > 0)
        turn_away(v, status, &why, NULL, false);
    else
        dismiss(v);
}

static bool has_room(const struct sidecar *s, const char *address)
{
    return s->session_count < (size_t)s->conf->ws_max_connections &&
           (!*address ||
            session_count_of_address(s, address) < (size_t)s->conf->ws_max_per_address);
}

/* libwebsockets has a loop of its own. What came behind the head are the client's first frames. */
static void admit_socket(struct line *line, struct arena *a, const struct handshake *h,
                         struct session *x, const char *behind, size_t len)
{
    const char *request = handshake_request(a, h);
    size_t request_len = strlen(request);
    char *text = arena_alloc(a, request_len + len);

    memcpy(text, request, request_len);
    memcpy(text + request_len, behind, len);
    if (!ws_adopt(x->sidecar->ws, line_give_away(line), x, text, request_len + len))
        session_free(x);
}

/* The visitor is free afterwards; nothing of its bytes is used later. */
static void admit(struct visitor *v, struct arena *a, const struct handshake *h, size_t head_size)
{
    struct session *x = session_new(v->listener->sidecar, h);
    const char *behind = v->data + head_size;
    size_t len = v->len - head_size;

    switch (h->kind) {
    case HANDSHAKE_SOCKET:
        admit_socket(v->line, a, h, x, behind, len);
        break;
    case HANDSHAKE_STREAM:
        stream_adopt(v->line, x);
        break;
    case HANDSHAKE_POLL:
        longpoll_adopt(v->line, x, h->keep_alive, behind, len);
        break;
    }
    free_visitor(v);
}

static void judge(struct visitor *v, struct arena *a, const struct http_head *head)
{
    struct sidecar *s = v->listener->sidecar;
    struct handshake h;
    bool welcome;

    handshake_judge(s->conf, a, head, v->line->peer, &h);
    welcome = h.status == 101 || h.status == 200;
    if (welcome && has_room(s, h.address)) {
        admit(v, a, &h, head->size);
        return;
    }
    if (welcome) {
        fail(&h.fail, ERR_TOO_MANY_CONNECTIONS, NULL);
        h.status = err_row(ERR_TOO_MANY_CONNECTIONS)->http_status;
    }
    log_event(s->log, LOG_INFO, "ws_refused", LOG_N("status", h.status),
              LOG_S("code", err_row(h.fail.err)->code), LOG_S("address", h.address));
    turn_away(v, h.status, &h.fail, h.field, strcmp(head->method, "HEAD") == 0);
}

static void read_head(struct visitor *v)
{
    struct http_head head;
    struct arena a;

    arena_init(&a);
    switch (http_head_parse(&a, v->data, v->len, &head)) {
    case HTTP_HEAD_DONE:
        judge(v, &a, &head);
        break;
    case HTTP_HEAD_BAD:
        send_off(v, 400, ERR_BAD_REQUEST);
        break;
    case HTTP_HEAD_TOO_LONG:
        send_off(v, 431, ERR_BAD_REQUEST);
        break;
    case HTTP_HEAD_MORE:
        break;
    }
    arena_release(&a);
}

static void make_room(struct visitor *v, size_t size)
{
    if (v->cap - v->len >= size)
        return;
    v->cap += size;
    v->data = xrealloc(v->data, v->cap);
}

static void begin_head(struct visitor *v)
{
    *count_of(v) -= 1;
    v->resting = false;
    *count_of(v) += 1;
    v->deadline_ms = sidecar_now(v->listener->sidecar) + HEAD_MS;
}

static void on_visitor(void *ctx, int events)
{
    struct visitor *v = ctx;
    ssize_t got = 0;

    make_room(v, READ_STEP);
    if (events & UV_READABLE)
        got = recv(v->line->fd, v->data + v->len, v->cap - v->len, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        dismiss(v);
        return;
    }
    if (v->resting)
        begin_head(v);
    v->len += (size_t)got;
    read_head(v);
}

static struct visitor *welcome(struct listener *l, struct line *line, bool resting)
{
    struct visitor *v = xcalloc(1, sizeof *v);

    v->listener = l;
    v->line = line;
    v->resting = resting;
    v->deadline_ms = sidecar_now(l->sidecar) + (resting ? KEPT_MS : HEAD_MS);
    v->next = l->visitors;
    if (l->visitors)
        l->visitors->prev = v;
    l->visitors = v;
    *count_of(v) += 1;
    line_serve(line, on_visitor, v);
    return v;
}

bool listen_may_keep(const struct listener *l)
{
    return !l->sidecar->stopping && l->resting_count < LISTEN_RESTING;
}

void listen_again(struct listener *l, struct line *line, const char *data, size_t len)
{
    struct visitor *v;

    if (l->sidecar->stopping) {
        line_close(line, NULL);
        return;
    }
    v = welcome(l, line, len == 0);
    if (len == 0)
        return;
    make_room(v, len);
    memcpy(v->data, data, len);
    v->len = len;
    read_head(v);
}

/* ----- accepting ----- */

static void peer_text(const struct sockaddr_storage *from, char out[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;

    out[0] = '\0';
    if (from->ss_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, out, INET6_ADDRSTRLEN);
    else if (from->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &v6->sin6_addr, out, INET6_ADDRSTRLEN);
}

/* A bound on what the kernel keeps for a reader that does not read; and, over TCP, that it does not
 * wait for more before it sends. Its own choice would do. */
static void tune(int fd)
{
    int size = SEND_BUFFER, yes = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void on_accept(uv_poll_t *poll, int status, int events);

static void listen_to(struct socket *k)
{
    uv_poll_start(&k->poll, UV_READABLE, on_accept);
}

/* Without descriptors the socket stays readable: looking away is all one can do. */
static void starve(struct listener *l)
{
    if (!l->starved)
        log_event(l->sidecar->log, LOG_ERROR, "accept_failed", LOG_S("why", strerror(errno)),
                  LOG_N("sessions", l->sidecar->session_count));
    l->starved = true;
    for (size_t i = 0; i < l->socket_count; i++)
        uv_poll_stop(&l->sockets[i].poll);
}

static void on_accept(uv_poll_t *poll, int status, int events)
{
    struct socket *k = poll->data;
    struct listener *l = k->listener;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof from;
        char peer[INET6_ADDRSTRLEN];
        struct line *line;
        int fd = accept4(k->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                starve(l);
            return;
        }
        if (l->visitor_count >= LISTEN_VISITORS) {
            close(fd);
            continue;
        }
        peer_text(&from, peer);
        tune(fd);
        line = line_new(&l->sidecar->loop, fd, peer);
        if (line)
            welcome(l, line, false);
    }
}

void listen_tick(struct listener *l, int64_t now)
{
    struct visitor *next;

    for (struct visitor *v = l->visitors; v; v = next) {
        next = v->next;
        if (now > v->deadline_ms)
            send_off(v, 408, ERR_BAD_REQUEST);
    }
    if (l->starved) {
        l->starved = false;
        for (size_t i = 0; i < l->socket_count; i++)
            listen_to(&l->sockets[i]);
    }
}

/* ----- sockets ----- */

static void add_socket(struct listener *l, int fd, bool is_unix, bool handed)
{
    struct socket *k = &l->sockets[l->socket_count++];

    *k = (struct socket){.listener = l, .fd = fd, .is_unix = is_unix, .handed = handed};
    if (uv_poll_init(&l->sidecar->loop, &k->poll, fd) != 0)
        die("no event for the listening socket");
    k->poll.data = k;
    listen_to(k);
}

/* sd_listen_fds(3), without the library: the fds from 3 on are ours if LISTEN_PID says so. */
static size_t take_handed(struct listener *l)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    long fds =
        pid && count && strtol(pid, NULL, 10) == (long)getpid() ? strtol(count, NULL, 10) : 0;

    for (int i = 0; i < fds && i < SOCKETS_MAX; i++) {
        int fd = SYSTEMD_FIRST_FD + i, domain = 0;
        socklen_t len = sizeof domain;

        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0)
            continue;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        add_socket(l, fd, domain == AF_UNIX, true);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    return l->socket_count;
}

static enum err bind_unix(const char *path, int *out, struct fail *f)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat st;
    mode_t old;
    int fd, rc;

    if (strlen(path) >= sizeof at.sun_path)
        return fail(f, ERR_BAD_REQUEST, "The path of the socket is too long: %s.", path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return fail(f, ERR_BAD_REQUEST, "%s exists and is not a socket; move it away.", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(f, ERR_INTERNAL, "No socket: %s.", strerror(errno));
    unlink(path); /* a dead sidecar's: we hold the lock */
    old = umask(0117);
    rc = bind(fd, (const struct sockaddr *)&at, sizeof at);
    umask(old);
    if (rc != 0 || listen(fd, BACKLOG) != 0) {
        fail(f, ERR_INTERNAL, "Cannot listen on %s: %s.", path, strerror(errno));
        close(fd);
        return f->err;
    }
    *out = fd;
    return OK;
}

enum err listen_start(struct listener **out, struct sidecar *s, struct fail *f)
{
    struct listener *l = xcalloc(1, sizeof *l);
    enum err e = OK;
    int fd = -1;

    l->sidecar = s;
    if (take_handed(l) == 0) {
        e = bind_unix(s->conf->ws_socket, &fd, f);
        if (!e)
            add_socket(l, fd, true, false);
    }
    if (e)
        free(l);
    else
        *out = l;
    return e;
}

void listen_stop(struct listener *l)
{
    for (size_t i = 0; i < l->socket_count; i++) {
        struct socket *k = &l->sockets[i];

        if (uv_is_closing((uv_handle_t *)&k->poll))
            continue;
        uv_poll_stop(&k->poll);
        uv_close((uv_handle_t *)&k->poll, NULL);
        close(k->fd);
        if (k->is_unix && !k->handed)
            unlink(l->sidecar->conf->ws_socket);
    }
    for (struct visitor *v = l->visitors, *next; v; v = next) {
        next = v->next;
        send_off(v, 503, ERR_BUSY);
    }
}

void listen_free(struct listener *l)
{
    free(l);
}
