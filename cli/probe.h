/*
 * One HTTP request, plain or TLS, to see an installation as a browser does. No redirects, no
 * keep-alive; answers up to 256 KiB; the whole exchange has a deadline.
 */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include "lib/arena.h"

/* Strings in the arena given to probe_url(). */
struct probe_url {
    bool tls;
    char *host, *port;
    char *authority; /* host:port as in Host */
    char *origin;    /* scheme://host:port */
    char *path;      /* with its leading slash */
};

struct probe_answer {
    int status;
    const char *head; /* status line and headers, NUL-terminated */
    const char *body;
    size_t body_len;
    const char *distrust; /* why a browser would not trust the certificate; NULL: it would */
};

enum { PROBE_TIMEOUT_MS = 5000 };

/* http[s]://HOST[:PORT]/PATH. False where it is something else. */
MUST_CHECK bool probe_url(struct arena *a, const char *url, struct probe_url *out);

/*
 * GET `path`; `headers` are whole lines with their "\r\n". False, with a sentence in *why, where no
 * whole answer came.
 */
MUST_CHECK bool probe_get(struct arena *a, const struct probe_url *to, const char *path,
                          const char *headers, struct probe_answer *out, const char **why);
/* The same of an answer that may have no end: it is read as far as `until`, or to its end. */
MUST_CHECK bool probe_until(struct arena *a, const struct probe_url *to, const char *path,
                            const char *headers, const char *until, struct probe_answer *out,
                            const char **why);

/* The value of a header in `head`, in the arena; NULL where it is not there. */
const char *probe_header(struct arena *a, const struct probe_answer *answer, const char *name);

#endif
