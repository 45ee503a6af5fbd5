/*
 * The wake-up between a writer and the sidecar: an empty datagram on a Unix socket. It carries
 * nothing and may be lost; the reader looks in the database. Sending never blocks and never fails
 * in a way that matters: a full queue means that a wake-up is pending already.
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
/* Whether a sidecar is there to be woken: a socket that a dead one left does
 * not count. Wakes nobody. */
bool notify_has_reader(const struct notify *n);
void notify_close(struct notify *n);

/* The reader's end: unlinks a stale path, binds, mode 0660. The caller holds the sidecar's lock.
 * Returns the fd, or -1 with `f` filled. */
int notify_bind(const char *path, struct fail *f);
/* Reads all that is pending without blocking. */
void notify_drain(int fd);

#endif
