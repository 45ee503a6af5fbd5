/* Foreign pages: Origins, Sec-Fetch-Site, and the seal that a cookie needs. */
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static const char create[] = "/api/stocks/chat/messages/create/";
static const char body[] = "{\"message\":\"hi\"}";

/* Posts as the joined guest; true where a row was made. */
static int post_from(struct web *w, const char *origin, const char *site)
{
    web_begin(w, "POST", create);
    web_set(w, "HTTP_ORIGIN", origin);
    web_set(w, "HTTP_SEC_FETCH_SITE", site);
    web_body(w, "application/json", body, sizeof body - 1);
    return web_send(w);
}

static const struct {
    const char *origin;
    bool ok;
} origins[] = {
    {"http://127.0.0.1:8080", true},
    {"https://127.0.0.1:8080", true}, /* behind a proxy that ends TLS */
    {NULL, true},                     /* text browsers, with a valid seal */
    {"http://127.0.0.1:8080.evil.example", false},
    {"http://evil127.0.0.1:8080", false},
    {"http://127.0.0.1:80801", false},
    {"http://127.0.0.1:808", false},
    {"http://127.0.0.1", false},
    {"HTTP://127.0.0.1:8080", false},
    {"http://127.0.0.1:8080/", false},
    {"http://evil.example/http://127.0.0.1:8080", false},
    {"null", false},
    {"http://evil.example@127.0.0.1:8080", false},
    {"http://[::1]:8080", false},
};

static void test_only_our_own_origin_writes(void **state)
{
    struct web *w = web_open();
    int64_t before;

    (void)state;
    web_join(w, "ana");
    for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
        before = fixture_room(w->fx, "general").head;
        post_from(w, origins[i].origin, NULL);
        if (w->status != (origins[i].ok ? 201 : 403))
            fail_msg("%s: %d", origins[i].origin, w->status);
        if (!origins[i].ok)
            assert_string_equal(web_json_text(w, "error.code"), "origin");
        assert_int_equal(fixture_room(w->fx, "general").head, before + origins[i].ok);
    }
    web_close(w);
}

static void test_only_our_own_origin_reads(void **state)
{
    static const char *const uris[] = {"/stocks/chat/", "/api/stocks/chat/messages/",
                                       "/api/stocks/chat/events/?rooms=general:0",
                                       "/api/stocks/chat/health/"};
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        for (size_t j = 0; j < ARRAY_LEN(origins); j++) {
            web_begin(w, "GET", uris[i]);
            web_set(w, "HTTP_ORIGIN", origins[j].origin);
            assert_int_equal(web_send(w), origins[j].ok ? 200 : 403);
            assert_null(web_header(w, "Access-Control-Allow-Origin"));
        }
    }
    web_close(w);
}

static void test_a_bearer_token_is_no_excuse_for_a_foreign_origin(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(post_from(w, NULL, NULL), 201);
    assert_int_equal(post_from(w, "http://evil.example", NULL), 403);
    assert_int_equal(post_from(w, NULL, "cross-site"), 403);
    web_close(w);
}

static void test_sec_fetch_site_must_say_same_origin_or_none(void **state)
{
    static const struct {
        const char *site;
        int status;
    } cases[] = {
        {NULL, 201},        {"same-origin", 201}, {"none", 201},
        {"same-site", 403}, {"cross-site", 403},  {"rubbish", 403},
    };
    struct web *w = web_open();

    (void)state;
    web_join(w, "ana");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(post_from(w, NULL, cases[i].site), cases[i].status);
    web_close(w);
}

static int follow(struct web *w, const char *method, const char *uri, const char *mode,
                  const char *dest)
{
    web_begin(w, method, uri);
    web_set(w, "HTTP_SEC_FETCH_SITE", "cross-site");
    web_set(w, "HTTP_SEC_FETCH_MODE", mode);
    web_set(w, "HTTP_SEC_FETCH_DEST", dest);
    return web_send(w);
}

static void test_a_link_from_elsewhere_opens_the_page_and_nothing_else(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_int_equal(follow(w, "GET", "/stocks/chat/", "navigate", "document"), 200);
    assert_int_equal(follow(w, "GET", "/stocks/chat/", "navigate", "iframe"), 403);
    assert_int_equal(follow(w, "GET", "/stocks/chat/", "no-cors", "document"), 403);
    assert_int_equal(follow(w, "GET", "/stocks/chat/", NULL, NULL), 403);
    assert_int_equal(follow(w, "GET", "/api/stocks/chat/messages/", "navigate", "document"), 403);
    assert_int_equal(follow(w, "POST", create, "navigate", "document"), 403);
    web_close(w);
}

static void test_configured_origins_are_exact(void **state)
{
    struct web *w = web_open_with("allowed_origins = https://a.example https://b.example:8443\n");

    (void)state;
    web_join(w, "ana");
    assert_int_equal(post_from(w, "https://a.example", NULL), 201);
    assert_int_equal(post_from(w, "https://b.example:8443", NULL), 201);
    assert_int_equal(post_from(w, "http://a.example", NULL), 403);
    assert_int_equal(post_from(w, "https://b.example", NULL), 403);
    assert_int_equal(post_from(w, "http://127.0.0.1:8080", NULL), 403);
    web_close(w);
}

static void test_a_cookie_needs_the_seal(void **state)
{
    struct web *w = web_open();
    const char *seal;

    (void)state;
    web_join(w, "eve");
    seal = w->csrf;
    web_join(w, "ana");
    assert_string_not_equal(seal, w->csrf);
    assert_int_equal(post_from(w, NULL, NULL), 201);
    w->csrf = seal; /* somebody else's */
    assert_int_equal(post_from(w, NULL, NULL), 403);
    assert_string_equal(web_json_text(w, "error.code"), "csrf");
    w->csrf = "";
    assert_int_equal(post_from(w, NULL, NULL), 403);
    w->csrf = NULL;
    assert_int_equal(post_from(w, NULL, NULL), 403);
    w->csrf = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_int_equal(post_from(w, NULL, NULL), 403);
    assert_int_equal(fixture_room(w->fx, "general").head, 2); /* created, and one message */
    web_close(w);
}

static void test_every_write_by_cookie_needs_the_seal(void **state)
{
    static const struct {
        const char *method, *uri, *body;
    } writes[] = {
        {"POST", "/api/stocks/chat/messages/create/", "{\"message\":\"x\"}"},
        {"POST", "/api/stocks/chat/session/", "{\"username\":\"other\"}"},
        {"PATCH", "/api/stocks/chat/me/", "{\"display_name\":\"other\"}"},
        {"PUT", "/api/stocks/chat/rooms/general/read/", "{\"up_to\":1}"},
        {"POST", "/api/stocks/chat/presence/", "{\"conn\":\"12345678\",\"state\":\"active\"}"},
        {"POST", "/api/stocks/chat/ws-ticket/", "{}"},
    };
    struct web *w = web_open();
    const char *seal;

    (void)state;
    web_join(w, "ana");
    seal = w->csrf;
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        w->csrf = NULL;
        web_json_request(w, writes[i].method, writes[i].uri, writes[i].body);
        assert_int_equal(w->status, 403);
        assert_string_equal(web_json_text(w, "error.code"), "csrf");
        w->csrf = seal;
        web_json_request(w, writes[i].method, writes[i].uri, writes[i].body);
        assert_in_range(w->status, 200, 204);
    }
    web_close(w);
}

static void test_the_seal_may_be_a_field(void **state)
{
    struct web *w = web_open();
    struct arena *a = &w->fx->arena;
    const char *seal;

    (void)state;
    web_join(w, "ana");
    seal = w->csrf;
    w->csrf = NULL;
    assert_int_equal(web_form(w, create, arena_fmt(a, "message=hi&csrf=%s", seal)), 303);
    assert_int_equal(web_json_request(w, "POST", create,
                                      arena_fmt(a, "{\"message\":\"x\",\"csrf\":\"%s\"}", seal)),
                     201);
    assert_int_equal(web_form(w, create, arena_fmt(a, "message=hi&csrf=x&csrf=%s", seal)), 403);
    assert_int_equal(web_form(w, create, arena_fmt(a, "message=hi&csrf=%s&csrf=x", seal)), 403);
    assert_int_equal(web_form(w, create, "message=hi&csrf="), 403);
    assert_int_equal(web_json_request(w, "POST", create, "{\"message\":\"x\",\"csrf\":7}"), 400);
    /* sendBeacon: a form without headers of its own */
    assert_int_equal(web_form(w, "/api/stocks/chat/presence/",
                              arena_fmt(a, "conn=12345678&state=gone&csrf=%s", seal)),
                     204);
    web_close(w);
}

static void test_no_cookie_needs_no_seal(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(post_from(w, NULL, NULL), 201);
    web_sign_out(w);
    assert_int_equal(
        web_json_request(w, "POST", create, "{\"message\":\"x\",\"username\":\"trader123\"}"), 201);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_our_own_origin_writes),
        cmocka_unit_test(test_only_our_own_origin_reads),
        cmocka_unit_test(test_a_bearer_token_is_no_excuse_for_a_foreign_origin),
        cmocka_unit_test(test_sec_fetch_site_must_say_same_origin_or_none),
        cmocka_unit_test(test_a_link_from_elsewhere_opens_the_page_and_nothing_else),
        cmocka_unit_test(test_configured_origins_are_exact),
        cmocka_unit_test(test_a_cookie_needs_the_seal),
        cmocka_unit_test(test_every_write_by_cookie_needs_the_seal),
        cmocka_unit_test(test_the_seal_may_be_a_field),
        cmocka_unit_test(test_no_cookie_needs_no_seal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
