/*
 * A long-poll: events/ by somebody who waits. The answer comes with the first events, the array of
 * which all readers with the same gap share; or without any when the time is up. Identity, address
 * and rooms belong to the request: on a connection that a proxy keeps the next one may be another
 * person's.
 */
#ifndef SIDECAR_LONGPOLL_H
#define SIDECAR_LONGPOLL_H

#include "ws-sidecar/conn.h"
#include "ws-sidecar/request.h"

struct session;
struct sidecar;

/* One request of a kept-alive connection; `ahead` is what came behind it already. */
struct longpoll_setup {
    int fd;
    const char *peer;
    bool keep_alive;
    const char *ahead;
    size_t ahead_len;
};

/* Takes the fd, and gives it back to the listener after the answer. On success session_opened() was
 * called for `x`; false: it was not, and the fd is closed. */
MUST_CHECK bool longpoll_adopt(struct sidecar *s, const struct longpoll_setup *setup,
                               struct session *x);
/* It is known who asks, and the cursors were judged. True: it waits, and the rooms shall be read.
 * `wants` stays as it is as long as the session. */
bool longpoll_begin(struct conn *c, const struct request *wants);

#endif
