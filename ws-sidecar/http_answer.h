/*
 * Answers of plain HTTP, as bytes for the socket: refusals, the heads of streams and of polls. None
 * may be kept by anybody on the way, and none carries CORS headers: other origins get nothing.
 */
#ifndef SIDECAR_HTTP_ANSWER_H
#define SIDECAR_HTTP_ANSWER_H

#include "lib/arena.h"
#include "lib/err.h"
#include "ws-sidecar/outflow.h"

/* A whole answer {error:{…}}; the connection is closed behind it. `field` is one more line of the
 * head or NULL, `login_url` goes into a 401 ("": there is none). */
const char *http_refusal(struct arena *a, int status, const struct fail *f, const char *field,
                         const char *login_url);
/* The same with the error's own status, into `o`. */
void http_refuse(struct outflow *o, const struct fail *f, const char *login_url);
/* The head of an answer in JSON of so many bytes. */
const char *http_json_head(struct arena *a, int status, size_t len, bool keep_alive);
/* The head of a stream, which ends with its connection. */
extern const char http_stream_head[];

#endif
