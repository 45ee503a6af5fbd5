#include "ws-sidecar/http_answer.h"

#include "chat/wire.h"

#include <string.h>

enum { RETRY_AFTER_S = 5 }; /* where nobody knows better */

#define COMMON_FIELDS                                                                              \
    "Cache-Control: no-store\r\n"                                                                  \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"                      \
    "X-Frame-Options: DENY\r\n"                                                                    \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Cross-Origin-Resource-Policy: same-origin\r\n"

/*
 * Ended by its connection, not chunked: that is HTTP/1.0 and 1.1 alike and costs nothing per event.
 * Measured, lighttpd 1.4.69 (with stream-response-body) and Apache 2.4 (mod_proxy_http) hand on
 * what comes within a millisecond either way, in chunks of their own to a client of HTTP/1.1.
 */
const char http_stream_head[] = "HTTP/1.1 200 OK\r\n"
                                "Content-Type: text/event-stream\r\n"
                                "X-Accel-Buffering: no\r\n"
                                "Connection: close\r\n" COMMON_FIELDS "\r\n";

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {410, "Gone"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Service Unavailable";
}

static const char *error_body(struct arena *a, int status, const struct fail *f,
                              const char *login_url)
{
    struct json_object *o = json_object_new_object(), *error;
    struct fail shown = *f;
    const char *text;
    size_t len;

    if (f->err == ERR_INTERNAL) /* the log has it; others learn nothing of our inside */
        fail(&shown, ERR_INTERNAL, NULL);
    error = wire_error(&shown, NULL);
    json_object_object_del(error, "type");
    if (status == 401 && *login_url)
        json_set_str(error, "login_url", login_url);
    json_set(o, "error", error);
    text = arena_str(a, json_text(o, &len));
    json_object_put(o);
    return text;
}

static const char *retry_after(struct arena *a, int status, const struct fail *f)
{
    int64_t seconds = (f->retry_after_ms + 999) / 1000;

    if (seconds == 0 && status == 503)
        seconds = RETRY_AFTER_S;
    return seconds > 0 ? arena_fmt(a, "Retry-After: %lld\r\n", (long long)seconds) : "";
}

const char *http_refusal(struct arena *a, int status, const struct fail *f, const char *field,
                         const char *login_url)
{
    const char *body = error_body(a, status, f, login_url);

    return arena_fmt(a,
                     "HTTP/1.1 %d %s\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: %zu\r\n" COMMON_FIELDS "%s%s%s%s"
                     "Connection: close\r\n\r\n%s",
                     status, reason_of(status), strlen(body), retry_after(a, status, f),
                     status == 401 ? "WWW-Authenticate: Bearer\r\n" : "", field ? field : "",
                     field ? "\r\n" : "", body);
}

void http_refuse(struct outflow *o, const struct fail *f, const char *login_url)
{
    struct iovec piece;
    const char *text;
    struct arena a;

    arena_init(&a);
    text = http_refusal(&a, err_row(f->err)->http_status, f, NULL, login_url);
    piece = outflow_piece(text, strlen(text));
    outflow_put(o, &piece, 1);
    arena_release(&a);
}

const char *http_json_head(struct arena *a, int status, size_t len, bool keep_alive)
{
    return arena_fmt(a,
                     "HTTP/1.1 %d %s\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: %zu\r\n" COMMON_FIELDS "Connection: %s\r\n\r\n",
                     status, reason_of(status), len, keep_alive ? "keep-alive" : "close");
}
