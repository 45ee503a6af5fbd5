/*
 * Where a request comes from and where its answer goes: four functions. fcgi.c fills them from
 * FCGX, cgi.c from the environment, the tests from a table. Handlers never see a transport.
 */
#ifndef CGI_BIN_SOURCE_H
#define CGI_BIN_SOURCE_H

#include "lib/base.h"

#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* A part of a file, read as it is sent. */
struct source_file {
    int fd; /* -1: none */
    int64_t from, len;
};

struct source {
    void *ctx;
    /* A CGI variable (REQUEST_METHOD, HTTP_COOKIE …) or NULL; valid until the request ends. */
    const char *(*variable)(void *ctx, const char *name);
    /* Up to `len` bytes of the body: how many came, 0 at its end, -1 on failure. */
    ssize_t (*read)(void *ctx, char *out, size_t len);
    /* The answer, all of it, once, `file` (NULL: none) at its end; false: the client or the web
     * server went away. */
    bool (*answer)(void *ctx, const struct iovec *pieces, size_t count,
                   const struct source_file *file);
    /* Sleeps until `fd` (or -1) is readable, or for `ms`; false: the answer must leave now, because
     * somebody else needs this process, the web server hung up, or we are to stop. NULL: there is
     * no waiting here. */
    bool (*wait)(void *ctx, int fd, int64_t ms);
};

enum { SOURCE_CHUNK = 65536 };

/* The next piece of a file, at most SOURCE_CHUNK bytes and `left`; 0 or -1 where it ends early. */
static inline ssize_t source_read_file(int fd, char out[SOURCE_CHUNK], int64_t at, int64_t left)
{
    return pread(fd, out, left < SOURCE_CHUNK ? (size_t)left : SOURCE_CHUNK, at);
}

static inline struct iovec source_piece(const char *bytes, size_t len)
{
    return (struct iovec){.iov_base = (char *)(uintptr_t)bytes, .iov_len = len};
}

#endif
