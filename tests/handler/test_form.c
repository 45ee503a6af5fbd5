/* Bytes to fields: honest forms, hostile ones, and ones that end too early. */
#include "cgi-bin/form.h"
#include "tests/lib/fixture.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct form form;
static struct fail problem;

static enum err parse(enum form_kind kind, const char *type, const char *body, size_t len)
{
    form_release(&form);
    /* A copy of exactly that size, so that the sanitizers see a read past its end. */
    char *exact = xmalloc(len);
    enum err e;

    memcpy(exact, body, len);
    e = form_parse(&form, &arena, kind, type, exact, len, &problem);
    free(exact);
    return e;
}

static enum err urlencoded(const char *body)
{
    return parse(FORM_URLENCODED, NULL, body, strlen(body));
}

static enum err multipart(const char *body)
{
    return parse(FORM_MULTIPART, "multipart/form-data; boundary=B", body, strlen(body));
}

static void assert_field(const char *name, const char *value, size_t len)
{
    const struct form_field *field = NULL;

    if (form_find(&form, name, &field) != 1)
        fail_msg("field %s came %zu times", name, form_find(&form, name, &field));
    assert_int_equal(field->value_len, len);
    assert_memory_equal(field->value, value, len);
    assert_int_equal(field->value[len], '\0');
}

static void test_urlencoded_fields_are_decoded(void **state)
{
    static const struct {
        const char *body, *value;
        size_t len;
    } cases[] = {
        {"m=hello", "hello", 5},
        {"m=hello+world", "hello world", 11},
        {"m=a%26b%3Dc", "a&b=c", 5},
        {"m=%C3%A4", "\xc3\xa4", 2},
        {"m=%c3%a4", "\xc3\xa4", 2},
        {"m=a=b", "a=b", 3},
        {"m=", "", 0},
        {"m", "", 0},
        {"m=%00x", "\0x", 2},
        {"m=100%", "100%", 4},
        {"m=%4", "%4", 2},
        {"m=%zz", "%zz", 3},
        {"&&m=x&&", "x", 1},
        {"a=1&m=x&b=2", "x", 1},
        {"%6D=x", "x", 1},
        {"m=%0D%0A", "\r\n", 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(urlencoded(cases[i].body), OK);
        assert_field("m", cases[i].value, cases[i].len);
    }
}

static void test_a_field_is_found_by_its_whole_name(void **state)
{
    const struct form_field *field = NULL;

    (void)state;
    assert_int_equal(urlencoded("ab=1&b=2&b=3"), OK);
    assert_int_equal(form_find(&form, "a", &field), 0);
    assert_int_equal(form_find(&form, "ab", &field), 1);
    assert_int_equal(form_find(&form, "b", &field), 2);
    assert_string_equal(field->value, "2");
}

static void test_a_form_with_too_many_fields_is_refused(void **state)
{
    char body[1024] = "";

    (void)state;
    for (int i = 0; i < FORM_FIELDS_MAX; i++)
        memcpy(body + strlen(body), "a=1&", sizeof "a=1&");
    assert_int_equal(urlencoded(body), OK);
    assert_int_equal(form.count, FORM_FIELDS_MAX);
    memcpy(body + strlen(body), "a=1", sizeof "a=1");
    assert_int_equal(urlencoded(body), ERR_BAD_REQUEST);
}

static void test_multipart_fields_are_read(void **state)
{
    (void)state;
    assert_int_equal(
        multipart("--B\r\n"
                  "Content-Disposition: form-data; name=\"message\"\r\n\r\n"
                  "two\r\nlines --B\r\n"
                  "--B\r\n"
                  "content-disposition:form-data; filename=\"a;name=x.txt\"; name=f\r\n"
                  "Content-Type: text/plain\r\n\r\n"
                  "\r\n"
                  "--B  \r\n"
                  "Content-Disposition: form-data; name=\"\xc3\xa4 b\"\r\n\r\n"
                  "x\r\n"
                  "--B--\r\nepilogue"),
        OK);
    assert_int_equal(form.count, 3);
    assert_field("message", "two\r\nlines --B", 14);
    assert_field("f", "", 0);
    assert_field("\xc3\xa4 b", "x", 1);
}

static void test_multipart_has_a_preamble_and_may_be_empty(void **state)
{
    (void)state;
    assert_int_equal(multipart("nothing\r\n--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1"
                               "\r\n--B--"),
                     OK);
    assert_field("a", "1", 1);
    assert_int_equal(multipart("--B--"), OK);
    assert_int_equal(form.count, 0);
    assert_int_equal(multipart(""), OK);
}

static void test_a_quoted_boundary_is_read(void **state)
{
    static const char body[] =
        "--b c\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b c--";

    (void)state;
    assert_int_equal(parse(FORM_MULTIPART, "multipart/form-data; charset=x; BOUNDARY=\"b c\"", body,
                           sizeof body - 1),
                     OK);
    assert_field("a", "1", 1);
}

static void test_hostile_multipart_is_refused(void **state)
{
    static const char *const bodies[] = {
        "x",
        "--B",
        "--B\r\n",
        "--Bx\r\n",
        "--B\r\n\r\n",
        "--B\r\n\r\nvalue\r\n--B--",
        "--B\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=a\r\n",
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n",
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue",
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue\r\n",
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue\r\n--B",
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue\r\n--Bx--",
        "--B\r\nContent-Disposition: form-data; name=a\n\nvalue\n--B--",
        "--B\r\nContent-Disposition: form-data; filename=\"; name=a\r\n\r\nvalue\r\n--B--",
        "--B\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\nA: 8\r\nA: 9\r\nA: 10\r\n"
        "A: 11\r\nA: 12\r\nA: 13\r\nA: 14\r\nA: 15\r\nA: 16\r\n"
        "Content-Disposition: form-data; name=a\r\n\r\nvalue\r\n--B--",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        if (multipart(bodies[i]) != ERR_BAD_REQUEST)
            fail_msg("taken: %s", bodies[i]);
}

static void test_a_long_part_header_is_refused(void **state)
{
    char body[3000] = "--B\r\nContent-Disposition: form-data; name=a\r\nX-Long: ";

    (void)state;
    memset(body + strlen(body), 'x', 2000);
    memcpy(body + strlen(body), "\r\n\r\nvalue\r\n--B--", sizeof "\r\n\r\nvalue\r\n--B--");
    assert_int_equal(multipart(body), ERR_BAD_REQUEST);
}

static void test_a_boundary_must_be_there_and_short(void **state)
{
    char type[200] = "multipart/form-data; boundary=";

    (void)state;
    assert_int_equal(parse(FORM_MULTIPART, "multipart/form-data", "--B--", 5), ERR_BAD_REQUEST);
    assert_int_equal(parse(FORM_MULTIPART, "multipart/form-data; boundary=", "--B--", 5),
                     ERR_BAD_REQUEST);
    assert_int_equal(parse(FORM_MULTIPART, "multipart/form-data; boundary=\"\"", "--B--", 5),
                     ERR_BAD_REQUEST);
    memset(type + strlen(type), 'b', 71);
    assert_int_equal(parse(FORM_MULTIPART, type, "--B--", 5), ERR_BAD_REQUEST);
}

/* Whatever prefix of a good form arrives: refused or read, never over its end. */
static void test_a_truncated_form_is_never_read_past_its_end(void **state)
{
    static const char body[] =
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nother\r\n--B--";
    static const char pairs[] = "message=%C3%A4+x&room=general&a=%";

    (void)state;
    for (size_t len = 1; len < sizeof body - 1; len++)
        assert_int_equal(parse(FORM_MULTIPART, "multipart/form-data; boundary=B", body, len),
                         ERR_BAD_REQUEST);
    for (size_t len = 0; len < sizeof pairs; len++)
        assert_int_equal(parse(FORM_URLENCODED, NULL, pairs, len), OK);
}

static void test_json_must_be_an_object(void **state)
{
    static const char *const bad[] = {"[]",          "1",    "\"a\"",   "null", "{",
                                      "{\"a\":NaN}", "{} x", "{'a':1}", "\xff"};

    (void)state;
    assert_int_equal(parse(FORM_JSON, NULL, "{\"a\":1}", 7), OK);
    assert_non_null(form.json);
    assert_int_equal(parse(FORM_JSON, NULL, "", 0), OK);
    assert_null(form.json);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse(FORM_JSON, NULL, bad[i], strlen(bad[i])), ERR_BAD_JSON);
}

static void test_only_three_media_types_are_forms(void **state)
{
    static const struct {
        const char *type;
        enum err err;
        enum form_kind kind;
    } cases[] = {
        {NULL, OK, FORM_EMPTY},
        {"", OK, FORM_EMPTY},
        {"application/json", OK, FORM_JSON},
        {"Application/JSON;charset=utf-8", OK, FORM_JSON},
        {"application/x-www-form-urlencoded; charset=UTF-8", OK, FORM_URLENCODED},
        {"multipart/form-data; boundary=x", OK, FORM_MULTIPART},
        {"text/plain", ERR_UNSUPPORTED_MEDIA_TYPE, FORM_EMPTY},
        {"text/plain; application/json", ERR_UNSUPPORTED_MEDIA_TYPE, FORM_EMPTY},
        {"application/jsonx", ERR_UNSUPPORTED_MEDIA_TYPE, FORM_EMPTY},
        {"application/json, text/plain", ERR_UNSUPPORTED_MEDIA_TYPE, FORM_EMPTY},
        {"text/json", ERR_UNSUPPORTED_MEDIA_TYPE, FORM_EMPTY},
        {"application/xml", ERR_UNSUPPORTED_MEDIA_TYPE, FORM_EMPTY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum form_kind kind = FORM_EMPTY;

        assert_int_equal(form_kind_of(cases[i].type, &kind, &problem), cases[i].err);
        assert_int_equal(kind, cases[i].kind);
    }
    assert_int_equal(parse(FORM_EMPTY, NULL, "x", 1), ERR_UNSUPPORTED_MEDIA_TYPE);
}

static int teardown(void **state)
{
    (void)state;
    form_release(&form);
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_urlencoded_fields_are_decoded, teardown),
        cmocka_unit_test_teardown(test_a_field_is_found_by_its_whole_name, teardown),
        cmocka_unit_test_teardown(test_a_form_with_too_many_fields_is_refused, teardown),
        cmocka_unit_test_teardown(test_multipart_fields_are_read, teardown),
        cmocka_unit_test_teardown(test_multipart_has_a_preamble_and_may_be_empty, teardown),
        cmocka_unit_test_teardown(test_a_quoted_boundary_is_read, teardown),
        cmocka_unit_test_teardown(test_hostile_multipart_is_refused, teardown),
        cmocka_unit_test_teardown(test_a_long_part_header_is_refused, teardown),
        cmocka_unit_test_teardown(test_a_boundary_must_be_there_and_short, teardown),
        cmocka_unit_test_teardown(test_a_truncated_form_is_never_read_past_its_end, teardown),
        cmocka_unit_test_teardown(test_json_must_be_an_object, teardown),
        cmocka_unit_test_teardown(test_only_three_media_types_are_forms, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
