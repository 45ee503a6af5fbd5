/* The growing buffer: its bound, its NUL, and escaping. */
#include "lib/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_an_empty_buffer_is_an_empty_string(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    assert_string_equal(buf_cstr(&b), "");
    buf_add(&b, NULL, 0);
    assert_string_equal(buf_cstr(&b), "");
    assert_false(b.overflow);
    buf_release(&b);
}

static void test_what_is_added_stands_in_order_with_a_nul(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    buf_add(&b, "a\0b", 3);
    buf_str(&b, "cd");
    buf_char(&b, '\0');
    buf_fmt(&b, "%d-%s", 42, "x");
    assert_int_equal(b.len, 10);
    assert_memory_equal(b.data,
                        "a\0bcd\0"
                        "42-x",
                        11);
    buf_release(&b);
}

static void test_it_grows_to_its_maximum_exactly(void **state)
{
    enum { MAX = 100000 };
    struct buf b;

    (void)state;
    buf_init(&b, MAX);
    for (int i = 0; i < MAX; i++)
        buf_char(&b, (char)('a' + i % 26));
    assert_false(b.overflow);
    assert_int_equal(b.len, MAX);
    assert_int_equal(strlen(buf_cstr(&b)), MAX);
    for (int i = 0; i < MAX; i++)
        if (b.data[i] != (char)('a' + i % 26))
            fail_msg("byte %d is wrong", i);
    buf_char(&b, 'x');
    assert_true(b.overflow);
    assert_int_equal(b.len, MAX);
    buf_release(&b);
}

static void test_what_does_not_fit_is_left_out_and_overflow_stays(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    buf_str(&b, "abc");
    buf_str(&b, "de");
    assert_true(b.overflow);
    assert_string_equal(buf_cstr(&b), "abc");
    buf_char(&b, 'd'); /* would fit, but a hole must not go unseen */
    assert_string_equal(buf_cstr(&b), "abc");
    buf_clear(&b);
    assert_false(b.overflow);
    buf_fmt(&b, "%s", "12345");
    assert_true(b.overflow);
    assert_string_equal(buf_cstr(&b), "");
    buf_clear(&b);
    buf_html(&b, "&", 1); /* five bytes */
    assert_true(b.overflow);
    buf_clear(&b);
    buf_add(&b, "x", SIZE_MAX); /* a length that would wrap around */
    assert_true(b.overflow);
    buf_release(&b);
}

static void test_a_cleared_buffer_keeps_its_memory(void **state)
{
    struct buf b;
    char *before;

    (void)state;
    buf_init(&b, 100);
    buf_str(&b, "hello");
    before = b.data;
    buf_clear(&b);
    assert_string_equal(buf_cstr(&b), "");
    buf_str(&b, "again");
    assert_ptr_equal(b.data, before);
    assert_string_equal(buf_cstr(&b), "again");
    buf_release(&b);
    buf_str(&b, "after release");
    assert_string_equal(buf_cstr(&b), "after release");
    buf_release(&b);
}

static void test_html_is_escaped_for_content_and_attributes(void **state)
{
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"", ""},
        {"plain é 🚀", "plain é 🚀"},
        {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
        {"\" onclick=\"", "&quot; onclick=&quot;"},
        {"&amp;", "&amp;amp;"},
        {"<<>>", "&lt;&lt;&gt;&gt;"},
    };
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_clear(&b);
        buf_html(&b, rows[i].in, strlen(rows[i].in));
        assert_string_equal(buf_cstr(&b), rows[i].want);
    }
    buf_clear(&b);
    buf_raw_unescaped(&b, "<b>", 3);
    assert_string_equal(buf_cstr(&b), "<b>");
    buf_release(&b);
}

static void test_only_unreserved_characters_stay_in_a_url(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4000);
    buf_url(&b, "AZaz09-._~", 10);
    assert_string_equal(buf_cstr(&b), "AZaz09-._~");
    buf_clear(&b);
    buf_url(&b, "a b/?&=%+\0é", 12);
    assert_string_equal(buf_cstr(&b), "a%20b%2F%3F%26%3D%25%2B%00%C3%A9");
    buf_clear(&b);
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;

        buf_url(&b, &byte, 1);
    }
    assert_int_equal(b.len, 66 + 3 * 190);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_buffer_is_an_empty_string),
        cmocka_unit_test(test_what_is_added_stands_in_order_with_a_nul),
        cmocka_unit_test(test_it_grows_to_its_maximum_exactly),
        cmocka_unit_test(test_what_does_not_fit_is_left_out_and_overflow_stays),
        cmocka_unit_test(test_a_cleared_buffer_keeps_its_memory),
        cmocka_unit_test(test_html_is_escaped_for_content_and_attributes),
        cmocka_unit_test(test_only_unreserved_characters_stay_in_a_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
