/*
 * The wake-up between a writer and the sidecar: an empty datagram on a Unix socket. It carries
 * nothing and may be lost; the reader looks in the database. Sending never blocks and never fails
 * in a way that matters: a full queue means that a wake-up is pending already.
 *
 * Who wants more than to wake sends a line along: one end of a pair of packet sockets (unix(7),
 * SCM_RIGHTS). So there is no second path to find, and whoever goes is missed at once by the other.
 */
#ifndef LIB_NOTIFY_H
#define LIB_NOTIFY_H

#include "lib/err.h"

#include <sys/un.h>

struct notify {
    int fd; /* -1: not open */
    struct sockaddr_un to;
    bool unheard; /* the last notify_send() found nobody */
};

/* `path` at most 107 bytes; ERR_BAD_REQUEST otherwise. NULL makes a notifier that does nothing. */
MUST_CHECK enum err notify_open(struct notify *n, const char *path, struct fail *f);
void notify_send(struct notify *n);
/* A new line of packets (SOCK_SEQPACKET) to the reader, the caller's to close; -1 where nobody is
 * there to take it. */
int notify_line(struct notify *n);
/* Whether a sidecar is there to be woken: a socket that a dead one left does
 * not count. Wakes nobody. */
bool notify_has_reader(const struct notify *n);
void notify_close(struct notify *n);

/* The reader's end: unlinks a stale path, binds, mode 0660. The caller holds the sidecar's lock.
 * Returns the fd, or -1 with `f` filled. */
int notify_bind(const char *path, struct fail *f);
/* Reads all that is pending without blocking. `taken` gets the lines that came along, to keep or
 * close; NULL: they are closed. */
typedef void notify_taken_fn(void *ctx, int line);
void notify_drain(int fd, notify_taken_fn *taken, void *ctx);

#endif
