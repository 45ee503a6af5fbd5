/* Which names become emoji, and what stays as it was typed. */
#include "chat/shortcode.h"
#include "lib/embedded.h"
#include "lib/text_emoji.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_a_name_between_two_colons_becomes_its_emoji(void **state)
{
    static const char *const cases[][2] = {
        {":rocket:", "🚀"},
        {"to the moon :rocket::rocket:!", "to the moon 🚀🚀!"},
        {"(:chart_with_upwards_trend:)", "(📈)"},
        {":us: :100:", "🇺🇸 💯"},
        {"::rocket:", ":🚀"},
        {"no :rocket", "no :rocket"},
        {"rocket:", "rocket:"},
        {":no_such_emoji:", ":no_such_emoji:"},
        {":Rocket:", ":Rocket:"},
        {":: : :)", ":: : :)"},
        {"10:100:30", "10:100:30"},
        {"a:rocket:", "a:rocket:"},
        {":rocket:s", ":rocket:s"},
        {"https://a.example/:rocket:", "https://a.example/:rocket:"},
        {"`:rocket:` :rocket:", "`:rocket:` 🚀"},
        {"```\n:rocket:\n```", "```\n:rocket:\n```"},
        {"` :rocket:", "` 🚀"},
        {":wave::skin-tone-3: :wave::skin-tone-6:", "👋🏼 👋🏿"},
        {":v::skin-tone-2:", "✌🏻"},
        {":woman_technologist::skin-tone-5:!", "👩🏾‍💻!"},
        {":rocket::skin-tone-3:", "🚀:skin-tone-3:"},
        {":family_man_woman_girl::skin-tone-3:", "👨‍👩‍👧:skin-tone-3:"},
        {":wave::skin-tone-7:", "👋:skin-tone-7:"},
        {":wave::skin-tone-3:s", "👋:skin-tone-3:s"},
        {":wave::skin-tone-3", "👋:skin-tone-3"},
        {":skin-tone-3:", ":skin-tone-3:"},
        {"", ""},
    };
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(shortcode_replace(&a, cases[i][0]), cases[i][1]);
    arena_release(&a);
}

static void test_every_name_is_found_and_means_one_emoji(void **state)
{
    char text[SHORTCODE_MAX + 3];
    struct arena a;

    (void)state;
    assert_true(embedded_shortcode_count > 1000);
    arena_init(&a);
    for (size_t i = 0; i < embedded_shortcode_count; i++) {
        const struct embedded *one = &embedded_shortcodes[i];

        assert_true(strlen(one->name) <= SHORTCODE_MAX);
        assert_true(i == 0 || strcmp(one[-1].name, one->name) < 0);
        assert_true(text_is_emoji(one->text, one->len));
        text[0] = ':';
        memcpy(text + 1, one->name, strlen(one->name));
        memcpy(text + 1 + strlen(one->name), ":", 2);
        assert_string_equal(shortcode_replace(&a, text), one->text);
    }
    arena_release(&a);
}

static void test_whatever_takes_a_tone_is_an_emoji_still(void **state)
{
    struct arena a;
    size_t toned = 0;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < embedded_shortcode_count; i++) {
        const char *name = embedded_shortcodes[i].name;
        const char *out = shortcode_replace(&a, arena_fmt(&a, ":%s::skin-tone-4:", name));

        if (!strchr(out, ':')) {
            toned++;
            assert_true(text_is_emoji(out, strlen(out)));
        }
    }
    assert_true(toned > 200);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_between_two_colons_becomes_its_emoji),
        cmocka_unit_test(test_every_name_is_found_and_means_one_emoji),
        cmocka_unit_test(test_whatever_takes_a_tone_is_an_emoji_still),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
