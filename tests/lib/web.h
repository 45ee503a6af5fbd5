/*
 * Requests in memory: the dispatcher, routes and handlers of both programs over a table instead of
 * a web server, on a fixture's chat. Requests to api_path go to the API, all others to the pages.
 */
#ifndef TESTS_LIB_WEB_H
#define TESTS_LIB_WEB_H

#include "cgi-bin/dispatch.h"
#include "tests/lib/fixture.h"

enum { WEB_VARIABLES = 64 };

struct web {
    struct fixture *fx;
    struct app pages, api;
    /* What every request carries until it is changed; NULL: nothing. */
    const char *bearer, *cookie, *csrf;
    /* The request being made. */
    const char *names[WEB_VARIABLES], *values[WEB_VARIABLES];
    size_t count;
    const char *body;
    size_t body_len, body_at;
    bool client_gone; /* writing fails */
    /* While a request waits: what happens, and whether it may go on; NULL: nothing, it may. Then
     * the fake clock moves by `ms`. */
    bool (*meanwhile)(struct web *w, int fd, int64_t ms);
    int waits;         /* of the last request */
    int64_t waited_ms; /* in all */
    /* The answer to the last one. */
    int status;
    struct buf answer; /* as a web server gets it */
    size_t head_len;
    struct json_object *json;
};

struct web *web_open(void);
struct web *web_open_with(const char *lines); /* as fixture_open_with() */
void web_close(struct web *w);

/* fx->conf was changed: what programs notice only at their start. */
void web_reconfigured(struct web *w);

/* Begins a request: Host 127.0.0.1:8080 and an address of its own, and the sticky fields. */
void web_begin(struct web *w, const char *method, const char *uri);
/* A CGI variable (HTTP_ORIGIN); NULL takes it away. Strings must live until web_send(). */
void web_set(struct web *w, const char *name, const char *value);
void web_body(struct web *w, const char *type, const char *bytes, size_t len);
/* Sends it and returns the status. */
int web_send(struct web *w);

int web_get(struct web *w, const char *uri);
int web_form(struct web *w, const char *uri, const char *body);
int web_json_request(struct web *w, const char *method, const char *uri, const char *body);

/* Of the answer; they live until the next request. NULL where there is no such header. */
const char *web_header(struct web *w, const char *name);
const char *web_text(struct web *w);
/* The body as JSON, or a member of it by path: "error.code". NULL where absent. */
struct json_object *web_json(struct web *w, const char *path);
const char *web_json_text(struct web *w, const char *path); /* "" where absent */
int64_t web_json_number(struct web *w, const char *path);   /* INT64_MIN where absent */

/* Signs in by the guest cookie (POST session/) or by the host's: later requests carry it and the
 * seal. */
void web_join(struct web *w, const char *name);
/* The host's user by Bearer. */
void web_sign_in(struct web *w, const char *user_id, const char *name);
void web_sign_out(struct web *w);

#endif
