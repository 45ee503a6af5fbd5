/*
 * libwebsockets 4.1.6, and all we ask of it: the WebSocket framing of what comes in, the close
 * handshake, the pongs. Only ws.c includes its header.
 *
 * What goes out is framed by ourselves and shared between connections, so it is written to the
 * socket directly, with one non-blocking send() from the loop's thread, whenever nothing of an
 * earlier frame is left over. The rest of a frame that did not fit is given to libwebsockets to
 * finish (it must know of it, or a pong would land in its middle); until that is out, the
 * connection takes nothing more.
 */
#ifndef SIDECAR_WS_H
#define SIDECAR_WS_H

#include "lib/err.h"
#include "ws-sidecar/conn.h"

#include <uv.h>

enum { WS_MESSAGE_MAX = 16384, WS_FRAGMENTS_MAX = 64 };

struct ws;
struct session;
struct sidecar;

MUST_CHECK enum err ws_new(struct ws **out, struct sidecar *s, struct fail *f);
/* Closes what is left; the loop must run until ws_gone(). */
void ws_stop(struct ws *w);
bool ws_gone(const struct ws *w);
void ws_free(struct ws *w);

/* Hands over a connection with the request that libwebsockets shall answer. Takes the fd. On
 * success session_opened() was called for `x`; false: it was not, and the fd is closed. */
MUST_CHECK bool ws_adopt(struct ws *w, int fd, struct session *x, const char *request, size_t len);

#endif
