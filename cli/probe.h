/*
 * One HTTP request over a socket, to see an installation as a browser does. No redirects, no TLS,
 * no keep-alive; answers up to 256 KiB; the whole exchange has a deadline.
 */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include "lib/arena.h"

struct probe_url {
    char *host, *port; /* in the arena given to probe_url() */
    char *authority;   /* host:port as in Host and Origin */
    char *path;        /* with its leading slash */
};

struct probe_answer {
    int status;
    const char *head; /* status line and headers, NUL-terminated */
    const char *body;
    size_t body_len;
};

enum { PROBE_TIMEOUT_MS = 5000 };

/* http://HOST[:PORT]/PATH. False where it is something else. */
MUST_CHECK bool probe_url(struct arena *a, const char *url, struct probe_url *out);

/*
 * GET `path`; `headers` are whole lines with their "\r\n". Of the answer to an upgrade only the
 * head is read. False, with a sentence in *why, where no whole answer came.
 */
MUST_CHECK bool probe_get(struct arena *a, const struct probe_url *to, const char *path,
                          const char *headers, struct probe_answer *out, const char **why);

/* The value of a header in `head`, in the arena; NULL where it is not there. */
const char *probe_header(struct arena *a, const struct probe_answer *answer, const char *name);

#endif
