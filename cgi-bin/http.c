#include "cgi-bin/http.h"

#include "lib/peer.h"
#include "lib/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* 1,000 events of 8 KiB with markup fit; more is a bug, and an answer
 * cut short would be one too. */
enum { RESPONSE_MAX = 64 << 20, HEADERS_MAX = 16 << 10, VARIABLE_NAME_MAX = 64 };

static enum http_method parse_method(const char *name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"GET", HTTP_GET},         {"HEAD", HTTP_HEAD},   {"POST", HTTP_POST},
        {"PUT", HTTP_PUT},         {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
        {"OPTIONS", HTTP_OPTIONS},
    };

    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return HTTP_OTHER;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

const char *http_decode_path(struct arena *a, const char *s, size_t len)
{
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        int high, low;

        if (s[i] != '%') {
            out[n++] = s[i];
            continue;
        }
        high = i + 2 < len ? hex_digit(s[i + 1]) : -1;
        low = i + 2 < len ? hex_digit(s[i + 2]) : -1;
        if (high < 0 || low < 0)
            return NULL;
        out[n] = (char)(high * 16 + low);
        if (out[n] == '\0' || out[n] == '/')
            return NULL;
        n++;
        i += 2;
    }
    return out;
}

/* X-CSRF-Token, Content-Type and such are looked at only where something is written. */
static const char *const answered_by[HTTP_ANSWERED_BY] = {
    "REQUEST_METHOD",
    "REQUEST_URI",
    "REQUEST_SCHEME",
    "REMOTE_ADDR",
    "HTTPS",
    "HTTP_HOST",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_AUTHORIZATION",
    "REDIRECT_HTTP_AUTHORIZATION",
    "HTTP_COOKIE",
    "HTTP_ORIGIN",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_SEC_FETCH_MODE",
    "HTTP_SEC_FETCH_DEST",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_IF_NONE_MATCH",
};

static const char *look_up(const struct http_request *req, const char *name)
{
    const char *value = req->source->variable(req->source->ctx, name);

    return value ? value : "";
}

const char *http_variable(const struct http_request *req, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(answered_by); i++)
        if (strcmp(answered_by[i], name) == 0)
            return req->answered_by[i];
    *req->strayed = true;
    return look_up(req, name);
}

void http_fingerprint(const struct http_request *req, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(answered_by); i++) {
        buf_str(out, req->answered_by[i]);
        buf_char(out, '\0');
    }
}

/* "http://host/path" as a request line may have it, without its first part. */
static const char *skip_authority(const char *target)
{
    if (strncasecmp(target, "http://", 7) == 0)
        target += 7;
    else if (strncasecmp(target, "https://", 8) == 0)
        target += 8;
    else
        return target;
    target += strcspn(target, "/?");
    return target;
}

/* The scheme as the browser sees it: ours, or what a trusted proxy in front of us says. */
static bool is_https(const struct http_request *req, const char *trusted)
{
    const char *proto = http_variable(req, "HTTP_X_FORWARDED_PROTO");

    if (strcasecmp(http_variable(req, "HTTPS"), "on") == 0 ||
        strcasecmp(http_variable(req, "REQUEST_SCHEME"), "https") == 0)
        return true;
    return strcasecmp(proto, "https") == 0 && (!*req->peer || peer_in_list(trusted, req->peer));
}

void http_request_init(struct http_request *req, const struct source *source, struct arena *a,
                       const char *trusted)
{
    size_t path_len;

    *req = (struct http_request){.source = source, .arena = a};
    req->strayed = arena_alloc(a, sizeof *req->strayed);
    for (size_t i = 0; i < ARRAY_LEN(answered_by); i++)
        req->answered_by[i] = look_up(req, answered_by[i]);
    req->method = parse_method(http_variable(req, "REQUEST_METHOD"));
    req->target = skip_authority(http_variable(req, "REQUEST_URI"));
    path_len = strcspn(req->target, "?#");
    req->path = http_decode_path(a, req->target, path_len);
    req->query = req->target + path_len + (req->target[path_len] == '?');
    req->peer = http_variable(req, "REMOTE_ADDR");
    req->address = peer_address(a, trusted, req->peer, http_header(req, "X_FORWARDED_FOR"));
    req->https = is_https(req, trusted);
}

const char *http_header(const struct http_request *req, const char *cgi_name)
{
    char name[VARIABLE_NAME_MAX] = "HTTP_";
    const char *value;

    memcpy(name + strlen(name), cgi_name, strnlen(cgi_name, sizeof name - sizeof "HTTP_"));
    value = http_variable(req, name);
    return *value ? value : NULL;
}

const char *http_cookie(const struct http_request *req, const char *name, size_t *len)
{
    const char *p = http_header(req, "COOKIE");
    size_t name_len = strlen(name);

    while (p && *p) {
        size_t pair;

        p += strspn(p, " \t;");
        pair = strcspn(p, ";");
        if (pair > name_len && p[name_len] == '=' && memcmp(p, name, name_len) == 0) {
            const char *value = p + name_len + 1;

            *len = pair - name_len - 1;
            while (*len > 0 && (value[*len - 1] == ' ' || value[*len - 1] == '\t'))
                --*len;
            if (*len >= 2 && value[0] == '"' && value[*len - 1] == '"') {
                value++;
                *len -= 2;
            }
            return value;
        }
        p += pair;
    }
    return NULL;
}

/* "0.8" → 800; what is no such number counts as 1. */
static int parse_quality(const char *s, size_t len)
{
    int quality = 0, weight = 100;

    if (len == 0 || *s != '0')
        return 1000;
    for (size_t i = 2; i < len && i < 5 && isdigit((unsigned char)s[i]); i++) {
        quality += (s[i] - '0') * weight;
        weight /= 10;
    }
    return quality;
}

/* The quality that an Accept header (or -Encoding) gives to `type`, in thousandths; -1 where it is
 * not named. */
static int accept_quality(const char *accept, const char *type)
{
    size_t type_len = strlen(type);

    while (*accept) {
        const char *q;
        size_t item;

        accept += strspn(accept, " \t");
        item = strcspn(accept, ",");
        if (item >= type_len && strncasecmp(accept, type, type_len) == 0 &&
            (item == type_len || strchr("; \t", accept[type_len]))) {
            q = memmem(accept, item, "q=", 2);
            return q ? parse_quality(q + 2, item - (size_t)(q + 2 - accept)) : 1000;
        }
        accept += item + (accept[item] == ',');
    }
    return -1;
}

bool http_prefers_json(const struct http_request *req)
{
    const char *accept = http_header(req, "ACCEPT");

    return accept &&
           accept_quality(accept, "application/json") > accept_quality(accept, "text/html");
}

bool http_accepts_gzip(const struct http_request *req)
{
    const char *encodings = http_header(req, "ACCEPT_ENCODING");

    return encodings && accept_quality(encodings, "gzip") > 0;
}

bool http_etag_matches(const struct http_request *req, const char *etag)
{
    const char *p = http_header(req, "IF_NONE_MATCH");
    size_t etag_len = strlen(etag);

    while (p && *p) {
        size_t item;

        p += strspn(p, " \t,");
        item = strcspn(p, ",");
        while (item > 0 && (p[item - 1] == ' ' || p[item - 1] == '\t'))
            item--;
        if (item == 1 && *p == '*')
            return true;
        if (item > 2 && strncmp(p, "W/", 2) == 0) {
            p += 2;
            item -= 2;
        }
        if (item == etag_len && memcmp(p, etag, etag_len) == 0)
            return true;
        p += strcspn(p, ",");
    }
    return false;
}

enum err http_content_length(const struct http_request *req, size_t max, size_t *out,
                             struct fail *f)
{
    const char *text = http_variable(req, "CONTENT_LENGTH");
    int64_t length = 0;

    *out = 0;
    if (*text && !text_to_i64(text, strlen(text), 0, INT64_MAX, &length)) {
        /* Digits that do not fit are a length all the same: too much. */
        if (strspn(text, "0123456789") == strlen(text))
            length = INT64_MAX;
        else
            return fail(f, ERR_BAD_REQUEST, "The Content-Length is not a number.");
    }
    if ((uint64_t)length > max)
        return fail(f, ERR_TOO_LONG, "The request has more than %zu bytes.", max);
    *out = (size_t)length;
    return OK;
}

enum err http_read_body(const struct http_request *req, size_t len, const char **out,
                        struct fail *f)
{
    char *body = arena_alloc(req->arena, len + 1);
    size_t have = 0;

    while (have < len) {
        ssize_t n = req->source->read(req->source->ctx, body + have, len - have);

        if (n <= 0)
            return fail(f, ERR_BAD_REQUEST, "The request ended after %zu of %zu bytes.", have, len);
        have += (size_t)n;
    }
    *out = body;
    return OK;
}

void http_response_init(struct http_response *res)
{
    *res = (struct http_response){.status = 200, .cache_control = "no-store", .file.fd = -1};
    buf_init(&res->headers, HEADERS_MAX);
    buf_init(&res->body, RESPONSE_MAX);
}

static void close_file(struct http_response *res)
{
    if (res->file.fd >= 0)
        close(res->file.fd);
    res->file = (struct source_file){.fd = -1};
}

void http_response_clear(struct http_response *res)
{
    res->status = 200;
    res->content_type = NULL;
    res->in_frame = false;
    res->cache_control = "no-store";
    res->once[0] = '\0';
    res->once_count = 0;
    res->once_lost = res->squeezed = false;
    buf_clear(&res->headers);
    buf_clear(&res->body);
    close_file(res);
}

void http_response_release(struct http_response *res)
{
    buf_release(&res->headers);
    buf_release(&res->body);
    close_file(res);
}

void http_add_header(struct http_response *res, const char *name, const char *value)
{
    for (const char *p = value; *p; p++)
        if (iscntrl((unsigned char)*p))
            return;
    buf_fmt(&res->headers, "%s: %s\r\n", name, value);
}

void http_find_once(struct http_response *res)
{
    const char *body = buf_cstr(&res->body), *end = body + res->body.len, *at = body;
    size_t len = strlen(res->once);

    while (len && (at = memmem(at, (size_t)(end - at), res->once, len))) {
        if (res->once_count == ONCE_MAX) {
            res->once_lost = true;
            return;
        }
        res->once_at[res->once_count++].at = (size_t)(at - body);
        at += len;
    }
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {206, "Partial Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

bool http_send(const struct http_response *res, const struct http_request *req, const char *id)
{
    bool bodyless = res->status == 204 || res->status == 304;
    bool whole = !bodyless && req->method != HTTP_HEAD, from_file = res->file.fd >= 0;
    const struct source *source = req->source;
    struct iovec pieces[2];
    struct buf head;
    bool sent;

    buf_init(&head, HEADERS_MAX + 4096);
    buf_fmt(&head, "Status: %d %s\r\n", res->status, reason(res->status));
    if (res->content_type && !bodyless)
        buf_fmt(&head, "Content-Type: %s\r\n", res->content_type);
    if (!bodyless)
        buf_fmt(&head, "Content-Length: %lld\r\n",
                from_file ? (long long)res->file.len : (long long)res->body.len);
    buf_str(&head, "Cache-Control: ");
    buf_str(&head, res->cache_control);
    buf_str(&head, "\r\n");
    buf_add(&head, buf_cstr(&res->headers), res->headers.len);
    buf_str(&head, "X-Request-Id: ");
    buf_str(&head, id);
    buf_str(&head, "\r\n\r\n");
    pieces[0] = source_piece(buf_cstr(&head), head.len);
    pieces[1] = source_piece(buf_cstr(&res->body), res->body.len);
    sent = source->answer(source->ctx, pieces, whole && !from_file ? 2 : 1,
                          whole && from_file ? &res->file : NULL);
    buf_release(&head);
    return sent;
}
