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

struct line;
struct session;

/* Takes the line, and the session, for which session_opened() is called. */
void stream_adopt(struct line *line, struct session *x);

#endif
