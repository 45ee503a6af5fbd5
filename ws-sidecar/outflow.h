/*
 * What goes out on one non-blocking descriptor: written at once, in pieces from several places;
 * only what did not fit is copied, and waits here until the descriptor is writable.
 */
#ifndef SIDECAR_OUTFLOW_H
#define SIDECAR_OUTFLOW_H

#include "ws-sidecar/hub.h"

#include <sys/uio.h>

struct outflow {
    int fd;
    char *rest; /* NULL: nothing waits */
    size_t rest_len, rest_sent;
};

static inline struct iovec outflow_piece(const char *bytes, size_t len)
{
    return (struct iovec){.iov_base = (char *)bytes, .iov_len = len};
}

/* HUB_FULL: nothing of it was taken (also where the other end is gone: the
 * loop will hear of that). */
enum hub_sent outflow_send(struct outflow *o, const struct iovec *pieces, size_t count);
/* The same, but always takes it: for what is said once, at the end. */
void outflow_put(struct outflow *o, const struct iovec *pieces, size_t count);
/* Goes on with the rest; true: all of it is out, or never will be. */
bool outflow_flush(struct outflow *o);
void outflow_release(struct outflow *o);

#endif
