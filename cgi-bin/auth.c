#include "cgi-bin/auth.h"

#include "lib/peer.h"

#include <string.h>
#include <strings.h>

static const struct actor nobody = {.ext_id = "", .username = "", .role = ""};

static bool header_is(const struct call *c, const char *name, const char *value)
{
    const char *header = http_header(&c->req, name);

    return header && strcmp(header, value) == 0;
}

/* Or a frame's way to it, where some may frame it: browsers show it in theirs alone. */
static bool is_link_to_page(const struct call *c)
{
    bool framed = header_is(c, "SEC_FETCH_DEST", "iframe") && *c->app->conf->embed_origins;

    return c->app->site == SITE_PAGES && (c->req.method & (HTTP_GET | HTTP_HEAD)) &&
           header_is(c, "SEC_FETCH_MODE", "navigate") &&
           (framed || header_is(c, "SEC_FETCH_DEST", "document"));
}

enum err auth_check_origin(const struct call *c, struct fail *f)
{
    const char *origin = http_header(&c->req, "ORIGIN");
    const char *host = http_header(&c->req, "HOST");
    bool site_ok = !http_header(&c->req, "SEC_FETCH_SITE") ||
                   header_is(c, "SEC_FETCH_SITE", "same-origin") ||
                   header_is(c, "SEC_FETCH_SITE", "none") || is_link_to_page(c);

    if (!site_ok)
        return fail(f, ERR_ORIGIN, NULL);
    if (origin && !peer_origin_allowed(c->app->conf->allowed_origins, origin, host ? host : ""))
        return fail(f, ERR_ORIGIN, NULL);
    return OK;
}

/* The token of `Authorization: Bearer …`; NULL where another scheme or nothing is there. Apache's
 * RewriteRule E= puts the header under the second name. */
static const char *bearer(const struct call *c)
{
    const char *header = http_header(&c->req, "AUTHORIZATION");

    if (!header)
        header = http_variable(&c->req, "REDIRECT_HTTP_AUTHORIZATION");
    if (strncasecmp(header, "Bearer", 6) != 0 || (header[6] && header[6] != ' '))
        return NULL;
    header += 6;
    return header + strspn(header, " ");
}

static const char *guest_cookie_name(const struct call *c)
{
    return c->req.https ? "__Host-outcry_guest" : "outcry_guest";
}

static bool is_token_error(enum err e)
{
    return e == ERR_TOKEN_INVALID || e == ERR_TOKEN_EXPIRED || e == ERR_AUTH_REQUIRED;
}

/* OK with c->by_cookie set where a cookie identified somebody; OK without where there is none. */
static enum err from_cookies(struct call *c, struct fail *f)
{
    const struct conf *conf = c->app->conf;
    const char *token = NULL;
    size_t len = 0;
    enum err e = OK;

    if (conf->browser_token_kind == BROWSER_TOKEN_COOKIE)
        token = http_cookie(&c->req, conf->browser_token_name, &len);
    if (token && len > 0) {
        e = identity_from_host_token(c->chat, c->arena, token, len, &c->actor, f);
    } else {
        token = http_cookie(&c->req, guest_cookie_name(c), &len);
        if (!token || len == 0 || conf->guests == GUESTS_OFF)
            return OK;
        e = identity_from_guest_token(c->chat, c->arena, token, len, &c->actor, f);
        c->guest_cookie_bad = is_token_error(e);
    }
    c->by_cookie = !e;
    if (is_token_error(e) && c->route->need == NEED_ANYONE) {
        c->actor = nobody;
        return OK;
    }
    return e;
}

/* The name that a sessionless guest gave in the field `username`. */
static enum err from_name(struct call *c, struct fail *f)
{
    const struct form_field *field = NULL;
    const char *name = "";
    size_t len = 0;

    if (c->body.json) {
        enum err e = json_get_str(c->body.json, "username", &name, &len, f);

        if (e)
            return e;
    } else if (form_find(&c->body, "username", &field) > 0) {
        name = field->value;
        len = field->value_len;
    }
    return identity_from_name(c->chat, c->arena, c->req.address, name ? name : "", len, &c->actor,
                              f);
}

enum err auth_identify(struct call *c, struct fail *f)
{
    const char *token = bearer(c);
    enum err e;

    c->actor = nobody;
    if (c->route->need == NEED_NOTHING)
        return OK;
    if (token)
        return identity_from_token(c->chat, c->arena, token, strlen(token), &c->actor, f);
    e = from_cookies(c, f);
    if (e || c->by_cookie || c->route->need == NEED_ANYONE)
        return e;
    if (c->route->need == NEED_READER)
        return identity_anonymous(c->chat, &c->actor, f);
    if (c->route->need == NEED_POSTER)
        return from_name(c, f);
    return fail(f, ERR_AUTH_REQUIRED, NULL);
}

enum err auth_check_seal(const struct call *c, struct fail *f)
{
    const struct form_field *field = NULL;
    const char *seal;
    size_t len;

    if (!c->by_cookie || !c->route->csrf)
        return OK;
    seal = http_header(&c->req, "X_CSRF_TOKEN");
    len = seal ? strlen(seal) : 0;
    if (!seal && c->body.json) {
        enum err e = json_get_str(c->body.json, "csrf", &seal, &len, f);

        if (e)
            return e;
    } else if (!seal && form_find(&c->body, "csrf", &field) == 1) {
        seal = field->value;
        len = field->value_len;
    }
    if (!seal || !identity_csrf_ok(c->chat, &c->actor, seal, len))
        return fail(f, ERR_CSRF, NULL);
    return OK;
}

void auth_set_guest_cookie(struct call *c, const char *token)
{
    http_add_header(&c->res, "Set-Cookie",
                    arena_fmt(c->arena, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s",
                              guest_cookie_name(c), token ? token : "", token ? 365 * 24 * 3600 : 0,
                              c->req.https ? "; Secure" : ""));
}

bool auth_is_shell(const struct call *c)
{
    return c->app->conf->browser_token_kind == BROWSER_TOKEN_STORAGE &&
           c->actor.kind == ACTOR_ANONYMOUS;
}
