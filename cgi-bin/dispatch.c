#include "cgi-bin/dispatch.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "cgi-bin/kept.h"
#include "cgi-bin/params.h"
#include "chat/limits.h"

#include <string.h>
#include <strings.h>

static const struct route *table(const struct app *app)
{
    return app->site == SITE_PAGES ? page_routes : api_routes;
}

/* What follows `prefix` in the path, from its slash on; NULL where it is elsewhere. */
static const char *below(const struct call *c, const char *prefix)
{
    size_t len = strlen(prefix);

    if (!c->req.path || strncmp(c->req.path, prefix, len) != 0)
        return NULL;
    return c->req.path[len] && c->req.path[len] != '/' ? NULL : c->req.path + len;
}

/* The path below the program's prefix, without slashes at its ends; NULL where it is elsewhere. */
static const char *below_prefix(const struct call *c, size_t *len)
{
    const struct conf *conf = c->app->conf;
    const char *rest = below(c, c->app->site == SITE_PAGES ? conf->page_path : conf->api_path);

    if (!rest)
        return NULL;
    rest += *rest == '/';
    *len = strlen(rest);
    if (*len > 0 && rest[*len - 1] == '/')
        --*len;
    return *len == 0 && *rest ? NULL : rest; /* "//" is no path of ours */
}

static bool is_number(const char *s, size_t len)
{
    return strspn(s, "0123456789") >= len;
}

/* Segment by segment; "<x>" takes any one that is not empty, "<#x>" one of digits. */
static bool matches(struct call *c, const char *pattern, const char *path, size_t path_len)
{
    const char *end = path + path_len;
    size_t captured = 0;

    if (*pattern != '<' && path < end && *pattern != *path) /* most routes end here */
        return false;
    while (*pattern && path < end) {
        size_t want = strcspn(pattern, "/");
        const char *slash = memchr(path, '/', (size_t)(end - path));
        size_t have = (size_t)((slash ? slash : end) - path);

        if (have == 0 || (strncmp(pattern, "<#", 2) == 0 && !is_number(path, have)))
            return false;
        if (*pattern == '<' && captured < ARRAY_LEN(c->captures))
            c->captures[captured++] = arena_strn(c->arena, path, have);
        else if (want != have || memcmp(pattern, path, have) != 0)
            return false;
        pattern += want + (pattern[want] == '/');
        path += have;
        if (path < end && (++path == end || !*pattern))
            return false;
    }
    return !*pattern && path == end;
}

static enum err find_route(struct call *c, struct fail *f)
{
    unsigned method = c->req.method == HTTP_HEAD ? HTTP_GET : c->req.method;
    size_t len = 0;
    const char *path = below_prefix(c, &len);

    for (const struct route *r = table(c->app); path && r->pattern; r++) {
        if (!matches(c, r->pattern, path, len))
            continue;
        c->allowed |= r->method;
        if (r->method == method)
            c->route = r;
    }
    if (!c->allowed)
        return fail(f, ERR_NOT_FOUND, NULL);
    if (!c->route && c->req.method != HTTP_OPTIONS)
        return fail(f, ERR_METHOD_NOT_ALLOWED, NULL);
    return OK;
}

/* A body that is no form: a part of a file. */
static enum err read_bytes(struct call *c, const char *type, struct fail *f)
{
    enum err e;

    if (strcasecmp(type, "application/octet-stream") != 0)
        return fail(f, ERR_UNSUPPORTED_MEDIA_TYPE, "Send bytes as application/octet-stream.");
    e = http_content_length(&c->req, c->route->bytes_max, &c->bytes_len, f);
    return e ? e : http_read_body(&c->req, c->bytes_len, &c->bytes, f);
}

static size_t body_max(const struct call *c)
{
    size_t max = (size_t)c->app->conf->body_max_bytes;

    return c->route->files && c->body_kind == FORM_MULTIPART && max < FORM_FILES_MAX
               ? FORM_FILES_MAX
               : max;
}

static enum err read_body(struct call *c, struct fail *f)
{
    const char *encoding, *type, *bytes;
    size_t len;
    enum err e;

    if (c->req.method & (HTTP_GET | HTTP_HEAD))
        return OK;
    encoding = http_header(&c->req, "CONTENT_ENCODING");
    type = http_variable(&c->req, "CONTENT_TYPE");
    if (encoding && strcasecmp(encoding, "identity") != 0)
        return fail(f, ERR_UNSUPPORTED_MEDIA_TYPE, "Send the body without Content-Encoding.");
    if (c->route->bytes_max)
        return read_bytes(c, type, f);
    e = form_kind_of(type, &c->body_kind, f);
    if (!e)
        e = http_content_length(&c->req, body_max(c), &len, f);
    if (!e)
        e = http_read_body(&c->req, len, &bytes, f);
    if (!e)
        e = form_parse(&c->body, c->arena, c->body_kind, type, bytes, len, f);
    return e;
}

static enum err take_cost(struct call *c, struct fail *f)
{
    switch (c->route->cost) {
    case COST_NONE:
        return OK;
    case COST_SESSION:
        return limits_take_session(c->chat, c->req.address, f);
    }
    return fail(f, ERR_INTERNAL, NULL);
}

static enum err serve(struct call *c, struct fail *f)
{
    bool moved; /* nothing was read yet, so it makes no difference */
    enum err e = db_follow(c->chat->db, &moved, f);

    if (!e)
        e = form_parse_query(&c->query, c->arena, c->req.query, f);
    if (!e)
        e = find_route(c, f);
    if (!e && c->chat->state && c->route && c->route->kept != KEPT_WHILE_CHAT)
        e = db_follow(c->chat->state, &moved, f);
    if (!e && !c->route) {
        answer_allow(c);
        return answer_empty(c, 204);
    }
    if (!e && c->route->kept && kept_find(c->app->kept, c))
        return OK;
    if (!e)
        e = auth_check_origin(c, f);
    if (!e)
        e = read_body(c, f);
    if (!e)
        e = auth_identify(c, f);
    if (!e)
        e = auth_check_seal(c, f);
    if (!e)
        e = take_cost(c, f);
    if (!e)
        e = params_fill(c, f);
    if (!e)
        e = c->route->handler(c, f);
    if (!e && (c->res.body.overflow || c->res.headers.overflow))
        e = fail(f, ERR_INTERNAL, "The answer grew too large.");
    return e;
}

static void log_request(const struct call *c, const struct fail *f, int64_t took_ms, bool sent)
{
    const struct log *log = c->app->log;
    const char *code = f->err ? err_row(f->err)->code : NULL;
    const char *method = http_variable(&c->req, "REQUEST_METHOD");
    bool broken = c->res.status >= 500;

    if (broken)
        log_event(log, LOG_ERROR, "failed", LOG_S("method", method), LOG_S("path", c->req.path),
                  LOG_N("status", c->res.status), LOG_S("code", code), LOG_S("why", f->message));
    log_event(log, LOG_DEBUG, "request", LOG_S("method", method), LOG_S("path", c->req.path),
              LOG_N("status", c->res.status), LOG_S("code", code), LOG_N("user", c->actor.user_id),
              LOG_S("address", c->req.address), LOG_N("bytes", c->res.body.len),
              LOG_N("ms", took_ms), LOG_N("sent", sent));
}

/* What a person reads about a fault of ours says nothing about its inside; the log has it. */
static struct fail public_fail(const struct fail *f)
{
    struct fail shown = *f;

    if (f->err == ERR_INTERNAL)
        (void)fail(&shown, ERR_INTERNAL, NULL);
    return shown;
}

void dispatch(struct app *app, const struct source *source)
{
    struct arena arena;
    struct call *c;
    struct fail f = {0}, shown;
    int64_t began = clock_boot_ms(&app->chat->clock);
    bool sent;
    enum err e;

    arena_init(&arena);
    log_new_request(app->log);
    c = arena_alloc(&arena, sizeof *c);
    c->app = app;
    c->chat = app->chat;
    c->arena = &arena;
    http_request_init(&c->req, source, &arena, app->conf->trusted_proxies);
    http_response_init(&c->res);
    e = serve(c, &f);
    if (e) {
        if (f.err != e)
            fail(&f, e, NULL);
        shown = public_fail(&f);
        answer_error(c, &shown);
    }
    if (!c->kept)
        answer_finish(c);
    sent = http_send(&c->res, &c->req, app->log->request_id);
    log_request(c, &f, clock_boot_ms(&app->chat->clock) - began, sent);
    kept_store(app->kept, c, !e);
    form_release(&c->query);
    form_release(&c->body);
    http_response_release(&c->res);
    arena_release(&arena);
}

bool call_wants_page(const struct call *c)
{
    const struct form_field *format = NULL;

    /* Without a sidecar its URLs may lead here: scripts ask for them, and are told not_found. */
    if (http_prefers_json(&c->req) || below(c, c->app->conf->ws_path))
        return false;
    if (c->app->site == SITE_PAGES)
        return form_find(&c->query, "format", &format) == 0 || format->value_len != 4 ||
               memcmp(format->value, "json", 4) != 0;
    return c->route && c->route->forms &&
           (c->body_kind == FORM_URLENCODED || c->body_kind == FORM_MULTIPART);
}
