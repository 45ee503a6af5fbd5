/* What is one emoji, and what is not. */
#include "lib/text_emoji.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define JOIN    "\xe2\x80\x8d"
#define PICTURE "\xef\xb8\x8f"

static void test_every_kind_of_emoji_is_one(void **state)
{
    static const char *const good[] = {
        "👍",
        "👍🏽",
        "❤",
        "❤" PICTURE,
        "⚡",
        "👩" JOIN "💻",
        "👩🏽" JOIN "💻",
        "👨" JOIN "👩" JOIN "👧" JOIN "👦",
        "🏳" PICTURE JOIN "🌈",
        "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa", /* a flag */
        "1" PICTURE "\xe2\x83\xa3",
        "#" PICTURE "\xe2\x83\xa3",
        "*\xe2\x83\xa3",
        "🏴\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xa5\xf3\xa0\x81\xae\xf3\xa0\x81\xa7"
        "\xf3\xa0\x81\xbf",
        "🧑🏻" JOIN "❤" PICTURE JOIN "💋" JOIN "🧑🏼",
        "©" PICTURE,
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!text_is_emoji(good[i], strlen(good[i])))
            fail_msg("%s", good[i]);
}

static void test_nothing_else_is(void **state)
{
    static const char *const bad[] = {
        "",
        "a",
        "1",
        "👍👍",
        "👍a",
        "a👍",
        " 👍",
        "\xf0\x9f\x87\xa9", /* half a flag */
        "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab",
        "\xf0\x9f\x91",
        "\xff",
        PICTURE,
        "👍" JOIN,
        JOIN "👍",
        "🏽",
        "日",
        "👍\xcc\x81",
        "<b>",
        "🏴\xf3\xa0\x81\xa7", /* tags without an end */
    };
    char chain[7 * 20] = "";

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (text_is_emoji(bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
    assert_false(text_is_emoji("👍\0", 5));
    for (size_t i = 0; i < 20; i++)
        memcpy(chain + 7 * i, "👍" JOIN, 7);
    assert_false(text_is_emoji(chain, sizeof chain - 3)); /* well joined, but endless */
}

static void test_spellings_of_one_emoji_are_the_same(void **state)
{
    (void)state;
    assert_true(text_same_emoji("❤", "❤" PICTURE));
    assert_true(text_same_emoji("🏳" PICTURE JOIN "🌈", "🏳" JOIN "🌈"));
    assert_false(text_same_emoji("👍", "👍🏽"));
    assert_false(text_same_emoji("👍", "👎"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_emoji_is_one),
        cmocka_unit_test(test_nothing_else_is),
        cmocka_unit_test(test_spellings_of_one_emoji_are_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
