/* Answers of plain HTTP as bytes. */
#include "ws-sidecar/http_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *refuse(struct arena *a, int status, enum err err, int64_t retry_after_ms,
                          const char *login_url)
{
    struct fail f;
    const char *text, *body;

    fail_later(&f, err, retry_after_ms, NULL);
    text = http_refusal(a, status, &f, status == 405 ? "Allow: GET" : NULL, login_url);
    body = strstr(text, "\r\n\r\n") + 4;
    assert_int_equal(strtol(strstr(text, "Content-Length: ") + 16, NULL, 10), strlen(body));
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(text, "\r\nX-Content-Type-Options: nosniff\r\n"));
    return text;
}

static void test_a_refusal_is_a_whole_answer(void **state)
{
    struct arena a;
    const char *text;

    (void)state;
    arena_init(&a);
    text = refuse(&a, 403, ERR_ORIGIN, 0, "");
    assert_int_equal(strncmp(text, "HTTP/1.1 403 Forbidden\r\n", 24), 0);
    assert_non_null(strstr(text, "{\"error\":{\"code\":\"origin\",\"message\":"));
    assert_null(strstr(text, "Retry-After"));
    assert_non_null(strstr(refuse(&a, 405, ERR_METHOD_NOT_ALLOWED, 0, ""), "\r\nAllow: GET\r\n"));
    arena_release(&a);
}

static void test_a_refusal_says_where_to_sign_in_and_when_to_come_back(void **state)
{
    struct arena a;
    const char *text;

    (void)state;
    arena_init(&a);
    text = refuse(&a, 401, ERR_TOKEN_EXPIRED, 0, "/login/?x=\"");
    assert_non_null(strstr(text, "\r\nWWW-Authenticate: Bearer\r\n"));
    assert_non_null(strstr(text, "\"login_url\":\"/login/?x=\\\"\""));
    assert_null(strstr(refuse(&a, 401, ERR_AUTH_REQUIRED, 0, ""), "login_url"));
    assert_null(strstr(refuse(&a, 403, ERR_BANNED, 0, "/login/"), "login_url"));
    text = refuse(&a, 503, ERR_BUSY, 1500, "");
    assert_non_null(strstr(text, "\r\nRetry-After: 2\r\n"));
    assert_non_null(strstr(text, "\"retry_after_ms\":1500"));
    assert_non_null(strstr(refuse(&a, 503, ERR_TOO_MANY_CONNECTIONS, 0, ""), "Retry-After: 5\r\n"));
    arena_release(&a);
}

static void test_a_fault_of_ours_is_not_explained_to_others(void **state)
{
    struct arena a;
    struct fail f;

    (void)state;
    arena_init(&a);
    fail_later(&f, ERR_INTERNAL, 0, "no such table: secret");
    assert_null(strstr(http_refusal(&a, 500, &f, NULL, ""), "secret"));
    arena_release(&a);
}

static void test_the_heads_of_a_poll_and_a_stream(void **state)
{
    struct arena a;
    const char *text;

    (void)state;
    arena_init(&a);
    text = http_json_head(&a, 410, 12, true);
    assert_int_equal(strncmp(text, "HTTP/1.1 410 Gone\r\n", 19), 0);
    assert_non_null(strstr(text, "Content-Length: 12\r\n"));
    assert_string_equal(text + strlen(text) - 28, "\r\nConnection: keep-alive\r\n\r\n");
    text = http_json_head(&a, 200, 0, false);
    assert_string_equal(text + strlen(text) - 23, "\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(http_stream_head, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(http_stream_head, "X-Accel-Buffering: no\r\n"));
    assert_null(strstr(http_stream_head, "Access-Control"));
    assert_string_equal(http_stream_head + strlen(http_stream_head) - 4, "\r\n\r\n");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_is_a_whole_answer),
        cmocka_unit_test(test_a_refusal_says_where_to_sign_in_and_when_to_come_back),
        cmocka_unit_test(test_a_fault_of_ours_is_not_explained_to_others),
        cmocka_unit_test(test_the_heads_of_a_poll_and_a_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
