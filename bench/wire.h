/*
 * The client's side of RFC 6455, as small as a load generator needs: a handshake, masked frames
 * out, unmasked frames in. Blocking set-up, non-blocking traffic.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include "lib/buf.h"

/* "unix:/path" or "host:port" (numeric, loopback only). The fd, or -1 with errno set. */
int wire_connect(const char *where);
/* The same, to serve on it; non-blocking. A Unix socket in the way is removed. */
int wire_listen(const char *where);
/* Sends the upgrade for `path` and reads the 101. False where the answer was another. `token` goes
 * into the Authorization header; NULL: none. */
bool wire_upgrade(int fd, const char *path, const char *protocol, const char *token);
/* Sends all of it, blocking; false where the connection broke. */
bool wire_send(int fd, const struct buf *bytes);

enum wire_op { WIRE_TEXT = 1, WIRE_CLOSE = 8, WIRE_PING = 9, WIRE_PONG = 10 };

/* Appends a masked frame. */
void wire_frame(struct buf *out, enum wire_op op, const char *payload, size_t len);

/* What of a connection's bytes was not whole when they were looked at; nearly always empty. */
struct wire_rest {
    char *data; /* owned */
    size_t len;
};

void wire_rest_release(struct wire_rest *r);

/* Where bytes are read to and looked at: one for many connections. */
struct wire_view {
    char *data; /* owned */
    size_t len, used, cap;
};

void wire_view_release(struct wire_view *v);
/* The rest and what has arrived, without blocking: > 0 new bytes, 0 none, -1 closed or broken. */
long wire_fill(struct wire_view *v, struct wire_rest *r, int fd);
/* Takes the next whole frame out of the view: its opcode, or -1 where none is complete. The payload
 * is valid until the next wire_fill(). */
int wire_next(struct wire_view *v, const char **payload, size_t *len);
/* Before another connection's turn: what is not taken becomes the rest. */
void wire_keep(const struct wire_view *v, struct wire_rest *r);
/* Takes frames until a text frame holds `mark`; false where none came within 20 s. */
bool wire_wait(struct wire_view *v, struct wire_rest *r, int fd, const char *mark);

#endif
