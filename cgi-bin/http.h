/*
 * HTTP as values: a request read from a source, a response that is complete before its first byte
 * leaves. What is allowed is the dispatcher's business (dispatch.h), not this file's.
 */
#ifndef CGI_BIN_HTTP_H
#define CGI_BIN_HTTP_H

#include "cgi-bin/source.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

/* One bit each, so that a route and an Allow header can hold several. */
enum http_method {
    HTTP_OTHER = 0,
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_PATCH = 16,
    HTTP_DELETE = 32,
    HTTP_OPTIONS = 64
};

enum { HTTP_ANSWERED_BY = 18 };

/* Strings live in the arena or in the source, are never NULL unless
 * said, and have no NUL inside. */
struct http_request {
    const struct source *source; /* not owned */
    struct arena *arena;         /* not owned */
    enum http_method method;
    const char *path;    /* of REQUEST_URI, percent-decoded; NULL: cannot be a path of ours */
    const char *query;   /* of REQUEST_URI, as sent */
    const char *target;  /* path and query as sent */
    const char *peer;    /* REMOTE_ADDR */
    const char *address; /* the client's, behind trusted proxies; "": unknown */
    bool https;
    bool *strayed; /* more of it was looked at than http_fingerprint() knows: */
    const char *answered_by[HTTP_ANSWERED_BY];
};

enum { ONCE_MAX = 4 };

struct once_place {
    size_t at, after; /* `after`: in a squeezed body, how much text it has behind it */
};

struct http_response {
    int status;
    const char *content_type;  /* NULL: none */
    const char *cache_control; /* never NULL */
    bool in_frame;             /* a page for a frame of ours, with a policy of its own */
    struct buf headers;        /* further "Name: value\r\n" lines */
    struct buf body;
    struct source_file file; /* the body in place of `body`, where file.fd >= 0; owned */
    /* A random text in the body that no two answers may share ("": none), and where it stands:
     * http_find_once(). See kept.h. */
    char once[25];
    struct once_place once_at[ONCE_MAX];
    size_t once_count;
    bool once_lost; /* in more places than that: no other can be put there */
    bool squeezed;  /* the body is gzip (squeeze.h) */
};

/* Never fails: what is odd shows as HTTP_OTHER or path NULL. `trusted` as in lib/peer.h. */
void http_request_init(struct http_request *req, const struct source *source, struct arena *a,
                       const char *trusted);
/* A CGI variable; "" where absent. */
const char *http_variable(const struct http_request *req, const char *name);
/* What answers to a GET are made of: equal for two requests that differ in nothing that is looked
 * at, unless `strayed` says that more was. */
void http_fingerprint(const struct http_request *req, struct buf *out);
/* A header by its CGI name ("ORIGIN" for HTTP_ORIGIN); NULL where absent or empty. */
const char *http_header(const struct http_request *req, const char *cgi_name);
/* The first cookie of that name, NULL where there is none; `len` its length. */
const char *http_cookie(const struct http_request *req, const char *name, size_t *len);
/* Whether the Accept header prefers JSON over HTML by name; a wildcard prefers neither. */
bool http_prefers_json(const struct http_request *req);
/* Whether Accept-Encoding names gzip. */
bool http_accepts_gzip(const struct http_request *req);
/* Whether If-None-Match names `etag` (with its quotes). */
bool http_etag_matches(const struct http_request *req, const char *etag);
/* "/a/b?c" with "%41"-escapes decoded, into the arena; NULL where malformed, with NUL or a hidden
 * slash inside. */
const char *http_decode_path(struct arena *a, const char *s, size_t len);

/* CONTENT_LENGTH: 0 where absent. ERR_BAD_REQUEST where it is no number,
 * ERR_TOO_LONG over `max`. */
MUST_CHECK enum err http_content_length(const struct http_request *req, size_t max, size_t *out,
                                        struct fail *f);
/* Reads exactly `len` bytes into the arena; ERR_BAD_REQUEST where fewer come. */
MUST_CHECK enum err http_read_body(const struct http_request *req, size_t len, const char **out,
                                   struct fail *f);

void http_response_init(struct http_response *res);
void http_response_clear(struct http_response *res); /* for an error that replaces all of it */
void http_response_release(struct http_response *res);
/* Adds a line. A value with a control character is a bug and is left out. */
void http_add_header(struct http_response *res, const char *name, const char *value);
/* Finds `once` in a body that is complete. */
void http_find_once(struct http_response *res);
/* Status, headers, body (without it for HEAD, 204 and 304). `id` is this answer's, in the log too.
 * False where the client went away. */
bool http_send(const struct http_response *res, const struct http_request *req, const char *id);

#endif
