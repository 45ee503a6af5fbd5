#include "ws-sidecar/line.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct line *line_new(uv_loop_t *loop, int fd, const char *peer)
{
    struct line *l = xcalloc(1, sizeof *l);

    l->fd = fd;
    memcpy(l->peer, peer, strlen(peer) + 1);
    if (uv_poll_init(loop, &l->poll, fd) != 0) {
        close(fd);
        free(l);
        return NULL;
    }
    l->poll.data = l;
    return l;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct line *l = poll->data;

    l->on_event(l->ctx, status < 0 ? UV_DISCONNECT : events);
}

void line_serve(struct line *l, line_fn *handler, void *ctx)
{
    l->on_event = handler;
    l->ctx = ctx;
    line_watch(l, UV_READABLE);
}

void line_watch(struct line *l, int events)
{
    if (l->watched == events)
        return;
    l->watched = events;
    uv_poll_start(&l->poll, events, on_event);
}

static void on_closed(uv_handle_t *handle)
{
    struct line *l = handle->data;

    if (l->fd >= 0) {
        shutdown(l->fd, SHUT_WR);
        close(l->fd);
    }
    if (l->on_closed)
        l->on_closed(l->ctx);
    free(l);
}

static void leave_loop(struct line *l)
{
    uv_poll_stop(&l->poll);
    uv_close((uv_handle_t *)&l->poll, on_closed);
}

void line_close(struct line *l, void (*closed)(void *ctx))
{
    l->on_closed = closed;
    leave_loop(l);
}

int line_give_away(struct line *l)
{
    int fd = l->fd;

    l->fd = -1;
    l->on_closed = NULL;
    leave_loop(l);
    return fd;
}
