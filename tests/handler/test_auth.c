/* Who a request is by: Bearer, the host's cookie, the guest cookie, nobody; page and API. */
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static const char page[] = "/stocks/chat/";
static const char me[] = "/api/stocks/chat/me/";

enum credential {
    NONE,
    GOOD_BEARER,
    BAD_BEARER,
    EXPIRED_BEARER,
    GUEST_BEARER,
    GOOD_COOKIE,
    BAD_COOKIE,
    EXPIRED_COOKIE,
    GUEST_COOKIE,
    BAD_GUEST_COOKIE,
    BASIC,
    CREDENTIALS
};

static const char *const credential_names[CREDENTIALS] = {
    "none",         "good bearer",      "bad bearer", "expired bearer",
    "guest bearer", "good cookie",      "bad cookie", "expired cookie",
    "guest cookie", "bad guest cookie", "basic"};

/* Tokens made in one web, used in every row. */
struct keys {
    const char *good, *expired, *guest;
};

static struct keys make_keys(struct web *w)
{
    struct keys k;

    k.good = fixture_token(w->fx, "7", "ana", NULL);
    fixture_pass(w->fx, -3600000);
    k.expired = fixture_token(w->fx, "7", "ana", NULL);
    fixture_pass(w->fx, 3600000);
    web_join(w, "gus");
    k.guest = w->cookie ? strchr(w->cookie, '=') + 1 : "";
    web_sign_out(w);
    return k;
}

static void present(struct web *w, const struct keys *k, enum credential c)
{
    struct arena *a = &w->fx->arena;

    web_sign_out(w);
    switch (c) {
    case GOOD_BEARER:
        w->bearer = k->good;
        break;
    case BAD_BEARER:
        w->bearer = "not.a.token";
        break;
    case EXPIRED_BEARER:
        w->bearer = k->expired;
        break;
    case GUEST_BEARER:
        w->bearer = k->guest;
        break;
    case GOOD_COOKIE:
        w->cookie = arena_fmt(a, "host=%s", k->good);
        break;
    case BAD_COOKIE:
        w->cookie = "host=rubbish";
        break;
    case EXPIRED_COOKIE:
        w->cookie = arena_fmt(a, "host=%s", k->expired);
        break;
    case GUEST_COOKIE:
        w->cookie = arena_fmt(a, "outcry_guest=%s", k->guest);
        break;
    case BAD_GUEST_COOKIE:
        w->cookie = "outcry_guest=rubbish";
        break;
    default:
        break;
    }
}

static void test_each_credential_is_judged_on_page_and_api(void **state)
{
    static const struct {
        enum credential credential;
        int page, api;
        const char *user, *code;
    } cases[] = {
        {NONE, 200, 200, "", ""},
        {GOOD_BEARER, 200, 200, "ana", ""},
        {BAD_BEARER, 401, 401, "", "token_invalid"},
        {EXPIRED_BEARER, 401, 401, "", "token_expired"},
        {GUEST_BEARER, 200, 200, "gus", ""},
        {GOOD_COOKIE, 200, 200, "ana", ""},
        {BAD_COOKIE, 200, 401, "", "token_invalid"},
        {EXPIRED_COOKIE, 200, 401, "", "token_expired"},
        {GUEST_COOKIE, 200, 200, "gus", ""},
        {BAD_GUEST_COOKIE, 200, 401, "", "token_invalid"},
        {BASIC, 200, 200, "", ""},
    };
    struct web *w = web_open_with("browser_token = cookie:host\n");
    struct keys k = make_keys(w);

    (void)state;
    assert_int_equal(ARRAY_LEN(cases), CREDENTIALS);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        present(w, &k, cases[i].credential);
        web_begin(w, "GET", me);
        if (cases[i].credential == BASIC)
            web_set(w, "HTTP_AUTHORIZATION", "Basic YTpi");
        if (web_send(w) != cases[i].api)
            fail_msg("%s, API: %d", credential_names[i], w->status);
        assert_string_equal(web_json_text(w, "user.username"), cases[i].user);
        assert_string_equal(web_json_text(w, "error.code"), cases[i].code);
        if (w->status == 401)
            assert_string_equal(web_header(w, "WWW-Authenticate"), "Bearer");
        if (web_get(w, page) != cases[i].page)
            fail_msg("%s, page: %d", credential_names[i], w->status);
    }
    web_close(w);
}

static void test_a_bearer_token_wins_over_cookies(void **state)
{
    struct web *w = web_open_with("browser_token = cookie:host\n");
    struct keys k = make_keys(w);

    (void)state;
    present(w, &k, GUEST_COOKIE);
    w->bearer = k.good;
    web_get(w, me);
    assert_string_equal(web_json_text(w, "user.username"), "ana");
    w->bearer = NULL;
    w->cookie = arena_fmt(&w->fx->arena, "outcry_guest=%s; host=%s", k.guest, k.good);
    web_get(w, me);
    assert_string_equal(web_json_text(w, "user.username"), "ana");
    w->cookie = arena_fmt(&w->fx->arena, "outcry_guest=%s; host=", k.guest);
    web_get(w, me);
    assert_string_equal(web_json_text(w, "user.username"), "gus");
    web_close(w);
}

static void test_the_hosts_cookie_counts_only_where_configured(void **state)
{
    struct web *w = web_open();
    struct keys k = make_keys(w);

    (void)state;
    present(w, &k, GOOD_COOKIE);
    web_get(w, me);
    assert_null(web_json(w, "user"));
    web_close(w);
}

static void test_authorization_is_found_under_apaches_other_name(void **state)
{
    struct web *w = web_open();
    struct keys k = make_keys(w);

    (void)state;
    web_begin(w, "GET", me);
    web_set(w, "REDIRECT_HTTP_AUTHORIZATION", arena_fmt(&w->fx->arena, "bearer  %s", k.good));
    assert_int_equal(web_send(w), 200);
    assert_string_equal(web_json_text(w, "user.username"), "ana");
    web_begin(w, "GET", me);
    web_set(w, "HTTP_AUTHORIZATION", "Bearer");
    assert_int_equal(web_send(w), 401);
    web_close(w);
}

static void test_guests_off_asks_everybody_to_sign_in(void **state)
{
    static const char *const uris[] = {"/api/stocks/chat/me/", "/api/stocks/chat/messages/",
                                       "/api/stocks/chat/rooms/", "/api/stocks/chat/presence/",
                                       "/api/stocks/chat/events/?rooms=general:0"};
    struct web *w = web_open();
    struct keys k = make_keys(w);

    (void)state;
    w->fx->conf.guests = GUESTS_OFF;
    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        present(w, &k, NONE);
        assert_int_equal(web_get(w, uris[i]), 401);
        assert_string_equal(web_json_text(w, "error.code"), "auth_required");
        present(w, &k, GUEST_COOKIE);
        assert_int_equal(web_get(w, uris[i]), 401);
        present(w, &k, GOOD_BEARER);
        assert_int_equal(web_get(w, uris[i]), 200);
    }
    present(w, &k, NONE);
    assert_int_equal(web_get(w, page), 401);
    assert_non_null(strstr(web_text(w), "Please sign in"));
    assert_null(strstr(web_text(w), "data-config"));
    assert_int_equal(
        web_json_request(w, "POST", "/api/stocks/chat/session/", "{\"username\":\"eve\"}"), 401);
    assert_int_equal(web_json_request(w, "POST", "/api/stocks/chat/messages/create/",
                                      "{\"username\":\"eve\",\"message\":\"hi\"}"),
                     401);
    assert_int_equal(web_get(w, "/api/stocks/chat/health/"), 200);
    web_close(w);
}

static void test_guests_read_lets_nobody_write(void **state)
{
    struct web *w = web_open();
    struct keys k = make_keys(w);

    (void)state;
    w->fx->conf.guests = GUESTS_READ;
    assert_int_equal(web_get(w, "/api/stocks/chat/messages/"), 200);
    assert_int_equal(web_get(w, page), 200);
    assert_null(strstr(web_text(w), "<textarea"));
    assert_int_equal(
        web_json_request(w, "POST", "/api/stocks/chat/session/", "{\"username\":\"eve\"}"), 403);
    assert_string_equal(web_json_text(w, "error.code"), "read_only");
    assert_int_equal(web_json_request(w, "POST", "/api/stocks/chat/messages/create/",
                                      "{\"username\":\"eve\",\"message\":\"hi\"}"),
                     403);
    present(w, &k, GUEST_BEARER);
    assert_int_equal(
        web_json_request(w, "POST", "/api/stocks/chat/messages/create/", "{\"message\":\"hi\"}"),
        403);
    present(w, &k, GOOD_BEARER);
    assert_int_equal(
        web_json_request(w, "POST", "/api/stocks/chat/messages/create/", "{\"message\":\"hi\"}"),
        201);
    web_close(w);
}

static void test_without_a_token_the_visitor_is_sent_to_the_login_page(void **state)
{
    struct web *w = web_open_with("login_url = https://app.example/login?x=1\n");

    (void)state;
    w->fx->conf.guests = GUESTS_OFF;
    assert_int_equal(web_get(w, "/stocks/chat/r/energy/?before=9&x=a%20b"), 303);
    assert_string_equal(web_header(w, "Location"),
                        "https://app.example/login?x=1&next=%2Fstocks%2Fchat%2Fr%2Fenergy%2F"
                        "%3Fbefore%3D9%26x%3Da%2520b");
    assert_int_equal(web_form(w, "/api/stocks/chat/messages/create/", "message=x&room=energy"),
                     303);
    assert_string_equal(web_header(w, "Location"),
                        "https://app.example/login?x=1&next=%2Fstocks%2Fchat%2Fr%2Fenergy%2F");
    assert_int_equal(web_form(w, "/api/stocks/chat/messages/create/", "message=x&room=//evil"),
                     303);
    assert_string_equal(web_header(w, "Location"),
                        "https://app.example/login?x=1&next=%2Fstocks%2Fchat%2F");
    assert_int_equal(web_get(w, me), 401);
    assert_string_equal(web_json_text(w, "error.login_url"), "https://app.example/login?x=1");
    assert_int_equal(web_get(w, "/stocks/chat/?format=json"), 401);
    web_close(w);
}

static void test_an_unusable_guest_cookie_is_taken_away_by_the_page(void **state)
{
    struct web *w = web_open();

    (void)state;
    w->cookie = "outcry_guest=rubbish";
    assert_int_equal(web_get(w, page), 200);
    assert_string_equal(web_header(w, "Set-Cookie"),
                        "outcry_guest=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    assert_non_null(strstr(web_text(w), "/session/"));
    assert_int_equal(
        web_json_request(w, "POST", "/api/stocks/chat/session/", "{\"username\":\"eve\"}"), 200);
    web_close(w);
}

static void test_a_banned_user_is_told_so_everywhere(void **state)
{
    struct web *w = web_open();
    struct keys k = make_keys(w);
    struct actor ana;

    (void)state;
    present(w, &k, GOOD_BEARER);
    web_get(w, me);
    ana = fixture_user(w->fx, "7", "ana");
    FIXTURE_WRITE(w->fx, user_update_sanctions(w->fx->chat.db, ana.user_id, 0,
                                               FIXTURE_NOW_MS + 60000, 0, &w->fx->fail));
    assert_int_equal(web_get(w, me), 403);
    assert_string_equal(web_json_text(w, "error.code"), "banned");
    assert_int_equal(web_get(w, page), 403);
    assert_int_equal(
        web_json_request(w, "POST", "/api/stocks/chat/messages/create/", "{\"message\":\"hi\"}"),
        403);
    web_close(w);
}

static void test_the_shell_has_no_rows(void **state)
{
    struct web *w = web_open_with("browser_token = storage:access\n");
    struct actor ana = fixture_user(w->fx, "7", "ana");

    (void)state;
    fixture_post(w->fx, &ana, "general", "a secret among members");
    w->fx->conf.guests = GUESTS_OFF;
    assert_int_equal(web_get(w, page), 200);
    assert_null(strstr(web_text(w), "a secret among members"));
    assert_non_null(strstr(web_text(w), "&quot;token_key&quot;:&quot;access&quot;"));
    assert_int_equal(web_get(w, "/stocks/chat/r/no-such-room/?format=json"), 200);
    assert_true(json_object_get_boolean(web_json(w, "shell")));
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 0);
    assert_int_equal(json_object_array_length(web_json(w, "rooms")), 0);
    w->fx->conf.guests = GUESTS_READ;
    web_reconfigured(w);
    assert_int_equal(web_get(w, page), 200);
    assert_non_null(strstr(web_text(w), "a secret among members"));
    web_close(w);
}

static void test_over_https_the_guest_cookie_is_bound_to_the_host(void **state)
{
    struct web *w = web_open();
    const char *cookie;

    (void)state;
    web_begin(w, "POST", "/api/stocks/chat/session/");
    web_body(w, "application/json", "{\"username\":\"eve\"}", 18);
    web_set(w, "HTTPS", "on");
    assert_int_equal(web_send(w), 200);
    cookie = web_header(w, "Set-Cookie");
    assert_int_equal(strncmp(cookie, "__Host-outcry_guest=", 20), 0);
    assert_non_null(strstr(cookie, "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure"));
    assert_null(strstr(cookie, "Domain"));
    w->cookie = arena_strn(&w->fx->arena, cookie, strcspn(cookie, ";"));
    web_get(w, me);
    assert_null(web_json(w, "user")); /* not over http */
    web_begin(w, "GET", me);
    web_set(w, "HTTPS", "on");
    web_send(w);
    assert_string_equal(web_json_text(w, "user.username"), "eve");
    web_close(w);
}

static void test_no_token_reaches_the_log(void **state)
{
    struct web *w = web_open_with("browser_token = cookie:host\n");
    struct keys k = make_keys(w);
    char line[4096];
    FILE *log;

    (void)state;
    for (int c = NONE; c < CREDENTIALS; c++) {
        present(w, &k, (enum credential)c);
        web_get(w, me);
        web_get(w, arena_fmt(&w->fx->arena, "%s?token=%s", page, k.good));
        web_json_request(w, "POST", "/api/stocks/chat/messages/create/",
                         "{\"message\":\"private words\"}");
    }
    log = fopen(w->fx->conf.log_file, "r");
    assert_non_null(log);
    while (fgets(line, sizeof line, log)) {
        assert_null(strstr(line, k.good));
        assert_null(strstr(line, k.guest));
        assert_null(strstr(line, "private words"));
        assert_null(strstr(line, "?token"));
    }
    fclose(log);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_credential_is_judged_on_page_and_api),
        cmocka_unit_test(test_a_bearer_token_wins_over_cookies),
        cmocka_unit_test(test_the_hosts_cookie_counts_only_where_configured),
        cmocka_unit_test(test_authorization_is_found_under_apaches_other_name),
        cmocka_unit_test(test_guests_off_asks_everybody_to_sign_in),
        cmocka_unit_test(test_guests_read_lets_nobody_write),
        cmocka_unit_test(test_without_a_token_the_visitor_is_sent_to_the_login_page),
        cmocka_unit_test(test_an_unusable_guest_cookie_is_taken_away_by_the_page),
        cmocka_unit_test(test_a_banned_user_is_told_so_everywhere),
        cmocka_unit_test(test_the_shell_has_no_rows),
        cmocka_unit_test(test_over_https_the_guest_cookie_is_bound_to_the_host),
        cmocka_unit_test(test_no_token_reaches_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
