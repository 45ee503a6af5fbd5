/*
 * The socket that we bound ourselves, and what happens to a connection until it is a WebSocket, a
 * stream, a long-poll or refused. One lock file (lib/sidecar_lock.h) says which sidecar may run:
 * who does not hold it touches no socket. With systemd's socket activation (LISTEN_FDS) the sockets
 * are those that were handed over.
 *
 * Each accepted connection is read here up to the end of its HTTP head (deadline 10 s, 16 KiB),
 * judged by handshake.c, and answered or handed on: to ws.c, stream.c or longpoll.c, which gives it
 * back after its answer where it is kept alive.
 */
#ifndef SIDECAR_LISTEN_H
#define SIDECAR_LISTEN_H

#include "lib/conf.h"
#include "lib/err.h"

enum {
    LISTEN_VISITORS = 1024, /* connections that have not said all of their head yet */
    LISTEN_RESTING = 1024   /* that were served, and may ask again: all that poll, at once */
};

struct line;
struct listener;
struct sidecar;

/* Binds conf->ws_socket (mode 0660), or takes systemd's fds. The caller holds the lock. */
MUST_CHECK enum err listen_start(struct listener **out, struct sidecar *s, struct fail *f);
/* Accepts no more; connections not yet judged are closed. */
void listen_stop(struct listener *l);
/* The next request of a connection; `data` is what was read of it already. Takes the line. */
void listen_again(struct listener *l, struct line *line, const char *data, size_t len);
/* Whether there is room for a connection that waits for its next request. */
bool listen_may_keep(const struct listener *l);
/* Once a second: deadlines; accepts again after the process had no descriptors left. */
void listen_tick(struct listener *l, int64_t now);
/* After the loop closed its handles. */
void listen_free(struct listener *l);

#endif
