/*
 * How a session's bytes get out. Three kinds are one thing to a session: a WebSocket (ws.h), a
 * stream of server-sent events (stream.h), a long-poll (longpoll.h). Each embeds a struct conn as
 * its first member.
 */
#ifndef SIDECAR_CONN_H
#define SIDECAR_CONN_H

#include "lib/err.h"
#include "ws-sidecar/hub.h"

struct conn;
struct room_view;

/* No function frees the session: that is session_closed(), later, from the loop. */
struct conn_ops {
    /* HUB_KEPT and HUB_FULL: the session hears of it when there is room again. `room_id`, `reached`
     * as in struct hub_sink. */
    enum hub_sent (*send)(struct conn *c, struct frame *f, int64_t room_id, int64_t reached);
    /* Makes of a frame that is for this session alone, or for few, what goes out as it is, so that
     * several can wait as one; takes the reference over. NULL: frames are so already. */
    struct frame *(*dress)(struct conn *c, struct frame *f);
    /* A refusal, where it can be the answer to the request as a whole. False: it goes out as a
     * frame. NULL: always so. */
    bool (*refuse)(struct conn *c, const struct fail *f);
    /* A read mark of its person rose elsewhere: for a connection that takes no frames. NULL: it
     * does. */
    void (*marked)(struct conn *c, const struct room_view *v);
    /* Says why as soon as the connection can take it, then ends it. `reason` is a literal. */
    void (*close)(struct conn *c, int code, const char *reason);
    /* Ends it without a word. */
    void (*kill)(struct conn *c);
};

struct conn {
    const struct conn_ops *ops;
};

#endif
