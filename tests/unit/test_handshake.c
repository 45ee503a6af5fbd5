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
        {"GET /ws/chat/stream/x HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /ws/chat/streams HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /ws/chatpoll/ HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /ws/chat//poll HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /ws/chat/stream/?rooms=a HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"GET /ws/chat/stream?rooms=a HTTP/1.0\r\n\r\n", 200},
        {"GET /ws/chat/poll/?rooms=a HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"GET /ws/chat/poll?rooms=a HTTP/1.0\r\n\r\n", 200},
        {"GET /ws/chat/poll/?rooms=a HTTP/1.1\r\n\r\n", 400},
        {"GET /ws/chat/poll/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /ws/chat/poll/?rooms=a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 200},
        {"GET /ws/chat/poll/?rooms=a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 400},
        {"GET /ws/chat/poll/?rooms=a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
         400},
        {"HEAD /ws/chat/stream/?rooms=a HTTP/1.1\r\nHost: x\r\n\r\n", 405},
        {"OPTIONS /ws/chat/poll/?rooms=a HTTP/1.1\r\nHost: x\r\n\r\n", 405},
        {"GET /ws/chatter HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /ws/cha HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"POST /ws/chat/ HTTP/1.1\r\nHost: x\r\n\r\n", 405},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_head head;
        struct handshake h;

        assert_int_equal(parse(d, cases[i].text, &head), HTTP_HEAD_DONE);
        handshake_judge(&d->conf, &d->arena, &head, "", &h);
        if (h.status != cases[i].status)
            fail_msg("%s: %d", cases[i].text, h.status);
        assert_true(h.status < 400 || h.fail.message[0]);
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

static struct handshake judge_get(struct desk *d, const char *target, const char *fields)
{
    struct http_head head;
    struct handshake h;
    const char *text = arena_fmt(
        &d->arena, "GET /ws/chat/%s HTTP/1.1\r\nHost: chat.example\r\n%s\r\n", target, fields);

    assert_int_equal(parse(d, text, &head), HTTP_HEAD_DONE);
    handshake_judge(&d->conf, &d->arena, &head, "", &h);
    return h;
}

static void test_a_get_of_our_other_paths_is_judged_by_origin_and_fetch_site(void **state)
{
    struct desk *d = *state;
    static const struct {
        const char *fields;
        int status;
    } cases[] = {
        {"", 200},
        {"Cookie: host=h\r\n", 200}, /* an EventSource of the same origin sends no Origin */
        {"Origin: https://chat.example\r\n", 200},
        {"Origin: https://evil.example\r\n", 403},
        {"Origin: null\r\n", 403},
        {"Origin:\r\n", 403},
        {"Origin: https://evil.example\r\nAuthorization: Bearer t\r\n", 403},
        {"Sec-Fetch-Site: same-origin\r\n", 200},
        {"Sec-Fetch-Site: none\r\n", 200},
        {"Sec-Fetch-Site: same-site\r\n", 403},
        {"Sec-Fetch-Site: cross-site\r\nCookie: host=h\r\n", 403},
        {"Sec-Fetch-Site:\r\n", 403},
        {"Sec-Fetch-Site: cross-site\r\nOrigin: https://chat.example\r\n", 403},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct handshake stream = judge_get(d, "stream/?rooms=general", cases[i].fields);
        struct handshake poll = judge_get(d, "poll/?rooms=general", cases[i].fields);

        if (stream.status != cases[i].status || poll.status != cases[i].status)
            fail_msg("%s: %d %d", cases[i].fields, stream.status, poll.status);
        assert_int_equal(stream.kind, HANDSHAKE_STREAM);
        assert_int_equal(poll.kind, HANDSHAKE_POLL);
        if (stream.status == 403)
            assert_int_equal(stream.fail.err, ERR_ORIGIN);
    }
}

static void test_the_credentials_of_a_get(void **state)
{
    struct desk *d = *state;
    struct handshake h =
        judge_get(d, "stream/?rooms=a&token=t",
                  "Cookie: host=h; outcry_guest=g\r\nSec-WebSocket-Protocol: bearer.t\r\n");

    assert_int_equal(h.credential_count, 2); /* neither from the query nor from a subprotocol */
    assert_int_equal(h.credentials[0].kind, CREDENTIAL_HOST_COOKIE);
    assert_int_equal(h.credentials[1].kind, CREDENTIAL_GUEST_COOKIE);
    h = judge_get(d, "poll/?rooms=a", "Cookie: host=h\r\nAuthorization: Bearer t\r\n");
    assert_int_equal(h.credential_count, 1);
    assert_int_equal(h.credentials[0].kind, CREDENTIAL_BEARER);
}

static void test_whether_the_connection_is_kept(void **state)
{
    struct desk *d = *state;
    static const struct {
        const char *text;
        bool kept;
    } cases[] = {
        {"1.1\r\nHost: x\r\n", true},
        {"1.1\r\nHost: x\r\nConnection: close\r\n", false},
        {"1.1\r\nHost: x\r\nConnection: x, Close\r\n", false},
        {"1.0\r\n", false},
        {"1.0\r\nConnection: Keep-Alive\r\n", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_head head;
        struct handshake h;

        assert_int_equal(
            parse(d, arena_fmt(&d->arena, "GET /ws/chat/poll/?rooms=a HTTP/%s\r\n", cases[i].text),
                  &head),
            HTTP_HEAD_DONE);
        handshake_judge(&d->conf, &d->arena, &head, "", &h);
        assert_int_equal(h.status, 200);
        assert_int_equal(h.keep_alive, cases[i].kept);
    }
}

static void test_a_stream_goes_on_from_the_last_event_that_was_seen(void **state)
{
    struct desk *d = *state;
    static const char seen[] = "Last-Event-ID: e2 general:9,@me:2\r\n";
    struct handshake h = judge_get(d, "stream/?epoch=e1&rooms=general:1", seen);

    assert_int_equal(h.status, 200);
    assert_string_equal(h.request.epoch, "e2");
    assert_int_equal(h.request.count, 2);
    assert_int_equal(h.request.cursors[0].since, 9);
    h = judge_get(d, "poll/?epoch=e1&rooms=general:1", seen); /* a poll has no such thing */
    assert_string_equal(h.request.epoch, "e1");
    h = judge_get(d, "stream/?rooms=general:1", "Last-Event-ID: 17\r\n");
    assert_int_equal(h.status, 400);
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
        TEST(test_a_get_of_our_other_paths_is_judged_by_origin_and_fetch_site),
        TEST(test_the_credentials_of_a_get),
        TEST(test_whether_the_connection_is_kept),
        TEST(test_a_stream_goes_on_from_the_last_event_that_was_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
