/* What a quote shows of a message. */
#include "chat/excerpt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_it_is_one_line(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"  two\n\nlines\tand  more \n", "two lines and more"},
        {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
    };
    char out[EXCERPT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        excerpt_write(out, cases[i][0]);
        assert_string_equal(out, cases[i][1]);
    }
}

static void test_it_ends_at_a_character(void **state)
{
    static const char rocket[] = "\xf0\x9f\x9a\x80";
    char body[4 * (EXCERPT_CHARS + 1) + 1] = "", out[EXCERPT_BYTES];

    (void)state;
    for (int i = 0; i < EXCERPT_CHARS; i++)
        memcpy(body + (size_t)4 * (size_t)i, rocket, 4);
    excerpt_write(out, body);
    assert_string_equal(out, body); /* as long as may be */
    memcpy(body + (size_t)4 * EXCERPT_CHARS, rocket, 4);
    excerpt_write(out, body);
    assert_int_equal(strlen(out), 4 * EXCERPT_CHARS + 3);
    assert_string_equal(out + 4 * EXCERPT_CHARS, "\xe2\x80\xa6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_one_line),
        cmocka_unit_test(test_it_ends_at_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
