/*
 * One accepted connection and its place in the loop. It is handed on as a whole: from the listener
 * to a stream or a long-poll, and from that back to the listener for the next request, so that a
 * kept-alive connection costs the loop nothing between two requests.
 */
#ifndef SIDECAR_LINE_H
#define SIDECAR_LINE_H

#include "lib/base.h"

#include <arpa/inet.h>
#include <uv.h>

/* UV_READABLE, UV_WRITABLE, or UV_DISCONNECT alone: it is broken. */
typedef void line_fn(void *ctx, int events);

struct line {
    int fd;
    char peer[INET6_ADDRSTRLEN]; /* the other end's address; "" for a Unix socket */
    uv_poll_t poll;
    int watched;
    line_fn *on_event;
    void *ctx;
    void (*on_closed)(void *ctx);
};

/* Takes the fd. NULL, and the fd closed, where the loop has no place for it. */
struct line *line_new(uv_loop_t *loop, int fd, const char *peer);
/* From now on it is `ctx` who hears of it, first of what can be read. */
void line_serve(struct line *l, line_fn *on_event, void *ctx);
void line_watch(struct line *l, int events);
/* Ends what we send, then the connection. `on_closed`, where there is one, is called from the loop;
 * until then nothing else is. */
void line_close(struct line *l, void (*on_closed)(void *ctx));
/* Its fd, for another's event loop; the line is gone. */
int line_give_away(struct line *l);

#endif
