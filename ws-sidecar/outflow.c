#include "ws-sidecar/outflow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static size_t total(const struct iovec *pieces, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += pieces[i].iov_len;
    return len;
}

/* Behind what waits already, all of it but the first `sent` bytes. */
static void keep(struct outflow *o, const struct iovec *pieces, size_t count, size_t sent)
{
    char *at;

    o->rest = xrealloc(o->rest, o->rest_len + total(pieces, count) - sent);
    at = o->rest + o->rest_len;
    for (size_t i = 0; i < count; i++) {
        size_t skip = sent < pieces[i].iov_len ? sent : pieces[i].iov_len;

        memcpy(at, (const char *)pieces[i].iov_base + skip, pieces[i].iov_len - skip);
        at += pieces[i].iov_len - skip;
        sent -= skip;
    }
    o->rest_len = (size_t)(at - o->rest);
}

enum hub_sent outflow_send(struct outflow *o, const struct iovec *pieces, size_t count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
    ssize_t sent = o->rest ? -1 : sendmsg(o->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent <= 0)
        return HUB_FULL;
    if ((size_t)sent == total(pieces, count))
        return HUB_SENT;
    keep(o, pieces, count, (size_t)sent);
    return HUB_KEPT;
}

void outflow_put(struct outflow *o, const struct iovec *pieces, size_t count)
{
    if (outflow_send(o, pieces, count) == HUB_FULL)
        keep(o, pieces, count, 0);
}

bool outflow_flush(struct outflow *o)
{
    ssize_t sent;

    if (!o->rest)
        return true;
    sent = send(o->fd, o->rest + o->rest_sent, o->rest_len - o->rest_sent,
                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    o->rest_sent += sent < 0 ? 0 : (size_t)sent;
    if (sent >= 0 && o->rest_sent < o->rest_len)
        return false;
    outflow_release(o);
    return true;
}

void outflow_release(struct outflow *o)
{
    free(o->rest);
    o->rest = NULL;
    o->rest_len = o->rest_sent = 0;
}
