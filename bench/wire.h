/*
 * The client's side of RFC 6455, as small as a load generator needs: a handshake, masked text
 * frames out, unmasked frames in. Blocking set-up, non-blocking traffic.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include "lib/buf.h"

/* "unix:/path" or "host:port" (numeric, loopback only). The fd, or -1 with errno set. */
int wire_connect(const char *where);
/* Sends the upgrade for `path` and reads the 101. False where the answer was another. `token` goes
 * into the Authorization header; NULL: none. */
bool wire_upgrade(int fd, const char *path, const char *protocol, const char *token);
/* Appends a masked text frame. */
void wire_frame(struct buf *out, const char *text, size_t len);

/* Bytes that have arrived, and the frames in them. */
struct wire_in {
    struct buf bytes;
    size_t used; /* bytes of frames already taken */
};

void wire_in_init(struct wire_in *in);
void wire_in_release(struct wire_in *in);
/* Reads what is there without blocking: > 0 bytes, 0 nothing, -1 closed or broken. */
long wire_fill(struct wire_in *in, int fd);
/* The next whole frame: its opcode (1 text, 8 close, 9 ping), or -1 where none is complete. The
 * payload is valid until the next wire_fill(). */
int wire_next(struct wire_in *in, const char **payload, size_t *len);
/* Takes frames until a text frame holds `mark`; false where none came within 20 s. */
bool wire_wait(struct wire_in *in, int fd, const char *mark);

#endif
