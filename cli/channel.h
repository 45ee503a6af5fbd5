/* A connection to a web server, plain or TLS, where every wait has a deadline (boot time, ms). */
#ifndef CLI_CHANNEL_H
#define CLI_CHANNEL_H

#include "lib/arena.h"

#include <sys/types.h>

struct channel {
    int fd;
    struct ssl_ctx_st *context; /* NULL: plain */
    struct ssl_st *tls;
    const char *distrust; /* why a browser would not trust the certificate; NULL: it would */
};

/* False, with a sentence in *why (in the arena), where there is no connection. */
MUST_CHECK bool channel_open(struct channel *c, struct arena *a, const char *host, const char *port,
                             bool tls, int64_t deadline, const char **why);
/* Bytes read, 0 at the end, -1 on an error or past the deadline. */
MUST_CHECK ssize_t channel_read(struct channel *c, void *out, size_t size, int64_t deadline);
/* False where not all could be written. */
MUST_CHECK bool channel_write(struct channel *c, const char *bytes, size_t len, int64_t deadline);
void channel_close(struct channel *c);

#endif
