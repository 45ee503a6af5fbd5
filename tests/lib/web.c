#include "tests/lib/web.h"

#include "cgi-bin/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct web *web_open_with(const char *lines)
{
    struct web *w = xcalloc(1, sizeof *w);

    w->fx = fixture_open_with(lines);
    w->api = (struct app){
        .site = SITE_API, .conf = &w->fx->conf, .log = &w->fx->log, .chat = &w->fx->chat};
    if (view_open(&w->api.view, w->fx->conf.template_dir, &w->fx->fail))
        fail_msg("view_open: %s", w->fx->fail.message);
    w->api.kept = kept_new();
    w->pages = w->api;
    w->pages.kept = kept_new();
    w->pages.site = SITE_PAGES;
    buf_init(&w->answer, 64 << 20);
    return w;
}

struct web *web_open(void)
{
    return web_open_with(NULL);
}

void web_close(struct web *w)
{
    json_object_put(w->json);
    buf_release(&w->answer);
    kept_free(w->api.kept);
    kept_free(w->pages.kept);
    view_close(w->api.view);
    fixture_close(w->fx);
    free(w);
}

void web_reconfigured(struct web *w)
{
    kept_clear(w->api.kept);
    kept_clear(w->pages.kept);
}

static const char *variable(void *ctx, const char *name)
{
    const struct web *w = ctx;

    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->names[i], name) == 0)
            return w->values[i];
    return NULL;
}

/* In small pieces, as a socket may give them. */
static ssize_t read_body(void *ctx, char *out, size_t len)
{
    struct web *w = ctx;
    size_t n = w->body_len - w->body_at;

    n = n > len ? len : n;
    n = n > 1000 ? 1000 : n;
    if (n)
        memcpy(out, w->body + w->body_at, n);
    w->body_at += n;
    return (ssize_t)n;
}

static bool write_answer(void *ctx, const struct iovec *pieces, size_t count,
                         const struct source_file *file)
{
    struct web *w = ctx;
    char chunk[SOURCE_CHUNK];

    for (size_t i = 0; i < count; i++)
        buf_add(&w->answer, pieces[i].iov_base, pieces[i].iov_len);
    for (int64_t at = 0; file && at < file->len;) {
        ssize_t n = source_read_file(file->fd, chunk, file->from + at, file->len - at);

        assert_true(n > 0);
        buf_add(&w->answer, chunk, (size_t)n);
        at += n;
    }
    return !w->client_gone;
}

static bool wait_a_while(void *ctx, int fd, int64_t ms)
{
    struct web *w = ctx;

    w->waits++;
    if (w->meanwhile && !w->meanwhile(w, fd, ms))
        return false;
    fixture_pass(w->fx, ms);
    w->waited_ms += ms;
    return true;
}

void web_set(struct web *w, const char *name, const char *value)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->names[i], name) == 0) {
            w->values[i] = value;
            return;
        }
    }
    assert_true(w->count < WEB_VARIABLES);
    w->names[w->count] = name;
    w->values[w->count++] = value;
}

void web_begin(struct web *w, const char *method, const char *uri)
{
    w->count = 0;
    w->body = NULL;
    w->body_len = w->body_at = 0;
    w->client_gone = false;
    web_set(w, "REQUEST_METHOD", method);
    web_set(w, "REQUEST_URI", uri);
    web_set(w, "REMOTE_ADDR", "203.0.113.7");
    web_set(w, "HTTP_HOST", "127.0.0.1:8080");
    if (w->bearer)
        web_set(w, "HTTP_AUTHORIZATION", arena_fmt(&w->fx->arena, "Bearer %s", w->bearer));
    web_set(w, "HTTP_COOKIE", w->cookie);
    web_set(w, "HTTP_X_CSRF_TOKEN", w->csrf);
}

void web_body(struct web *w, const char *type, const char *bytes, size_t len)
{
    w->body = bytes;
    w->body_len = len;
    web_set(w, "CONTENT_TYPE", type);
    web_set(w, "CONTENT_LENGTH", arena_fmt(&w->fx->arena, "%zu", len));
}

int web_send(struct web *w)
{
    const struct source source = {w, variable, read_body, write_answer, wait_a_while};
    const char *uri = variable(w, "REQUEST_URI");
    const char *api = w->fx->conf.api_path;
    bool is_api = uri && strncmp(uri, api, strlen(api)) == 0;
    const char *end;

    json_object_put(w->json);
    w->json = NULL;
    buf_clear(&w->answer);
    w->waits = 0;
    w->waited_ms = 0;
    dispatch(is_api ? &w->api : &w->pages, &source);
    assert_int_equal(strncmp(buf_cstr(&w->answer), "Status: ", 8), 0);
    w->status = (int)strtol(buf_cstr(&w->answer) + 8, NULL, 10);
    end = strstr(buf_cstr(&w->answer), "\r\n\r\n");
    assert_non_null(end);
    w->head_len = (size_t)(end + 4 - buf_cstr(&w->answer));
    return w->status;
}

int web_get(struct web *w, const char *uri)
{
    web_begin(w, "GET", uri);
    return web_send(w);
}

int web_form(struct web *w, const char *uri, const char *body)
{
    web_begin(w, "POST", uri);
    web_body(w, "application/x-www-form-urlencoded", body, strlen(body));
    return web_send(w);
}

int web_json_request(struct web *w, const char *method, const char *uri, const char *body)
{
    web_begin(w, method, uri);
    web_body(w, "application/json", body, strlen(body));
    return web_send(w);
}

const char *web_header(struct web *w, const char *name)
{
    const char *line = buf_cstr(&w->answer);
    size_t name_len = strlen(name);

    while (*line && strncmp(line, "\r\n", 2) != 0) {
        size_t len = strcspn(line, "\r");

        if (len > name_len && strncasecmp(line, name, name_len) == 0 && line[name_len] == ':')
            return arena_strn(&w->fx->arena, line + name_len + 2, len - name_len - 2);
        line += len + 2;
    }
    return NULL;
}

const char *web_text(struct web *w)
{
    return buf_cstr(&w->answer) + w->head_len;
}

struct json_object *web_json(struct web *w, const char *path)
{
    struct json_object *o;

    if (!w->json && json_parse(web_text(w), w->answer.len - w->head_len, &w->json, &w->fx->fail))
        fail_msg("not JSON: %s", web_text(w));
    o = w->json;
    while (o && *path) {
        size_t len = strcspn(path, ".");
        const char *key = arena_strn(&w->fx->arena, path, len);

        if (json_object_is_type(o, json_type_array))
            o = json_object_array_get_idx(o, (size_t)strtoul(key, NULL, 10));
        else
            o = json_object_object_get(o, key);
        path += len + (path[len] == '.');
    }
    return o;
}

const char *web_json_text(struct web *w, const char *path)
{
    struct json_object *o = web_json(w, path);

    return o ? json_object_get_string(o) : "";
}

int64_t web_json_number(struct web *w, const char *path)
{
    struct json_object *o = web_json(w, path);

    return json_object_is_type(o, json_type_int) ? json_object_get_int64(o) : INT64_MIN;
}

void web_sign_out(struct web *w)
{
    w->bearer = w->cookie = w->csrf = NULL;
}

void web_join(struct web *w, const char *name)
{
    const char *cookie;

    web_sign_out(w);
    if (web_json_request(w, "POST", "/api/stocks/chat/session/",
                         arena_fmt(&w->fx->arena, "{\"username\":\"%s\"}", name)) != 200)
        fail_msg("session/: %s", web_text(w));
    cookie = web_header(w, "Set-Cookie");
    assert_non_null(cookie);
    w->cookie = arena_strn(&w->fx->arena, cookie, strcspn(cookie, ";"));
    w->csrf = arena_str(&w->fx->arena, web_json_text(w, "csrf"));
}

void web_sign_in(struct web *w, const char *user_id, const char *name)
{
    web_sign_out(w);
    w->bearer = fixture_token(w->fx, user_id, name, NULL);
}
