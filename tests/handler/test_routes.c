/* The route table: every route with every method, and what the dispatcher refuses before a handler
 * runs. */
#include "chat/upload.h"

#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static const char *const methods[] = {"GET",    "HEAD",    "POST",  "PUT", "PATCH",
                                      "DELETE", "OPTIONS", "TRACE", "get", "BREW"};

/* Files of the moderator's: one that is there, and one that is still to come. */
#define WHOLE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BEGUN "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct path {
    const char *uri, *allow;
};

static const struct path paths[] = {
    {"/stocks/chat/", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/r/energy/", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/m/4711/", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/r/energy/about/", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/r/energy/unread/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/rooms/general/unread/?after=0", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/u/1/", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/new/", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/t/4711/", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/emoji/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/messages/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/messages/4711/pin/", "POST, PUT, DELETE, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/pins/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/messages/4711/reactions/%F0%9F%91%8D/", "PUT, DELETE, OPTIONS"},
    {"/api/stocks/chat/messages/4711/", "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/api/stocks/chat/messages/4711/edit/", "POST, OPTIONS"},
    {"/api/stocks/chat/messages/4711/context/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/messages/4711/revisions/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/messages/4711/react/", "POST, OPTIONS"},
    {"/api/stocks/chat/messages/4711/delete/", "POST, OPTIONS"},
    {"/api/stocks/chat/messages/create/", "POST, OPTIONS"},
    {"/api/stocks/chat/events/?rooms=general:0", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/session/", "POST, DELETE, OPTIONS"},
    {"/api/stocks/chat/session/leave/", "POST, OPTIONS"},
    {"/api/stocks/chat/me/prefs/", "POST, OPTIONS"},
    {"/api/stocks/chat/me/data/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/me/delete/", "POST, OPTIONS"},
    {"/api/stocks/chat/me/", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"},
    {"/stocks/chat/day/?day=2026-11-22", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/mentions/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/rooms/general/day/?ms=1", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/search/?q=one", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/search/?q=one", "GET, HEAD, OPTIONS"},
    {"/stocks/chat/me/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/me/mentions/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/me/ignored/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/me/ignored/1/", "POST, PUT, DELETE, OPTIONS"},
    {"/api/stocks/chat/rooms/", "GET, HEAD, POST, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/", "GET, HEAD, PATCH, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/settings/", "POST, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/mute/", "POST, PUT, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/hide/", "POST, PUT, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/members/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/members/1/", "PUT, DELETE, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/invite/", "POST, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/join/", "POST, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/leave/", "POST, OPTIONS"},
    {"/api/stocks/chat/direct/", "POST, OPTIONS"},
    {"/api/stocks/chat/users/?q=a", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/users/1/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/rooms/energy/read/", "POST, PUT, OPTIONS"},
    {"/api/stocks/chat/rooms/general/typing/", "POST, OPTIONS"},
    {"/api/stocks/chat/presence/", "GET, HEAD, POST, OPTIONS"},
    {"/api/stocks/chat/ws-ticket/", "POST, OPTIONS"},
    {"/api/stocks/chat/files/" WHOLE "/x/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/thumbs/" WHOLE "/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/uploads/", "POST, OPTIONS"},
    {"/api/stocks/chat/uploads/" BEGUN "/thumb/", "PUT, OPTIONS"},
    {"/api/stocks/chat/uploads/" BEGUN "/done/", "POST, OPTIONS"},
    {"/api/stocks/chat/uploads/" BEGUN "/", "GET, HEAD, PUT, DELETE, OPTIONS"},
    {"/api/stocks/chat/health/", "GET, HEAD, OPTIONS"},
    {"/api/stocks/chat/health/delivery/", "GET, HEAD, OPTIONS"},
};

/* Whether an Allow list names the method as a whole word. */
static bool allows(const char *allow, const char *method)
{
    size_t len = strlen(method);
    const char *at = strstr(allow, method);

    while (at && !((at == allow || at[-1] == ' ') && (!at[len] || at[len] == ',')))
        at = strstr(at + 1, method);
    return at != NULL;
}

static void check(struct web *w, const struct path *p, const char *method)
{
    web_begin(w, method, p->uri);
    web_send(w);
    assert_non_null(web_header(w, "X-Request-Id"));
    if (strcmp(method, "OPTIONS") == 0) {
        assert_int_equal(w->status, 204);
        assert_string_equal(web_header(w, "Allow"), p->allow);
    } else if (!allows(p->allow, method)) {
        if (w->status != 405)
            fail_msg("%s %s: %d", method, p->uri, w->status);
        assert_string_equal(web_header(w, "Allow"), p->allow);
    } else if (w->status == 405 || w->status == 404 || w->status >= 500) {
        fail_msg("%s %s: %d", method, p->uri, w->status);
    }
}

/* The message that the paths name, and somebody who may do everything with it. */
static void make_message(struct web *w)
{
    struct actor ana = fixture_user(w->fx, "7", "ana");

    fixture_post(w->fx, &ana, NULL, "the one with the number");
    fixture_sql(w->fx, "UPDATE message SET id = 4711;"
                       " UPDATE event SET msg_id = 4711 WHERE msg_id IS NOT NULL");
    w->bearer = fixture_token(w->fx, "9", "mod", "moderator");
}

static void make_files(struct web *w)
{
    struct fixture *fx = w->fx;
    struct actor mod = fixture_moderator(fx, "9", "mod");
    const struct upload_wish wish = {.actor = &mod, .name = "x", .name_len = 1, .size = 5};
    struct upload u;

    assert_int_equal(upload_whole(&fx->chat, &fx->arena, &wish, "hello", &u, &fx->fail), OK);
    fixture_sql(fx, "UPDATE attachment SET id = '" WHOLE "', thumb_sha256 = sha256,"
                    " thumb_type = 'image/png'");
    assert_int_equal(upload_begin(&fx->chat, &fx->arena, &wish, &u, &fx->fail), OK);
    fixture_sql(fx, "UPDATE attachment SET id = '" BEGUN "' WHERE type IS NULL");
}

static void test_every_path_answers_its_methods_and_no_other(void **state)
{
    struct web *w = web_open();

    (void)state;
    make_message(w);
    make_files(w);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        for (size_t j = 0; j < ARRAY_LEN(methods); j++)
            check(w, &paths[i], methods[j]);
    web_close(w);
}

/* The matrix above is complete: each row of the tables is one of its paths. */
static void test_no_route_is_left_out_of_the_matrix(void **state)
{
    size_t routes = 0, methods_listed = 0;

    (void)state;
    for (const struct route *r = page_routes; r->pattern; r++)
        routes++;
    for (const struct route *r = api_routes; r->pattern; r++)
        routes++;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        for (size_t j = 0; j < ARRAY_LEN(methods); j++)
            if (strcmp(methods[j], "HEAD") != 0 && strcmp(methods[j], "OPTIONS") != 0)
                methods_listed += allows(paths[i].allow, methods[j]);
    assert_int_equal(routes, methods_listed);
}

static void test_every_route_that_writes_asks_for_a_seal(void **state)
{
    (void)state;
    for (const struct route *r = api_routes; r->pattern; r++) {
        size_t params = 0;

        assert_int_equal(r->csrf, r->method != HTTP_GET);
        while (r->params && r->params[params].name)
            params++;
        assert_true(params <= PARAMS_MAX);
    }
}

static void test_a_trailing_slash_is_optional(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_int_equal(web_get(w, "/stocks/chat"), 200);
    assert_int_equal(web_get(w, "/stocks/chat?before=9"), 200);
    assert_int_equal(web_get(w, "/stocks/chat/r/energy"), 200);
    assert_int_equal(web_get(w, "/api/stocks/chat/messages"), 200);
    assert_int_equal(web_get(w, "/api/stocks/chat/messages?limit=1"), 200);
    web_close(w);
}

static void test_what_is_not_there_is_404(void **state)
{
    static const char *const uris[] = {
        "/stocks/chat//",
        "/stocks/chat/r/",
        "/stocks/chat/r/energy/x/",
        "/stocks/chat/r//energy/",
        "/stocks/chat/r/no-such-room/",
        "/stocks/chat/r/ENERGY/",
        "/stocks/chat/r/%2e%2e/",
        "/stocks/chat/r/@me/",
        "/stocks/chat/r/@1/",
        "/stocks/chat/r%2Fenergy/",
        "/stocks/chat/%00",
        "/stocks/chatter/",
        "/stocks/",
        "/",
        "",
        "/stocks/chat/static/js/main.js",
        "/ws/chatter",
        "/api/stocks/chat/",
        "/api/stocks/chat",
        "/api/stocks/chat/messages/create/x/",
        "/api/stocks/chat/messages//",
        "/api/stocks/chat//messages/",
        "/api/stocks/chat/message/",
        "/api/stocks/chat/messagesx/",
        "/api/stocks/chat/rooms/energy/none/",
        "/api/stocks/chat/rooms//read/",
        "/api/stocks/chatmessages/",
    };
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        bool api = strncmp(uris[i], "/api", 4) == 0;

        if (web_get(w, uris[i]) != 404)
            fail_msg("%s: %d", uris[i], w->status);
        assert_string_equal(web_header(w, "Content-Type"),
                            api ? "application/json; charset=utf-8" : "text/html; charset=utf-8");
        if (api)
            assert_string_equal(web_json_text(w, "error.code"), "not_found");
        else
            assert_non_null(strstr(web_text(w), "<!doctype html>"));
    }
    web_close(w);
}

/* On a host without a daemon they come to us, by a rewrite rule: scripts ask for them. */
static void test_the_sidecars_urls_are_not_found_and_say_so_in_json(void **state)
{
    static const char *const uris[] = {"/ws/chat/", "/ws/chat", "/ws/chat/stream/?rooms=general:1",
                                       "/ws/chat/poll/?rooms=general:1&wait=20"};
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        web_begin(w, "GET", uris[i]);
        web_set(w, "HTTP_UPGRADE", "websocket");
        web_set(w, "HTTP_CONNECTION", "Upgrade");
        web_set(w, "HTTP_ACCEPT", "text/html");
        assert_int_equal(web_send(w), 404);
        assert_int_equal(w->waits, 0);
        assert_string_equal(web_json_text(w, "error.code"), "not_found");
        assert_int_equal(web_json_request(w, "POST", uris[i], "{}"), 404);
        assert_string_equal(web_json_text(w, "error.code"), "not_found");
    }
    web_close(w);
}

static void test_head_is_get_without_its_body(void **state)
{
    struct web *w = web_open();

    (void)state;
    make_message(w);
    make_files(w);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const char *length;

        if (!allows(paths[i].allow, "HEAD"))
            continue;
        web_begin(w, "HEAD", paths[i].uri);
        assert_in_range(web_send(w), 200, 303); /* a page may only lead to another */
        assert_int_equal(strlen(web_text(w)), 0);
        length = web_header(w, "Content-Length");
        assert_non_null(length);
        web_get(w, paths[i].uri);
        assert_string_equal(web_header(w, "Content-Length"), length);
    }
    web_close(w);
}

static void test_every_answer_carries_the_security_headers(void **state)
{
    static const struct {
        const char *method, *uri;
    } requests[] = {
        {"GET", "/stocks/chat/"},          {"GET", "/nothing"},
        {"POST", "/stocks/chat/"},         {"OPTIONS", "/stocks/chat/"},
        {"GET", "/api/stocks/chat/me/"},   {"GET", "/api/stocks/chat/x/"},
        {"POST", "/api/stocks/chat/me/"},  {"OPTIONS", "/api/stocks/chat/me/"},
        {"PATCH", "/api/stocks/chat/me/"},
    };
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        const char *csp;

        web_begin(w, requests[i].method, requests[i].uri);
        web_send(w);
        csp = web_header(w, "Content-Security-Policy");
        assert_non_null(csp);
        assert_non_null(strstr(csp, "default-src 'none'"));
        assert_non_null(strstr(csp, "frame-ancestors 'none'"));
        assert_null(strstr(csp, "unsafe"));
        assert_string_equal(web_header(w, "X-Content-Type-Options"), "nosniff");
        assert_non_null(web_header(w, "Referrer-Policy"));
        assert_non_null(web_header(w, "Cache-Control"));
        assert_int_equal(strlen(web_header(w, "X-Request-Id")), 16);
        assert_null(web_header(w, "Access-Control-Allow-Origin"));
    }
    web_close(w);
}

static void test_the_socket_may_be_reached_from_the_page(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_get(w, "/stocks/chat/");
    assert_non_null(strstr(web_header(w, "Content-Security-Policy"), "ws://127.0.0.1:8080;"));
    web_begin(w, "GET", "/stocks/chat/");
    web_set(w, "HTTPS", "on");
    web_set(w, "HTTP_HOST", "chat.example");
    web_send(w);
    assert_non_null(strstr(web_header(w, "Content-Security-Policy"), "wss://chat.example;"));
    web_begin(w, "GET", "/stocks/chat/");
    web_set(w, "HTTP_HOST", "x; script-src *");
    web_send(w);
    assert_null(strstr(web_header(w, "Content-Security-Policy"), "*"));
    web_close(w);
}

static void test_a_large_body_is_refused_before_it_is_read(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_begin(w, "POST", "/api/stocks/chat/messages/create/");
    web_body(w, "application/json", "{}", 2);
    web_set(w, "CONTENT_LENGTH", "65537");
    assert_int_equal(web_send(w), 413);
    assert_int_equal(w->body_at, 0);
    assert_string_equal(web_json_text(w, "error.code"), "too_long");
    web_close(w);
}

static void test_a_lying_length_is_refused(void **state)
{
    static const char *const lengths[] = {"3", "1000", "-1", "x", "2x"};
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        web_begin(w, "POST", "/api/stocks/chat/messages/create/");
        web_body(w, "application/json", "{}", 2);
        web_set(w, "CONTENT_LENGTH", lengths[i]);
        assert_int_equal(web_send(w), 400);
    }
    web_close(w);
}

static void test_other_media_types_are_refused(void **state)
{
    static const char *const types[] = {"text/plain", "text/plain;charset=UTF-8", "application/xml",
                                        "image/png", "text/html"};
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        web_begin(w, "POST", "/api/stocks/chat/messages/create/");
        web_body(w, types[i], "{\"message\":\"x\"}", 15);
        assert_int_equal(web_send(w), 415);
        assert_string_equal(web_json_text(w, "error.code"), "unsupported_media_type");
    }
    web_begin(w, "POST", "/api/stocks/chat/messages/create/");
    web_body(w, NULL, "{\"message\":\"x\"}", 15);
    assert_int_equal(web_send(w), 415);
    web_close(w);
}

static void test_encoded_bodies_are_refused(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_join(w, "ana");
    web_begin(w, "POST", "/api/stocks/chat/messages/create/");
    web_body(w, "application/json", "{\"message\":\"x\"}", 15);
    web_set(w, "HTTP_CONTENT_ENCODING", "gzip");
    assert_int_equal(web_send(w), 415);
    web_set(w, "HTTP_CONTENT_ENCODING", "identity");
    w->body_at = 0;
    assert_int_equal(web_send(w), 201);
    web_close(w);
}

static void test_parameters_are_typed(void **state)
{
    static const struct {
        const char *query;
        int status;
    } cases[] = {
        {"limit=1", 200},
        {"limit=200", 200},
        {"limit=", 200},
        {"unknown=1", 200},
        {"limit=0", 400},
        {"limit=201", 400},
        {"limit=1x", 400},
        {"limit=%201", 400},
        {"limit=1.5", 400},
        {"limit=-1", 400},
        {"limit=99999999999999999999", 400},
        {"limit=1&limit=2", 400},
        {"before=0", 400},
        {"before=9007199254740992", 400},
        {"after=0", 200},
        {"before=1&after=1", 400},
        {"room=energy", 200},
        {"room=", 200},
        {"room=nope", 404},
        {"room=../x", 404},
        {"room=%FF", 404},
        {"room=@1", 404},
    };
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        web_get(w, arena_fmt(&w->fx->arena, "/api/stocks/chat/messages/?%s", cases[i].query));
        if (w->status != cases[i].status)
            fail_msg("%s: %d", cases[i].query, w->status);
    }
    web_close(w);
}

static void test_a_client_that_went_away_breaks_nothing(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_begin(w, "GET", "/stocks/chat/");
    w->client_gone = true;
    web_send(w);
    assert_int_equal(web_get(w, "/stocks/chat/"), 200);
    web_close(w);
}

/* A program whose environment has nothing of what CGI promises. */
static void test_a_request_without_variables_is_answered(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_begin(w, "GET", "/");
    w->count = 0;
    assert_int_equal(web_send(w), 404);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_path_answers_its_methods_and_no_other),
        cmocka_unit_test(test_no_route_is_left_out_of_the_matrix),
        cmocka_unit_test(test_every_route_that_writes_asks_for_a_seal),
        cmocka_unit_test(test_a_trailing_slash_is_optional),
        cmocka_unit_test(test_what_is_not_there_is_404),
        cmocka_unit_test(test_the_sidecars_urls_are_not_found_and_say_so_in_json),
        cmocka_unit_test(test_head_is_get_without_its_body),
        cmocka_unit_test(test_every_answer_carries_the_security_headers),
        cmocka_unit_test(test_the_socket_may_be_reached_from_the_page),
        cmocka_unit_test(test_a_large_body_is_refused_before_it_is_read),
        cmocka_unit_test(test_a_lying_length_is_refused),
        cmocka_unit_test(test_other_media_types_are_refused),
        cmocka_unit_test(test_encoded_bodies_are_refused),
        cmocka_unit_test(test_parameters_are_typed),
        cmocka_unit_test(test_a_client_that_went_away_breaks_nothing),
        cmocka_unit_test(test_a_request_without_variables_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
