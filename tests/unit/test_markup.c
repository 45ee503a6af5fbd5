/* What a text becomes: the cases of markup.golden, and texts that are made to be much work. */
#include "chat/markup.h"
#include "lib/buf.h"
#include "lib/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char golden[] = "tests/unit/markup.golden";

enum { CASES_MIN = 150, GOLDEN_MAX = 1 << 20 };

/* Generous for a slow machine under a sanitizer; what it takes is shown by `make bench`. */
static const int64_t LONG_MS = 1000;

static char *read_golden(void)
{
    char *text = xmalloc(GOLDEN_MAX);
    FILE *file = fopen(golden, "r");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, GOLDEN_MAX - 1, file);
    assert_true(feof(file));
    fclose(file);
    text[len] = '\0';
    return text;
}

static void add_utf8(struct buf *b, unsigned long cp)
{
    assert_in_range(cp, 0x800, 0xffff);
    buf_char(b, (char)(0xe0 | cp >> 12));
    buf_char(b, (char)(0x80 | (cp >> 6 & 0x3f)));
    buf_char(b, (char)(0x80 | (cp & 0x3f)));
}

/* The notation of the file; … is what every link has. */
static const char *decoded(struct buf *b, const char *s, size_t len)
{
    static const char more[] = "…";

    buf_clear(b);
    for (size_t i = 0; i < len; i++) {
        if (strncmp(s + i, more, sizeof more - 1) == 0) {
            buf_str(b, "rel=\"nofollow noopener noreferrer\" target=\"_blank\"");
            i += sizeof more - 2;
        } else if (s[i] != '\\') {
            buf_char(b, s[i]);
        } else if (s[++i] == 'u') {
            add_utf8(b, strtoul(s + i + 1, NULL, 16));
            i += 4;
        } else {
            buf_str(b, s[i] == 'n' ? "\n" : s[i] == 't' ? "\t" : "\\");
        }
    }
    return buf_cstr(b);
}

static void check(struct arena *a, const char *text, const char *want)
{
    const char *html = markup_html(a, text);

    if (!html)
        html = "(plain)";
    if (strcmp(html, want) != 0)
        print_error("of: %s\nhave: %s\nwant: %s\n", text, html, want);
    assert_string_equal(html, want);
}

static void test_texts_become_what_the_golden_file_says(void **state)
{
    char *file = read_golden();
    struct buf text, want;
    struct arena a;
    int count = 0;

    (void)state;
    arena_init(&a);
    buf_init(&text, GOLDEN_MAX);
    buf_init(&want, GOLDEN_MAX);
    for (char *line = file, *end; (end = strchr(line, '\n')); line = end + 1) {
        size_t len = (size_t)(end - line);

        if (strncmp(line, "--- ", 4) == 0)
            decoded(&text, line + 4, len - 4);
        if (strncmp(line, "=   ", 4) != 0)
            continue;
        check(&a, buf_cstr(&text), decoded(&want, line + 4, len - 4));
        arena_clear(&a);
        count++;
    }
    assert_true(count >= CASES_MIN);
    buf_release(&text);
    buf_release(&want);
    arena_release(&a);
    free(file);
}

/* `piece` until the text is as long as may be, or 64 KiB. */
static void check_much(struct arena *a, const char *piece, size_t size)
{
    struct clock clock = {0};
    int64_t begin = clock_boot_ms(&clock);
    struct buf text;

    buf_init(&text, size);
    while (!text.overflow)
        buf_str(&text, piece);
    text.overflow = false;
    for (size_t i = 0; text.len < size; i++)
        buf_char(&text, piece[i]);
    if (size > MARKUP_INPUT_MAX)
        assert_null(markup_html(a, buf_cstr(&text)));
    else if (markup_html(a, buf_cstr(&text)))
        assert_true(strlen(markup_html(a, buf_cstr(&text))) <= MARKUP_OUTPUT_MAX);
    assert_true(clock_boot_ms(&clock) - begin < LONG_MS);
    buf_release(&text);
    arena_clear(a);
}

static void test_no_text_is_much_work(void **state)
{
    static const char *const pieces[] = {
        "[",         "]",      "*",         ">",          "> ",
        "_",         "`",      "~",         "<",          "\\",
        "![",        "[a](",   "](",        "[](",        "**a",
        "a**",       "*a ",    "_a ",       "`a",         "- ",
        "- a\n",     "1. ",    "* a\n  ",   "&",          "&#1;",
        "~~a",       "**a_a",  "http://",   "<http://",   "http://a)",
        "http://a ", "(((",    "```\n",     "```a\n",     "\n\n",
        "\n>",       "a  \n",  "[a]: b\n",  "![a](http",  "[x](http://a.b)",
        "***a***",   "_a*b_c", "> - 1. a ", "\xc2\xaf\\", "https://a.b/(",
    };
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        check_much(&a, pieces[i], MARKUP_INPUT_MAX);
        check_much(&a, pieces[i], 65536);
    }
    arena_release(&a);
}

static void test_what_is_too_deep_or_too_long_is_plain(void **state)
{
    struct buf deep, wide;
    struct arena a;

    (void)state;
    arena_init(&a);
    buf_init(&deep, MARKUP_INPUT_MAX);
    for (int i = 0; i < MARKUP_DEPTH_MAX; i++)
        buf_fmt(&deep, "%*s- a\n", 2 * i, "");
    assert_null(markup_html(&a, buf_cstr(&deep)));
    buf_release(&deep);
    buf_init(&wide, MARKUP_INPUT_MAX);
    while (!wide.overflow)
        buf_str(&wide, "https://a.example/x ");
    assert_null(markup_html(&a, buf_cstr(&wide))); /* its HTML is longer than may be */
    buf_release(&wide);
    arena_release(&a);
}

static void test_a_text_with_the_stand_ins_themselves_is_plain(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_null(markup_html(&a, "**a** \xef\xb7\x90"));
    assert_null(markup_html(&a, "**a** \xef\xbf\xbe"));
    assert_null(markup_html(&a, "**a** \xef\xbf\xbf"));
    assert_non_null(markup_html(&a, "**a** \xef\xbf\xbd \xef\xb7\xb0"));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_become_what_the_golden_file_says),
        cmocka_unit_test(test_no_text_is_much_work),
        cmocka_unit_test(test_what_is_too_deep_or_too_long_is_plain),
        cmocka_unit_test(test_a_text_with_the_stand_ins_themselves_is_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
