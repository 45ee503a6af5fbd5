/* Requests and responses as values. */
#include "cgi-bin/http.h"
#include "tests/lib/web.h"

#include <string.h>

struct table {
    const char *uri, *cookie, *accept, *etag, *length, *body, *peer, *proto, *forwarded, *https;
    size_t at;
    struct buf out;
};

static const char *variable(void *ctx, const char *name)
{
    const struct table *t = ctx;
    const struct {
        const char *name, *value;
    } rows[] = {
        {"REQUEST_METHOD", "GET"},
        {"REQUEST_URI", t->uri},
        {"HTTP_COOKIE", t->cookie},
        {"HTTP_ACCEPT", t->accept},
        {"HTTP_IF_NONE_MATCH", t->etag},
        {"CONTENT_LENGTH", t->length},
        {"REMOTE_ADDR", t->peer},
        {"HTTP_X_FORWARDED_PROTO", t->proto},
        {"HTTP_X_FORWARDED_FOR", t->forwarded},
        {"HTTPS", t->https},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].value;
    return NULL;
}

static ssize_t read_some(void *ctx, char *out, size_t len)
{
    struct table *t = ctx;
    size_t left = strlen(t->body) - t->at;

    len = left < len ? left : len;
    len = len > 3 ? 3 : len;
    memcpy(out, t->body + t->at, len);
    t->at += len;
    return (ssize_t)len;
}

static bool write_all(void *ctx, const struct iovec *pieces, size_t count,
                      const struct source_file *file)
{
    struct table *t = ctx;

    assert_null(file);
    for (size_t i = 0; i < count; i++)
        buf_add(&t->out, pieces[i].iov_base, pieces[i].iov_len);
    return true;
}

static struct arena arena;
static struct source source;

static struct http_request request(struct table *t)
{
    struct http_request req;

    source =
        (struct source){.ctx = t, .variable = variable, .read = read_some, .answer = write_all};
    http_request_init(&req, &source, &arena, "10.0.0.1");
    return req;
}

static void assert_same(const char *a, const char *b)
{
    if (!a || !b)
        assert_ptr_equal(a, b);
    else
        assert_string_equal(a, b);
}

static void test_the_path_comes_from_request_uri_alone(void **state)
{
    static const struct {
        const char *uri, *path, *query;
    } cases[] = {
        {"/stocks/chat/", "/stocks/chat/", ""},
        {"/stocks/chat/?before=3", "/stocks/chat/", "before=3"},
        {"/a?b?c", "/a", "b?c"},
        {"/a?", "/a", ""},
        {"/a%20b", "/a b", ""},
        {"/%e2%82%AC", "/\xe2\x82\xac", ""},
        {"http://chat.example/a?b", "/a", "b"},
        {"https://chat.example", "", ""},
        {"/a#b", "/a", "b"},
        {"/a%2Fb", NULL, ""},
        {"/a%00b", NULL, ""},
        {"/a%", NULL, ""},
        {"/a%4", NULL, ""},
        {"/a%zz", NULL, ""},
        {"", "", ""},
        {NULL, "", ""},
        {"/a?%00", "/a", "%00"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct table t = {.uri = cases[i].uri};
        struct http_request req = request(&t);

        assert_same(req.path, cases[i].path);
        if (cases[i].uri && !strchr(cases[i].uri, '#'))
            assert_string_equal(req.query, cases[i].query);
    }
}

static void test_a_cookie_is_found_by_its_whole_name(void **state)
{
    static const struct {
        const char *header, *value;
    } cases[] = {
        {"session=abc", "abc"},
        {"a=1; session=abc; b=2", "abc"},
        {"a=1;session=abc", "abc"},
        {"xsession=no; session=abc", "abc"},
        {"sessionx=no", NULL},
        {"session", NULL},
        {"session=", ""},
        {"session=abc; session=def", "abc"},
        {"session=\"abc\"", "abc"},
        {"session=\"", "\""},
        {"session=a=b", "a=b"},
        {"session=abc  ;x=1", "abc"},
        {"; ;; session=abc", "abc"},
        {"a=session=abc", NULL},
        {"", NULL},
        {NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct table t = {.uri = "/", .cookie = cases[i].header};
        struct http_request req = request(&t);
        size_t len;
        const char *value = http_cookie(&req, "session", &len);

        assert_same(value ? arena_strn(&arena, value, len) : NULL, cases[i].value);
    }
}

static void test_json_is_preferred_only_by_name(void **state)
{
    static const struct {
        const char *accept;
        bool json;
    } cases[] = {
        {NULL, false},
        {"*/*", false},
        {"application/json", true},
        {"Application/JSON; charset=utf-8", true},
        {"text/html, application/json", false},
        {"application/json, text/html", false},
        {"application/json, text/html;q=0.9", true},
        {"application/json;q=0.5, text/html;q=0.9", false},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
        {"application/json, text/plain, */*", true},
        {"application/json;q=0", true}, /* more than a type that is not named */
        {"application/jsonx", false},
        {"application/json;q=nan, text/html;q=0.1", true},
        {",,,;;q=,", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct table t = {.uri = "/", .accept = cases[i].accept};
        struct http_request req = request(&t);

        if (http_prefers_json(&req) != cases[i].json)
            fail_msg("Accept: %s", cases[i].accept);
    }
}

static void test_if_none_match_is_a_list(void **state)
{
    static const struct {
        const char *header;
        bool match;
    } cases[] = {
        {NULL, false},
        {"\"abc\"", true},
        {"W/\"abc\"", true},
        {"\"x\", \"abc\"", true},
        {"\"x\",W/\"abc\" , \"y\"", true},
        {"*", true},
        {"\"abcd\"", false},
        {"abc", false},
        {"\"ab", false},
        {", ,", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct table t = {.uri = "/", .etag = cases[i].header};
        struct http_request req = request(&t);

        if (http_etag_matches(&req, "\"abc\"") != cases[i].match)
            fail_msg("If-None-Match: %s", cases[i].header);
    }
}

static void test_a_body_has_exactly_the_announced_length(void **state)
{
    static const struct {
        const char *length, *body;
        enum err length_err, read_err;
    } cases[] = {
        {"5", "hello", OK, OK},
        {"5", "hello, more", OK, OK},
        {"0", "", OK, OK},
        {NULL, "ignored", OK, OK},
        {"6", "hello", OK, ERR_BAD_REQUEST},
        {"10", "hello, more", OK, OK},
        {"11", "hello, more", ERR_TOO_LONG, OK},
        {"-1", "", ERR_BAD_REQUEST, OK},
        {"5x", "hello", ERR_BAD_REQUEST, OK},
        {" 5", "hello", ERR_BAD_REQUEST, OK},
        {"+5", "hello", ERR_BAD_REQUEST, OK},
        {"99999999999999999999999", "", ERR_TOO_LONG, OK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct table t = {.uri = "/", .length = cases[i].length, .body = cases[i].body};
        struct http_request req = request(&t);
        const char *body;
        struct fail f;
        size_t len;

        assert_int_equal(http_content_length(&req, 10, &len, &f), cases[i].length_err);
        if (cases[i].length_err)
            continue;
        assert_int_equal(http_read_body(&req, len, &body, &f), cases[i].read_err);
        if (!cases[i].read_err)
            assert_memory_equal(body, cases[i].body, len);
    }
}

static void test_only_a_trusted_proxy_speaks_for_the_client(void **state)
{
    struct table t = {.uri = "/", .peer = "203.0.113.1", .proto = "https", .forwarded = "1.2.3.4"};
    struct http_request req = request(&t);

    (void)state;
    assert_false(req.https);
    assert_string_equal(req.address, "203.0.113.1");
    t.peer = "10.0.0.1";
    req = request(&t);
    assert_true(req.https);
    assert_string_equal(req.address, "1.2.3.4");
    t.proto = NULL;
    t.https = "on";
    req = request(&t);
    assert_true(req.https);
}

static void test_a_header_never_carries_a_line_end(void **state)
{
    struct table t = {.uri = "/"};
    struct http_request req = request(&t);
    struct http_response res;

    (void)state;
    buf_init(&t.out, 10000);
    http_response_init(&res);
    http_add_header(&res, "Location", "/a\r\nSet-Cookie: b=c");
    http_add_header(&res, "X-Good", "yes");
    res.content_type = "text/plain";
    buf_str(&res.body, "hello");
    assert_true(http_send(&res, &req, "id"));
    assert_null(strstr(buf_cstr(&t.out), "Set-Cookie"));
    assert_string_equal(buf_cstr(&t.out), "Status: 200 OK\r\nContent-Type: text/plain\r\n"
                                          "Content-Length: 5\r\nCache-Control: no-store\r\n"
                                          "X-Good: yes\r\nX-Request-Id: id\r\n\r\nhello");
    buf_clear(&t.out);
    res.status = 304;
    assert_true(http_send(&res, &req, "id"));
    assert_null(strstr(buf_cstr(&t.out), "hello"));
    assert_null(strstr(buf_cstr(&t.out), "Content-"));
    http_response_release(&res);
    buf_release(&t.out);
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_path_comes_from_request_uri_alone),
        cmocka_unit_test(test_a_cookie_is_found_by_its_whole_name),
        cmocka_unit_test(test_json_is_preferred_only_by_name),
        cmocka_unit_test(test_if_none_match_is_a_list),
        cmocka_unit_test(test_a_body_has_exactly_the_announced_length),
        cmocka_unit_test(test_only_a_trusted_proxy_speaks_for_the_client),
        cmocka_unit_test(test_a_header_never_carries_a_line_end),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
