/*
 * The head of an HTTP/1.x request, strictly (RFC 9112): CRLF, no folding, no blanks before the
 * colon, no controls, no repeated field where a repetition would leave a choice. No sockets here.
 */
#ifndef SIDECAR_HTTP_HEAD_H
#define SIDECAR_HTTP_HEAD_H

#include "lib/arena.h"

enum { HTTP_HEAD_MAX = 16384, HTTP_HEAD_FIELDS = 100 };

/* Values are trimmed and NULL where absent. Fields that may repeat are joined. */
struct http_head {
    const char *method, *target; /* target as sent, with its query */
    int minor;                   /* HTTP/1.minor */
    const char *host, *origin, *authorization, *cookie, *forwarded; /* forwarded: X-Forwarded-For */
    const char *upgrade, *connection, *ws_key, *ws_version, *ws_protocol;
    const char *sec_fetch_site, *last_event_id, *content_length, *transfer_encoding;
    size_t size; /* of the head in bytes, with its empty line */
};

enum http_head_state { HTTP_HEAD_MORE, HTTP_HEAD_BAD, HTTP_HEAD_TOO_LONG, HTTP_HEAD_DONE };

/* Strings live in `a`. `out` is filled where the answer is HTTP_HEAD_DONE. */
enum http_head_state http_head_parse(struct arena *a, const char *data, size_t len,
                                     struct http_head *out);

/* Whether a comma-separated list has the token, in any case. NULL has none. */
bool http_head_has(const char *list, const char *token);
/* The value of a cookie; NULL: not there. */
const char *http_head_cookie(struct arena *a, const char *cookies, const char *name);

#endif
