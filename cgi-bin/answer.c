#include "cgi-bin/answer.h"

#include "cgi-bin/auth.h"
#include "cgi-bin/error_page.h"
#include "cgi-bin/squeeze.h"
#include "chat/wire.h"
#include "lib/text.h"

#include <string.h>

static const char json_media[] = "application/json; charset=utf-8";
static const char html_media[] = "text/html; charset=utf-8";

enum err answer_json(struct call *c, int status, struct json_object *o)
{
    size_t len;
    const char *text = json_text(o, &len);

    c->res.status = status;
    c->res.content_type = json_media;
    buf_add(&c->res.body, text, len);
    json_object_put(o);
    return OK;
}

enum err answer_page(struct call *c, int status, const char *view, struct json_object *data,
                     struct fail *f)
{
    enum err e;

    c->res.status = status;
    c->res.content_type = html_media;
    e = view_render(c->app->view, view, data, &c->res.body, f);
    json_object_put(data);
    return e;
}

enum err answer_empty(struct call *c, int status)
{
    c->res.status = status;
    c->res.content_type = NULL;
    return OK;
}

enum err answer_see_other(struct call *c, const char *url)
{
    static const char text[] = "See the Location header.\n";

    c->res.status = 303;
    c->res.content_type = "text/plain; charset=utf-8";
    buf_add(&c->res.body, text, sizeof text - 1);
    http_add_header(&c->res, "Location", url);
    return OK;
}

const char *answer_login_url(const struct call *c, const char *next)
{
    const char *login = c->app->conf->login_url;
    struct buf url;
    const char *out;

    if (!*login)
        return NULL;
    buf_init(&url, 16384);
    buf_fmt(&url, "%s%cnext=", login, strchr(login, '?') ? '&' : '?');
    buf_url(&url, next, strlen(next));
    out = url.overflow ? login : arena_str(c->arena, buf_cstr(&url));
    buf_release(&url);
    return out;
}

const char *answer_room_url(const struct call *c, const char *room)
{
    const char *page_path = c->app->conf->page_path;

    if (!room || !*room || *room == '@')
        return arena_fmt(c->arena, "%s/", page_path);
    return arena_fmt(c->arena, "%s/r/%s/", page_path, room);
}

const char *answer_account_url(const struct call *c)
{
    return arena_fmt(c->arena, "%s/me/", c->app->conf->page_path);
}

const char *answer_message_url(const struct call *c, int64_t id, int64_t seq)
{
    return arena_fmt(c->arena, "%s/m/%lld/#m%lld", c->app->conf->page_path, (long long)id,
                     (long long)seq);
}

const char *answer_thread_url(const struct call *c, int64_t root)
{
    return arena_fmt(c->arena, "%s/t/%lld/", c->app->conf->page_path, (long long)root);
}

static void add_error_headers(struct call *c, const struct fail *f)
{
    int status = err_row(f->err)->http_status;
    int64_t seconds = (f->retry_after_ms + 999) / 1000;

    if (seconds > 0 || status == 503)
        http_add_header(&c->res, "Retry-After",
                        arena_fmt(c->arena, "%lld", (long long)(seconds > 0 ? seconds : 1)));
    if (status == 401)
        http_add_header(&c->res, "WWW-Authenticate", "Bearer");
    if (status == 405)
        answer_allow(c);
}

static struct json_object *error_json(const struct call *c, const struct fail *f)
{
    struct json_object *o = json_object_new_object(), *error = wire_error(f, NULL);
    const struct err_row *row = err_row(f->err);

    json_object_object_del(error, "type");
    if (row->http_status == 401 && *c->app->conf->login_url)
        json_set_str(error, "login_url", c->app->conf->login_url);
    if (row->http_status == 500)
        json_set_str(error, "request_id", c->app->log->request_id);
    json_set(o, "error", error);
    return o;
}

const char *answer_next_url(const struct call *c)
{
    const struct form_field *room = NULL;

    if (c->app->site == SITE_PAGES)
        return c->req.target;
    if (form_find(&c->body, "room", &room) == 0 || !text_is_slug(room->value, room->value_len))
        return answer_room_url(c, NULL);
    return answer_room_url(c, room->value);
}

void answer_error(struct call *c, const struct fail *f)
{
    int status = err_row(f->err)->http_status;
    const char *login = status == 401 ? answer_login_url(c, answer_next_url(c)) : NULL;
    struct fail second = {0};

    http_response_clear(&c->res);
    if (call_wants_page(c) && login) {
        answer_see_other(c, login);
        return;
    }
    if (!call_wants_page(c))
        answer_json(c, status, error_json(c, f));
    else if (answer_page(c, status, "error", error_page_data(c, f), &second)) {
        buf_clear(&c->res.body);
        c->res.content_type = "text/plain; charset=utf-8";
        buf_fmt(&c->res.body, "%s\n", f->message);
    }
    add_error_headers(c, f);
}

void answer_allow(struct call *c)
{
    static const struct {
        unsigned method;
        const char *name;
    } names[] = {
        {HTTP_GET, "GET, HEAD"}, {HTTP_POST, "POST"},     {HTTP_PUT, "PUT"},
        {HTTP_PATCH, "PATCH"},   {HTTP_DELETE, "DELETE"},
    };
    const char *allow = "OPTIONS";

    for (size_t i = ARRAY_LEN(names); i-- > 0;)
        if (c->allowed & names[i].method)
            allow = arena_fmt(c->arena, "%s, %s", names[i].name, allow);
    http_add_header(&c->res, "Allow", allow);
}

/* A Host header that may stand in a policy: nothing but a name or address and a port. */
static const char *plain_host(const struct call *c)
{
    const char *host = http_header(&c->req, "HOST");
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789.-:[]";

    return host && strspn(host, plain) == strlen(host) ? host : NULL;
}

/* The emoji picker makes its style and its nodes from text of its own. So it stands apart: nothing
 * of what people wrote is there, and all it can do is tell the page around it one emoji. */
static void add_frame_policy(struct call *c)
{
    const char *framers = c->app->conf->embed_origins; /* around the page around it */

    http_add_header(
        &c->res, "Content-Security-Policy",
        arena_fmt(c->arena,
                  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
                  "connect-src 'self'; form-action 'none'; base-uri 'none'; "
                  "frame-ancestors 'self'%s%s",
                  *framers ? " " : "", framers));
    http_add_header(&c->res, "Referrer-Policy", "no-referrer");
}

static void add_page_policy(struct call *c)
{
    const char *host = plain_host(c), *framers = c->app->conf->embed_origins;
    /* Where scripts have the token, they fetch pictures with it and show what they got. */
    const char *held = c->app->conf->browser_token_kind == BROWSER_TOKEN_STORAGE ? " blob:" : "";
    const char *socket =
        host ? arena_fmt(c->arena, " %s://%s", c->req.https ? "wss" : "ws", host) : "";

    http_add_header(
        &c->res, "Content-Security-Policy",
        arena_fmt(
            c->arena,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:%s; "
            "font-src 'self'; connect-src 'self'%s; frame-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors %s; require-trusted-types-for 'script'; "
            "trusted-types 'none'",
            held, socket, *framers ? framers : "'none'"));
    /* With no-referrer browsers send `Origin: null` with a form, and then no form would be ours.
     * same-origin tells other sites as little. */
    http_add_header(&c->res, "Referrer-Policy", "same-origin");
    http_add_header(&c->res, "Cross-Origin-Opener-Policy", "same-origin");
    http_add_header(&c->res, "Permissions-Policy",
                    "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
}

void answer_finish(struct call *c)
{
    http_find_once(&c->res);
    if (c->res.in_frame) {
        add_frame_policy(c);
    } else if (c->res.content_type == html_media) {
        add_page_policy(c);
        squeeze(c);
    } else {
        http_add_header(&c->res, "Content-Security-Policy",
                        "default-src 'none'; sandbox; frame-ancestors 'none'");
        http_add_header(&c->res, "Referrer-Policy", "no-referrer");
    }
    http_add_header(&c->res, "X-Content-Type-Options", "nosniff");
    if (c->res.content_type != html_media || !*c->app->conf->embed_origins)
        http_add_header(&c->res, "X-Frame-Options", /* it knows no list of origins */
                        c->res.in_frame ? "SAMEORIGIN" : "DENY");
    http_add_header(&c->res, "Cross-Origin-Resource-Policy", "same-origin");
}
