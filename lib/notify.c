#include "lib/notify.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err set_address(struct sockaddr_un *to, const char *path, struct fail *f)
{
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof to->sun_path)
        return fail(f, ERR_BAD_REQUEST, "The socket path %.60s… is %zu bytes; at most %zu work.",
                    path, len, sizeof to->sun_path - 1);
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(to->sun_path, path, len);
    return OK;
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

enum err notify_open(struct notify *n, const char *path, struct fail *f)
{
    enum err e;

    *n = (struct notify){.fd = -1};
    if (!path)
        return OK;
    e = set_address(&n->to, path, f);
    if (e)
        return e;
    n->fd = new_socket();
    if (n->fd < 0)
        return fail(f, ERR_INTERNAL, "No socket: %s.", strerror(errno));
    return OK;
}

/* Not connected, so that a sidecar that starts anew is found again without a word. */
static bool send_wake_up(struct notify *n, struct msghdr *m)
{
    bool sent;

    m->msg_name = &n->to;
    m->msg_namelen = sizeof n->to;
    sent = sendmsg(n->fd, m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    n->unheard = !sent && (errno == ENOENT || errno == ECONNREFUSED);
    return sent;
}

void notify_send(struct notify *n)
{
    if (n->fd >= 0)
        send_wake_up(n, &(struct msghdr){0});
}

/* One descriptor. It is padded, and where the padding is lent to the kernel, too, it puts a second
 * one there: hence CONTROL_LEN. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};
enum { CONTROL_LEN = CMSG_LEN(sizeof(int)) };

static bool send_line(struct notify *n, int line)
{
    union control control = {0};
    struct msghdr m = {.msg_control = &control, .msg_controllen = CONTROL_LEN};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof line);
    memcpy(CMSG_DATA(c), &line, sizeof line);
    return send_wake_up(n, &m);
}

int notify_line(struct notify *n)
{
    int pair[2];
    bool sent;

    if (n->fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    sent = send_line(n, pair[1]);
    close(pair[1]);
    if (sent)
        return pair[0];
    close(pair[0]);
    return -1;
}

/* With a socket of its own: ours must not become one that is connected. */
bool notify_has_reader(const struct notify *n)
{
    int fd = n->fd >= 0 ? new_socket() : -1;
    bool taken;

    if (fd < 0)
        return false;
    taken = connect(fd, (const struct sockaddr *)&n->to, sizeof n->to) == 0;
    close(fd);
    return taken;
}

void notify_close(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

/* A stale socket goes; anything else at that place is somebody's file and stays. */
static enum err remove_stale(const char *path, struct fail *f)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT
                   ? OK
                   : fail(f, ERR_INTERNAL, "Cannot look at %s: %s.", path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return fail(f, ERR_BAD_REQUEST, "%s exists and is not a socket; move it away.", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return fail(f, ERR_INTERNAL, "Cannot remove %s: %s.", path, strerror(errno));
    return OK;
}

int notify_bind(const char *path, struct fail *f)
{
    struct sockaddr_un at;
    int fd;

    if (set_address(&at, path, f) || remove_stale(path, f))
        return -1;
    fd = new_socket();
    if (fd < 0) {
        fail(f, ERR_INTERNAL, "No socket: %s.", strerror(errno));
        return -1;
    }
    /* The first chmod is in force from the moment of bind(), the second undoes the umask. */
    if (fchmod(fd, 0660) != 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        chmod(path, 0660) != 0) {
        fail(f, ERR_INTERNAL, "Cannot bind %s: %s.", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

static bool is_line(int fd)
{
    int domain = 0, type = 0;
    socklen_t len = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static void take_line(struct msghdr *m, notify_taken_fn *taken, void *ctx)
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(m);
    int line;

    if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof line))
        return;
    memcpy(&line, CMSG_DATA(c), sizeof line);
    if (taken && is_line(line))
        taken(ctx, line);
    else
        close(line);
}

/* The kernel queues a few hundred at most; the bound is for a neighbour who never stops sending. */
void notify_drain(int fd, notify_taken_fn *taken, void *ctx)
{
    for (int i = 0; i < 4096; i++) {
        union control control;
        struct msghdr m = {.msg_control = &control, .msg_controllen = CONTROL_LEN};

        if (recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) >= 0)
            take_line(&m, taken, ctx);
        else if (errno != EINTR)
            return;
    }
}
