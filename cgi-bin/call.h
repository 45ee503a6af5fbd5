/*
 * One request on its way: what the dispatcher found out, what the handler answers. And the program
 * around it, opened once per process.
 */
#ifndef CGI_BIN_CALL_H
#define CGI_BIN_CALL_H

#include "cgi-bin/form.h"
#include "cgi-bin/route.h"
#include "cgi-bin/view.h"
#include "chat/identity.h"

enum site { SITE_PAGES, SITE_API };

/* Everything that outlives a request; who owns it, app.c or a test's fixture, is no handler's
 * business. */
struct app {
    enum site site;
    const struct conf *conf;
    struct log *log;
    struct chat *chat;
    struct view *view;
    struct kept *kept;               /* NULL: the next request comes to another process */
    char site_version[VIEW_VERSION]; /* of the site's own style sheet; "": it has none */
};

/* A parameter as the route table asked for it. */
struct value {
    bool given;
    const char *text; /* NUL-terminated, without a NUL inside; NULL where not given */
    size_t len;
    int64_t number;
};

struct call {
    struct app *app;
    struct chat *chat; /* app->chat */
    struct arena *arena;
    struct http_request req;
    struct http_response res;
    bool kept;                 /* res is a whole answer that was given before */
    const struct route *route; /* NULL: none was found */
    unsigned allowed;          /* methods of this path */
    const char *captures[2];   /* <…> segments in order */
    struct form query, body;
    const char *bytes; /* the body of a route with bytes_max */
    size_t bytes_len;
    enum form_kind body_kind; /* by Content-Type, known before the body is read */
    struct value values[PARAMS_MAX];
    struct actor actor;
    bool by_cookie;        /* a cookie said who this is: writes need a seal */
    bool guest_cookie_bad; /* it did not verify: pages take it away */
};

/* The parameter of that name in the route's table; never NULL (asserted). */
const struct value *call_value(const struct call *c, const char *name);
const char *call_text(const struct call *c, const char *name); /* NULL where not given */
int64_t call_number(const struct call *c, const char *name, int64_t fallback);
/* Whether a person looks at the answer: a page was asked for, or a form was sent. */
bool call_wants_page(const struct call *c);

#endif
