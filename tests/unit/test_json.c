/* JSON as RFC 8259 has it and no wider, typed fields, and building. */
#include "lib/json.h"
#include "lib/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
    const char *s;
    size_t len;
};
#define B(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* Parses a copy that ends at the end of its block, so that a byte too far is seen by ASan. */
static enum err parse(const char *s, size_t len, struct json_object **out, struct fail *f)
{
    char *copy = xmalloc(len);
    enum err e;

    if (len)
        memcpy(copy, s, len);
    e = json_parse(copy, len, out, f);
    free(copy);
    return e;
}

static struct json_object *parsed(const char *text)
{
    struct json_object *o;
    struct fail f;

    if (parse(text, strlen(text), &o, &f))
        fail_msg("%s: %s", text, f.message);
    return o;
}

static void test_json_is_accepted(void **state)
{
    static const struct bytes rows[] = {
        B("{}"),
        B("[]"),
        B(" \t\r\n{ \"a\" : [ 1 , 2 ] } \n"),
        B("null"),
        B("true"),
        B("0"),
        B("-0"),
        B("12"),
        B("-1.5e+10"),
        B("1E5"),
        B("0.5"),
        B("\"\""),
        B("\"\\u0000\""),
        B("\"\\ud83d\\ude80\""),
        B("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00E9\""),
        B("\"\x7f\""),
        B("\"日本語 🚀\""),
        B("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"),
        B("{\"\":0}"),
        B("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), /* 32 */
        B("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_object *o;
        struct fail f;

        if (parse(rows[i].s, rows[i].len, &o, &f))
            fail_msg("row %zu, %s: %s", i, rows[i].s, f.message);
        json_object_put(o);
    }
}

static const struct {
    struct bytes text;
    int byte; /* 0: no place is given */
} refused[] = {
    {B(""), 1},
    {B("   "), 4},
    {B("{"), 2},
    {B("["), 2},
    {B("}"), 1},
    {B("[1,]"), 4},
    {B("[,1]"), 2},
    {B("[1 2]"), 4},
    {B("[1}"), 3},
    {B("{\"a\"}"), 5},
    {B("{\"a\":}"), 6},
    {B("{\"a\":1,}"), 8},
    {B("{a:1}"), 2},
    {B("{1:1}"), 2},
    {B("{'a':1}"), 2},
    {B("'a'"), 1},
    {B("{} {}"), 4},
    {B("1 2"), 3},
    {B("{}\0"), 3},
    {B("\0"), 1},
    {B("nul"), 1},
    {B("True"), 1},
    {B("truex"), 5},
    {B("NaN"), 1},
    {B("-NaN"), 2},
    {B("Infinity"), 1},
    {B("-Infinity"), 2},
    {B("01"), 2},
    {B("-01"), 3},
    {B("00"), 2},
    {B("+1"), 1},
    {B(".5"), 1},
    {B("1."), 3},
    {B("1.e5"), 3},
    {B("1e"), 3},
    {B("1e+"), 4},
    {B("-"), 2},
    {B("0x10"), 2},
    {B("1_000"), 2},
    {B("\"abc"), 5},
    {B("\"a\nb\""), 3},
    {B("\"a\tb\""), 3},
    {B("\"a\0b\""), 3},
    {B("\"\\x41\""), 3},
    {B("\"\\'\""), 3},
    {B("\"\\u12\""), 6},
    {B("\"\\u12g4\""), 6},
    {B("\"\\"), 3},
    {B("\"\\\0\""), 3},
    {B("// comment\n1"), 1},
    {B("/* comment */ 1"), 1},
    {B("\xef\xbb\xbf{}"), 1}, /* byte order mark */
    {B("\xc2\xa0{}"), 1},     /* a blank that JSON does not have */
    {B("\"\xff\""), 2},
    {B("\"ok\xc0\xaf\""), 4},
    {B("\"\xed\xa0\x80\""), 2},
    {B("\"\xe2\x82"), 2},
    {B("{\"a\\u0000b\":1}"), 10}, /* json-c would make it "a" */
    {B("{\"a\":1,\"a\":2}"), 0},
    {B("{\"a\":1,\"\\u0061\":2}"), 0},
    {B("[{\"x\":[{\"a\":1,\"b\":2,\"a\":3}]}]"), 0},
    {B("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), 33},
};

static void test_what_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct json_object *o = (struct json_object *)(void *)&i;
        char place[32];
        struct fail f;

        if (parse(refused[i].text.s, refused[i].text.len, &o, &f) != ERR_BAD_JSON)
            fail_msg("row %zu, %s: accepted", i, refused[i].text.s);
        assert_null(o);
        assert_int_equal(f.err, ERR_BAD_JSON);
        snprintf(place, sizeof place, "at byte %d:", refused[i].byte);
        if (refused[i].byte && !strstr(f.message, place))
            fail_msg("row %zu, %s: \"%s\", not %s", i, refused[i].text.s, f.message, place);
    }
}

static void test_depth_bombs_do_not_reach_the_stack(void **state)
{
    static const char *const units[] = {"[", "{\"a\":", "[{\"a\":"};
    enum { SIZE = 1 << 20 };
    char *bomb = xmalloc(SIZE);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t unit = strlen(units[i]);
        struct json_object *o;
        struct fail f;

        for (size_t at = 0; at < SIZE; at++)
            bomb[at] = units[i][at % unit];
        assert_int_equal(json_parse(bomb, SIZE, &o, &f), ERR_BAD_JSON);
        assert_non_null(strstr(f.message, "deeper than 32"));
    }
    free(bomb);
}

static void test_lone_surrogates_become_valid_utf8(void **state)
{
    static const char *const rows[] = {"[\"\\ud83d\"]",         "[\"\\ude80\"]",
                                       "[\"\\ud83d\\ud83d\"]",  "[\"\\ude80\\ud83d\"]",
                                       "[\"\\ud83dx\\ude80\"]", "[\"\\ud83d\\u0041\"]"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_object *o = parsed(rows[i]);
        struct json_object *s = json_object_array_get_idx(o, 0);

        assert_true(text_is_utf8(json_object_get_string(s), (size_t)json_object_get_string_len(s)));
        json_object_put(o);
    }
}

static void test_strings_are_typed(void **state)
{
    struct json_object *o = parsed("{\"s\":\"a\\u00e9\",\"e\":\"\",\"n\":1,\"b\":true,\"z\":null,"
                                   "\"nul\":\"a\\u0000b\",\"o\":{},\"l\":[]}");
    static const char *const wrong[] = {"n", "b", "o", "l", "nul"};
    const char *s;
    struct fail f;
    size_t len;

    (void)state;
    assert_int_equal(json_get_str(o, "s", &s, &len, &f), OK);
    assert_string_equal(s, "aé");
    assert_int_equal(len, 3);
    assert_int_equal(json_get_str(o, "e", &s, &len, &f), OK);
    assert_string_equal(s, "");
    assert_int_equal(json_get_str(o, "absent", &s, &len, &f), OK);
    assert_null(s);
    s = "x";
    assert_int_equal(json_get_str(o, "z", &s, &len, &f), OK);
    assert_null(s);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        s = "x";
        assert_int_equal(json_get_str(o, wrong[i], &s, &len, &f), ERR_BAD_REQUEST);
        assert_null(s);
        assert_non_null(strstr(f.message, wrong[i]));
    }
    json_object_put(o);
}

static void test_numbers_are_typed_and_bounded(void **state)
{
    static const struct {
        const char *json;
        int64_t min, max, want;
        enum err err;
    } rows[] = {
        {"{\"n\":5}", 0, 9, 5, OK},
        {"{\"n\":-5}", -9, 9, -5, OK},
        {"{\"n\":-0}", 0, 9, 0, OK},
        {"{}", 0, 9, -77, OK},
        {"{\"n\":null}", 0, 9, -77, OK},
        {"{\"n\":9223372036854775807}", 0, INT64_MAX, INT64_MAX, OK},
        {"{\"n\":9223372036854775808}", 0, INT64_MAX, -77, ERR_BAD_REQUEST},
        {"{\"n\":18446744073709551617}", 0, INT64_MAX, -77, ERR_BAD_REQUEST},
        {"{\"n\":99999999999999999999999999999999}", 0, INT64_MAX, -77, ERR_BAD_REQUEST},
        {"{\"n\":-9223372036854775809}", INT64_MIN, 0, -77, ERR_BAD_REQUEST},
        {"{\"n\":10}", 0, 9, -77, ERR_BAD_REQUEST},
        {"{\"n\":-1}", 0, 9, -77, ERR_BAD_REQUEST},
        {"{\"n\":1.0}", 0, 9, -77, ERR_BAD_REQUEST},
        {"{\"n\":1e3}", 0, 9999, -77, ERR_BAD_REQUEST},
        {"{\"n\":1e999}", 0, 9999, -77, ERR_BAD_REQUEST},
        {"{\"n\":\"5\"}", 0, 9, -77, ERR_BAD_REQUEST},
        {"{\"n\":\"12abc\"}", 0, 99, -77, ERR_BAD_REQUEST},
        {"{\"n\":true}", 0, 9, -77, ERR_BAD_REQUEST},
        {"{\"n\":[5]}", 0, 9, -77, ERR_BAD_REQUEST},
        {"[5]", 0, 9, -77, OK}, /* not an object: nothing is there */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_object *o = parsed(rows[i].json);
        int64_t n = -77;
        struct fail f;

        if (json_get_i64(o, "n", rows[i].min, rows[i].max, &n, &f) != rows[i].err)
            fail_msg("%s: not the expected answer", rows[i].json);
        assert_int_equal(n, rows[i].want);
        if (rows[i].err)
            assert_non_null(strstr(f.message, "\"n\""));
        json_object_put(o);
    }
}

static void test_booleans_are_typed(void **state)
{
    struct json_object *o = parsed("{\"t\":true,\"f\":false,\"n\":1,\"s\":\"true\",\"z\":null}");
    struct fail f;
    bool b = true;

    (void)state;
    assert_int_equal(json_get_bool(o, "f", &b, &f), OK);
    assert_false(b);
    assert_int_equal(json_get_bool(o, "t", &b, &f), OK);
    assert_true(b);
    assert_int_equal(json_get_bool(o, "z", &b, &f), OK);
    assert_int_equal(json_get_bool(o, "absent", &b, &f), OK);
    assert_true(b);
    assert_int_equal(json_get_bool(o, "n", &b, &f), ERR_BAD_REQUEST);
    assert_int_equal(json_get_bool(o, "s", &b, &f), ERR_BAD_REQUEST);
    assert_true(b);
    json_object_put(o);
}

static void test_fields_of_nothing_are_absent(void **state)
{
    struct json_object *o = parsed("null");
    const char *s;
    size_t len;

    (void)state;
    assert_null(o);
    assert_int_equal(json_get_str(o, "s", &s, &len, NULL), OK);
    assert_null(s);
}

static void test_objects_are_built_and_printed_compactly(void **state)
{
    struct json_object *o = json_object_new_object(), *back;
    const char *text;
    size_t len;

    (void)state;
    json_set_str(o, "text", "</script> \"é\" \n");
    json_set_str(o, "none", NULL);
    json_set_i64(o, "id", INT64_C(9007199254740991));
    json_set_bool(o, "ok", true);
    json_set(o, "nothing", NULL);
    json_set(o, "list", json_object_new_array());
    text = json_text(o, &len);
    assert_string_equal(text, "{\"text\":\"</script> \\\"é\\\" \\n\",\"id\":9007199254740991,"
                              "\"ok\":true,\"nothing\":null,\"list\":[]}");
    assert_int_equal(len, strlen(text));
    back = parsed(text);
    json_object_put(back);
    json_object_put(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_is_accepted),
        cmocka_unit_test(test_what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(test_depth_bombs_do_not_reach_the_stack),
        cmocka_unit_test(test_lone_surrogates_become_valid_utf8),
        cmocka_unit_test(test_strings_are_typed),
        cmocka_unit_test(test_numbers_are_typed_and_bounded),
        cmocka_unit_test(test_booleans_are_typed),
        cmocka_unit_test(test_fields_of_nothing_are_absent),
        cmocka_unit_test(test_objects_are_built_and_printed_compactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
