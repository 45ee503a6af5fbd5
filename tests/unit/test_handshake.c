/* The head of a request, read strictly, and what becomes of it. */
#include "ws-sidecar/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UPGRADE                                                                                    \
    "GET /ws/chat/ HTTP/1.1\r\nHost: chat.example\r\nUpgrade: WebSocket\r\n"                       \
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"           \
    "Sec-WebSocket-Version: 13\r\n"

struct desk {
    struct arena arena;
    struct conf conf;
};

static int set_up(void **state)
{
    struct desk *d = xcalloc(1, sizeof *d);

    arena_init(&d->arena);
    d->conf.ws_path = (char *)"/ws/chat";
    d->conf.allowed_origins = (char *)"";
    d->conf.trusted_proxies = (char *)"";
    d->conf.browser_token_kind = BROWSER_TOKEN_COOKIE;
    d->conf.browser_token_name = (char *)"host";
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *d = *state;

    arena_release(&d->arena);
    free(d);
    return 0;
}

static enum http_head_state parse(struct desk *d, const char *text, struct http_head *h)
{
    return http_head_parse(&d->arena, text, strlen(text), h);
}

static struct handshake judge(struct desk *d, const char *fields)
{
    struct http_head head;
    struct handshake h;
    const char *text = arena_fmt(&d->arena, UPGRADE "%s\r\n", fields);

    assert_int_equal(parse(d, text, &head), HTTP_HEAD_DONE);
    handshake_judge(&d->conf, &d->arena, &head, "", &h);
    return h;
}

static void test_a_head_is_read_field_by_field(void **state)
{
    struct desk *d = *state;
    struct http_head h;
    static const char text[] =
        "GET /ws/chat/?a=b HTTP/1.1\r\nhost:  chat.example \t\r\nCookie: a=1\r\n"
        "COOKIE: b=2\r\nOrigin:\r\nX-Other: \xe9\r\n\r\nrest";

    assert_int_equal(parse(d, text, &h), HTTP_HEAD_DONE);
    assert_string_equal(h.method, "GET");
    assert_string_equal(h.target, "/ws/chat/?a=b");
    assert_string_equal(h.host, "chat.example");
    assert_string_equal(h.cookie, "a=1; b=2");
    assert_string_equal(h.origin, "");
    assert_null(h.authorization);
    assert_int_equal(h.size, strlen(text) - 4);
}

static void test_half_a_head_is_waited_for(void **state)
{
    struct desk *d = *state;
    struct http_head h;
    const char *text = UPGRADE "\r\n";

    for (size_t len = 0; len < strlen(text); len++)
        assert_int_equal(http_head_parse(&d->arena, text, len, &h), HTTP_HEAD_MORE);
    assert_int_equal(http_head_parse(&d->arena, text, strlen(text), &h), HTTP_HEAD_DONE);
}

static void test_a_head_has_an_end(void **state)
{
    struct desk *d = *state;
    struct http_head h;
    char *text = arena_alloc(&d->arena, HTTP_HEAD_MAX + 10);

    memset(text, 'x', HTTP_HEAD_MAX + 5);
    assert_int_equal(http_head_parse(&d->arena, text, HTTP_HEAD_MAX - 1, &h), HTTP_HEAD_MORE);
    assert_int_equal(http_head_parse(&d->arena, text, HTTP_HEAD_MAX, &h), HTTP_HEAD_TOO_LONG);
    memcpy(text + HTTP_HEAD_MAX, "\r\n\r\n", 4);
    assert_int_equal(http_head_parse(&d->arena, text, HTTP_HEAD_MAX + 4, &h), HTTP_HEAD_TOO_LONG);
}

static void test_what_is_no_request(void **state)
{
    struct desk *d = *state;
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.12\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\n\r\n",
        "G\tT / HTTP/1.1\r\n\r\n",
        "GET /\x7f HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nOrigin: a\r\norigin: a\r\n\r\n",
        "GET / HTTP/1.1\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\nb\r\n\r\n",
    };
    struct http_head h;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (parse(d, bad[i], &h) != HTTP_HEAD_BAD)
            fail_msg("%s", bad[i]);
    }
    assert_int_equal(http_head_parse(&d->arena, "GET / HTTP/1.1\r\nX: \0\r\n\r\n", 24, &h),
                     HTTP_HEAD_BAD);
}

static void test_cookies_are_found_by_their_whole_name(void **state)
{
    struct desk *d = *state;
    const char *cookies = "xhost=1; host=two ; hosting=3; q=\"four\"; empty=; host=5";

    assert_string_equal(http_head_cookie(&d->arena, cookies, "host"), "two");
    assert_string_equal(http_head_cookie(&d->arena, cookies, "q"), "four");
    assert_string_equal(http_head_cookie(&d->arena, cookies, "empty"), "");
    assert_null(http_head_cookie(&d->arena, cookies, "hos"));
    assert_null(http_head_cookie(&d->arena, NULL, "host"));
}

static void test_credentials_in_the_order_of_their_authority(void **state)
{
    struct desk *d = *state;
    struct handshake h =
        judge(d, "Cookie: host=h; outcry_guest=g\r\nOrigin: https://chat.example\r\n"
                 "Sec-WebSocket-Protocol: chat.v1, bearer.a.b-c_d\r\n");

    assert_int_equal(h.status, 101);
    assert_true(h.chat_v1);
    assert_int_equal(h.credential_count, 3);
    assert_int_equal(h.credentials[0].kind, CREDENTIAL_HOST_COOKIE);
    assert_int_equal(h.credentials[1].kind, CREDENTIAL_GUEST_COOKIE);
    assert_int_equal(h.credentials[2].kind, CREDENTIAL_SUBPROTOCOL);
    assert_string_equal(h.credentials[2].value, "a.b-c_d");
    h = judge(d, "Cookie: host=h\r\nAuthorization: bearer  t\r\n");
    assert_int_equal(h.status, 101);
    assert_int_equal(h.credential_count, 1); /* the cookie says nothing beside a bearer */
    assert_string_equal(h.credentials[0].value, "t");
}

static void test_a_cookie_needs_our_own_origin(void **state)
{
    struct desk *d = *state;
    static const char *const ours[] = {"https://chat.example", "http://chat.example"};
    static const char *const foreign[] = {
        "https://evil.example",
        "https://chat.example.evil.example",
        "https://chat.example:444",
        "null",
        "",
        "HTTPS://CHAT.EXAMPLE",
        "https://chat.example/",
        "chat.example",
    };

    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        assert_int_equal(
            judge(d, arena_fmt(&d->arena, "Cookie: host=h\r\nOrigin: %s\r\n", ours[i])).status,
            101);
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        const char *fields = arena_fmt(&d->arena, "Cookie: host=h\r\nOrigin: %s\r\n", foreign[i]);

        assert_int_equal(judge(d, fields).status, 403);
    }
    assert_int_equal(judge(d, "Cookie: host=h\r\n").status, 403);
    assert_int_equal(judge(d, "Cookie: __Host-outcry_guest=g\r\n").status, 403);
    assert_int_equal(judge(d, "Cookie: other=h\r\nOrigin: https://evil.example\r\n").status, 101);
    d->conf.allowed_origins = (char *)"https://site.example";
    assert_int_equal(judge(d, "Cookie: host=h\r\nOrigin: https://chat.example\r\n").status, 403);
    assert_int_equal(judge(d, "Cookie: host=h\r\nOrigin: https://site.example\r\n").status, 101);
}

static void test_the_address_is_what_our_proxy_saw(void **state)
{
    struct desk *d = *state;

    assert_string_equal(judge(d, "").address, "");
    assert_string_equal(judge(d, "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n").address, "192.0.2.1");
    d->conf.trusted_proxies = (char *)"192.0.2.0/24";
    assert_string_equal(judge(d, "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n").address, "6.6.6.6");
}

static void test_what_is_no_upgrade_has_its_status(void **state)
{
    struct desk *d = *state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET /ws/chat/ HTTP/1.1\r\nHost: x\r\n\r\n", 426},
        {"GET /ws/chat?x HTTP/1.1\r\nHost: x\r\n\r\n", 426},
        {"GET /ws/chat/stream/ HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /ws/chatter HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /ws/cha HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"POST /ws/chat/ HTTP/1.1\r\nHost: x\r\n\r\n", 405},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_head head;
        struct handshake h;

        assert_int_equal(parse(d, cases[i].text, &head), HTTP_HEAD_DONE);
        handshake_judge(&d->conf, &d->arena, &head, "", &h);
        assert_int_equal(h.status, cases[i].status);
    }
}

static void test_the_library_sees_only_what_we_wrote(void **state)
{
    struct desk *d = *state;
    struct handshake h = judge(d, "Sec-WebSocket-Protocol: x, chat.v1\r\nCookie: secret=1\r\n"
                                  "Sec-WebSocket-Extensions: permessage-deflate\r\n");

    assert_string_equal(handshake_request(&d->arena, &h),
                        "GET / HTTP/1.1\r\nHost: outcry\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n");
}

static void test_a_refusal_is_a_whole_answer(void **state)
{
    struct desk *d = *state;
    const char *text = handshake_refusal(&d->arena, 403, ERR_ORIGIN, NULL);
    const char *body = strstr(text, "\r\n\r\n") + 4;
    const char *length = strstr(text, "Content-Length: ") + 16;

    assert_int_equal(strncmp(text, "HTTP/1.1 403 Forbidden\r\n", 24), 0);
    assert_int_equal(strtol(length, NULL, 10), strlen(body));
    assert_non_null(strstr(body, "\"code\":\"origin\""));
    assert_non_null(strstr(handshake_refusal(&d->arena, 426, ERR_BAD_REQUEST, "Upgrade: websocket"),
                           "\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_head_is_read_field_by_field),
        TEST(test_half_a_head_is_waited_for),
        TEST(test_a_head_has_an_end),
        TEST(test_what_is_no_request),
        TEST(test_cookies_are_found_by_their_whole_name),
        TEST(test_credentials_in_the_order_of_their_authority),
        TEST(test_a_cookie_needs_our_own_origin),
        TEST(test_the_address_is_what_our_proxy_saw),
        TEST(test_what_is_no_upgrade_has_its_status),
        TEST(test_the_library_sees_only_what_we_wrote),
        TEST(test_a_refusal_is_a_whole_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
