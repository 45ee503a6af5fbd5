/*
 * A stream of server-sent events: the frames of a hello socket, each as `data:` and one line, to a
 * client that only listens. Before each frame of the log goes an `id:` of the reader's own, with
 * its cursors in all rooms as this frame leaves them; so a client that connects again with the last
 * id it saw resumes every room exactly. The frame's bytes are those that the sockets get, shared,
 * not copied.
 *
 * No libwebsockets here: one descriptor, written to at once.
 */
#ifndef SIDECAR_STREAM_H
#define SIDECAR_STREAM_H

#include "ws-sidecar/conn.h"

struct session;
struct sidecar;

/* Takes the fd. On success session_opened() was called for `x`; false: it was not, and the fd is
 * closed. */
MUST_CHECK bool stream_adopt(struct sidecar *s, int fd, struct session *x);

#endif
