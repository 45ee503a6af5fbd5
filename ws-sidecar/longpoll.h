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

struct line;
struct session;

/* Takes the line, and the session, for which session_opened() is called. `ahead` is what came
 * behind the request already. After the answer the line goes back to the listener, where
 * `keep_alive`. */
void longpoll_adopt(struct line *line, struct session *x, bool keep_alive, const char *ahead,
                    size_t ahead_len);
/* It is known who asks, and the cursors were judged. True: it waits, and the rooms shall be read.
 * `wants` stays as it is as long as the session. */
bool longpoll_begin(struct conn *c, const struct request *wants);

#endif
