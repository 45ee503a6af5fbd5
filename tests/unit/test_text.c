/* Text from outside: what is UTF-8, what is a name, and which names are the same. */
#include "lib/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

/* A name for the failure message, since the bytes may not be printable. */
static void expect(bool got, bool want, const char *what, size_t row)
{
    if (got != want)
        fail_msg("%s, row %zu: got %d, want %d", what, row, got, want);
}

static void test_valid_utf8_is_accepted(void **state)
{
    static const struct bytes rows[] = {
        B(""),
        B("plain"),
        B("a\0b"), /* a NUL is UTF-8; who does not want it says so */
        B("\x7f"),
        B("\xc2\x80"), /* the first and last of each length */
        B("\xdf\xbf"),
        B("\xe0\xa0\x80"),
        B("\xed\x9f\xbf"),
        B("\xee\x80\x80"),
        B("\xef\xbf\xbf"),
        B("\xf0\x90\x80\x80"),
        B("\xf4\x8f\xbf\xbf"),
        B("日本語 ünï 🚀"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect(text_is_utf8(rows[i].s, rows[i].len), true, "valid", i);
        assert_int_equal(text_utf8_prefix(rows[i].s, rows[i].len), rows[i].len);
    }
}

static void test_invalid_utf8_is_refused_and_its_place_is_known(void **state)
{
    static const struct {
        struct bytes text;
        size_t prefix;
    } rows[] = {
        {B("\x80"), 0},                     /* a continuation alone */
        {B("ab\xbf"), 2},                   /* … at the end */
        {B("\xc3"), 0},                     /* cut */
        {B("a\xe2\x82"), 1},                /* cut */
        {B("\xf0\x9f\x9a"), 0},             /* cut */
        {B("\xc3\x28"), 0},                 /* no continuation where one must be */
        {B("\xe2\x28\xa1"), 0},             /* … in the middle */
        {B("\xe2\x82\x28"), 0},             /* … last */
        {B("\xf0\x28\x8c\xbc"), 0},         /**/
        {B("\xc0\x80"), 0},                 /* overlong NUL */
        {B("\xc0\xaf"), 0},                 /* overlong slash */
        {B("\xc1\xbf"), 0},                 /**/
        {B("\xe0\x80\xaf"), 0},             /**/
        {B("\xe0\x9f\xbf"), 0},             /* the largest overlong of three */
        {B("\xf0\x80\x80\xaf"), 0},         /**/
        {B("\xf0\x8f\xbf\xbf"), 0},         /* the largest overlong of four */
        {B("\xed\xa0\x80"), 0},             /* the first surrogate */
        {B("\xed\xbf\xbf"), 0},             /* the last */
        {B("\xed\xa0\xbd\xed\xb8\x80"), 0}, /* a pair, as CESU-8 */
        {B("\xf4\x90\x80\x80"), 0},         /* past U+10FFFF */
        {B("\xf5\x80\x80\x80"), 0},         /**/
        {B("\xf8\x88\x80\x80\x80"), 0},     /* five bytes */
        {B("\xfc\x84\x80\x80\x80\x80"), 0}, /* six */
        {B("\xfe"), 0},                     /**/
        {B("ok\xff"), 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect(text_is_utf8(rows[i].text.s, rows[i].text.len), false, "invalid", i);
        assert_int_equal(text_utf8_prefix(rows[i].text.s, rows[i].text.len), rows[i].prefix);
    }
}

static void test_characters_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(text_count("", 0), 0);
    assert_int_equal(text_count("abc", 3), 3);
    assert_int_equal(text_count("ü日🚀", strlen("ü日🚀")), 3);
}

static void test_numbers_must_be_the_whole_text_and_in_range(void **state)
{
    static const struct {
        const char *s;
        int64_t min, max, want;
        bool ok;
    } rows[] = {
        {"0", 0, 9, 0, true},
        {"-1", -5, 5, -1, true},
        {"9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, true},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, true},
        {"9223372036854775808", INT64_MIN, INT64_MAX, 0, false},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, 0, false},
        {"99999999999999999999999999", INT64_MIN, INT64_MAX, 0, false},
        {"", 0, 9, 0, false},
        {"-", -9, 9, 0, false},
        {"+1", 0, 9, 0, false},
        {" 1", 0, 9, 0, false},
        {"1 ", 0, 9, 0, false},
        {"01", 0, 9, 0, false},
        {"00", 0, 9, 0, false},
        {"-0", -9, 9, 0, false},
        {"-01", -9, 9, 0, false},
        {"1.0", 0, 9, 0, false},
        {"1e1", 0, 99, 0, false},
        {"0x1", 0, 9, 0, false},
        {"12abc", 0, 99, 0, false},
        {"١", 0, 9, 0, false}, /* an Arabic digit */
        {"10", 0, 9, 0, false},
        {"-1", 0, 9, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t n = -77;

        expect(text_to_i64(rows[i].s, strlen(rows[i].s), rows[i].min, rows[i].max, &n), rows[i].ok,
               rows[i].s, i);
        assert_int_equal(n, rows[i].ok ? rows[i].want : -77);
    }
    assert_false(text_to_i64("1\0", 2, 0, 9, &(int64_t){0}));
}

static void test_text_is_cleaned(void **state)
{
    static const struct {
        struct bytes in;
        const char *want; /* NULL: refused */
    } rows[] = {
        {B("  hello \n"), "hello"},
        {B("\xc2\xa0\xe3\x80\x80hi\xe2\x80\xa9"), "hi"}, /* no-break and wide blanks, separators */
        {B("a\r\nb\rc\nd"), "a\nb\nc\nd"},
        {B("a\tb"), "a\tb"},
        {B(""), ""},
        {B(" \n\t "), ""},
        {B("e\xcc\x81"), "é"},               /* NFC */
        {B("\xe2\x84\xab"), "\xc3\x85"},     /* the angstrom sign is a letter */
        {B("\xef\xac\x81"), "\xef\xac\x81"}, /* ligatures stay: NFC, not NFKC */
        {B("👩‍🚀 ok"), "👩‍🚀 ok"},
        {B("\xe2\x80\xae"
           "abc"),
         "\xe2\x80\xae"
         "abc"}, /* bidi is the display's business */
        {B("a\0b"), NULL},
        {B("a\x1b[31m"), NULL},
        {B("a\x0b"
           "b"),
         NULL},
        {B("\x01"), NULL},
        {B("\xff"), NULL},
        {B("\xed\xa0\x80"), NULL},
        {B("a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 8"),
         "á\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 8"},
        {B("a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 9"), NULL},
        /* joiners between marks do not begin a new count */
        {B("a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xe2\x80\x8d\xcc\x81\xcc\x81\xcc\x81\xcc\x81"),
         NULL},
    };
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *got = text_clean(&a, rows[i].in.s, rows[i].in.len);

        if (!got != !rows[i].want || (got && strcmp(got, rows[i].want) != 0))
            fail_msg("row %zu: got \"%s\", want \"%s\"", i, got ? got : "(refused)",
                     rows[i].want ? rows[i].want : "(refused)");
    }
    arena_release(&a);
}

static void test_a_flood_of_marks_costs_nothing(void **state)
{
    enum { MARKS = 500000 };
    struct arena a;
    char *bomb;

    (void)state;
    arena_init(&a);
    bomb = arena_alloc(&a, 2 * MARKS);
    /* Two classes in turn: sorting them would be quadratic, minutes at this length. */
    for (size_t i = 0; i < MARKS; i++)
        memcpy(bomb + 2 * i, i % 2 ? "\xcc\x81" : "\xcc\x96", 2);
    assert_null(text_clean(&a, bomb, 2 * MARKS));
    assert_null(text_name(&a, bomb, 2 * MARKS));
    arena_release(&a);
}

static void test_what_shows_nothing_is_blank(void **state)
{
    static const struct {
        struct bytes text;
        bool blank;
    } rows[] = {
        {B(""), true},
        {B(" \t\n"), true},
        {B("\xe2\x80\x8b"), true},              /* zero-width space */
        {B("\xe2\x80\x8d\xe2\x81\xa0"), true},  /* joiners */
        {B("\xef\xbb\xbf"), true},              /* byte order mark */
        {B("\xe2\x80\xae \xe2\x80\xac"), true}, /* bidi controls */
        {B("\xe3\x85\xa4"), true},              /* Hangul filler */
        {B("\xef\xbe\xa0"), true},              /* half-width filler */
        {B("\xe2\xa0\x80"), true},              /* braille without dots */
        {B("\xc2\xad"), true},                  /* soft hyphen */
        {B("\xcc\x81"), true},                  /* a mark without a base */
        {B("\xef\xb8\x8f"), true},              /* variation selector */
        {B("\xf3\xa0\x81\xa1"), true},          /* tag letter */
        {B("\x01\x02"), true},                  /* controls */
        {B("\xc2\x85"), true},                  /* next line */
        {B(" . "), false},
        {B("\xe2\x80\x8b"
           "a"),
         false},
        {B("🚀"), false},
        {B("0"), false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect(text_is_blank(rows[i].text.s, rows[i].text.len), rows[i].blank, "blank", i);
}

static void test_names_are_cleaned_or_refused(void **state)
{
    static const struct {
        struct bytes in;
        const char *want;
    } rows[] = {
        {B("ana"), "ana"},
        {B("  ana   maria\t"), "ana maria"},
        {B("ana\xc2\xa0\xc2\xa0maria"), "ana maria"},
        {B("Zo\xcc\x88"
           "e"),
         "Zöe"},
        {B("राम"), "राम"},
        {B("日本語"), "日本語"},
        {B("x 🚀"), "x 🚀"},
        {B("a.b-c_d+e(f)!"), "a.b-c_d+e(f)!"},
        {B("12345678901234567890123456789012"), "12345678901234567890123456789012"},
        {B("123456789012345678901234567890123"), NULL}, /* 33 */
        {B("üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü"), "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü"},
        {B(""), NULL},
        {B("   "), NULL},
        {B("a\nb"), NULL},
        {B("a\xe2\x80\xa8"
           "b"),
         NULL}, /* line separator */
        {B("a\xc2\x85"
           "b"),
         NULL}, /* next line */
        {B("a\x7f"), NULL},
        {B("a\xc2\x9b"
           "31m"),
         NULL}, /* CSI of C1 */
        {B("a\0b"), NULL},
        {B("adm\xe2\x80\x8bin"), NULL}, /* zero-width space */
        {B("adm\xe2\x80\x8din"), NULL},
        {B("adm\xc2\xadin"), NULL},
        {B("\xe2\x80\xaenimda"), NULL}, /* right-to-left override */
        {B("\xe2\x81\xa6"
           "a"),
         NULL},                     /* isolate */
        {B("a\xef\xb8\x8f"), NULL}, /* variation selector */
        {B("a\xe3\x85\xa4"), NULL}, /* filler */
        {B("\xcc\x81"
           "a"),
         NULL},                    /* a mark without a base */
        {B("\xee\x80\x80"), NULL}, /* private use */
        {B("\xef\xbf\xbf"), NULL}, /* noncharacter */
        {B("<b>"), NULL},
        {B("a>b"), NULL},
        {B("a&b"), NULL},
        {B("a\"b"), NULL},
        {B("o'hara"), NULL},
        {B("a`b"), NULL},
        {B("a~guest"), NULL},
        {B("@ana"), NULL},
        {B("ana#7"), NULL},
        {B("a/b"), NULL},
        {B("a\\b"), NULL},
        {B("\xff\xfe"), NULL},
        {B("\xc0\xaf"), NULL},
    };
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *got = text_name(&a, rows[i].in.s, rows[i].in.len);

        if (!got != !rows[i].want || (got && strcmp(got, rows[i].want) != 0))
            fail_msg("row %zu: got \"%s\", want \"%s\"", i, got ? got : "(refused)",
                     rows[i].want ? rows[i].want : "(refused)");
    }
    arena_release(&a);
}

static void test_names_that_look_alike_fold_alike(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"Ana", "ana", true},
        {"ANA", "ａｎａ", true}, /* full width */
        {"ana", "𝐚𝐧𝐚", true},    /* mathematical */
        {"Jose", "José", true},
        {"STRASSE", "straße", true},
        {"admin", "аdmin", true},   /* Cyrillic a */
        {"Bob", "Воb", true},       /* Cyrillic ve and o */
        {"ROSS", "RОЅЅ", true},     /* Cyrillic o, dze */
        {"paypal", "раурal", true}, /* Cyrillic er a u er a */
        {"NASDAQ", "ΝASDAQ", true}, /* Greek capital nu */
        {"victor", "νictor", true}, /* Greek small nu among Latin letters */
        {"ΝΙΚΟΣ", "νίκος", true},   /* but alone it folds as its capital does */
        {"ana", "ᴀɴᴀ", true},       /* small capitals */
        {"istanbul", "İstanbul", true},
        {"istanbul", "ıstanbul", true},
        {"lukasz", "łukasz", true},
        {"a-b",
         "a\xe2\x80\x91"
         "b",
         true}, /* a hyphen that does not break */
        {"a-b",
         "a\xe2\x88\x92"
         "b",
         true},              /* minus sign */
        {"ﬁn", "fin", true}, /* ligature */
        {"ana", "anna", false},
        {"b0b", "bob", false}, /* digits are kept apart */
        {"l0l", "lol", false},
        {"a1", "al", false},
        {"ana maria", "anamaria", false},
        {"की", "का", false}, /* vowel signs make another word */
        {"か", "が", false}, /* so does voicing */
        {"и", "п", false},
        {"", "", true},
    };
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *one = text_fold(&a, rows[i].a), *two = text_fold(&a, rows[i].b);

        if ((strcmp(one, two) == 0) != rows[i].same)
            fail_msg("row %zu: \"%s\" and \"%s\" fold to \"%s\" and \"%s\"", i, rows[i].a,
                     rows[i].b, one, two);
        assert_true(text_is_utf8(one, strlen(one)));
        /* Folding again changes nothing. */
        assert_string_equal(text_fold(&a, one), one);
    }
    assert_non_null(text_fold(&a, "\xff\xfe"));
    arena_release(&a);
}

static void test_slugs_and_client_ids_have_their_alphabet(void **state)
{
    static const struct {
        struct bytes text;
        bool slug, client_id;
    } rows[] = {
        {B("general"), true, false},
        {B("general-2"), true, true},
        {B("a"), true, false},
        {B("@me"), true, false},
        {B("@you"), false, false},
        {B(""), false, false},
        {B("-a"), false, false},
        {B("a-"), false, false},
        {B("General"), false, false},
        {B("a_b"), false, false},
        {B("a b"), false, false},
        {B("a\0b"), false, false},
        {B("ä"), false, false},
        {B("12345678901234567890123456789012"), true, true},
        {B("123456789012345678901234567890123"), false, true},
        {B("AZaz09_-"), false, true},
        {B("1234567"), true, false},
        {B("1234567."), false, false},
        {B("1234567\0"), false, false},
        {B("1234567890123456789012345678901234567890123456789012345678901234"), false, true},
        {B("12345678901234567890123456789012345678901234567890123456789012345"), false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect(text_is_slug(rows[i].text.s, rows[i].text.len), rows[i].slug, "slug", i);
        expect(text_is_client_id(rows[i].text.s, rows[i].text.len), rows[i].client_id, "client id",
               i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_utf8_is_accepted),
        cmocka_unit_test(test_invalid_utf8_is_refused_and_its_place_is_known),
        cmocka_unit_test(test_characters_are_counted_not_bytes),
        cmocka_unit_test(test_numbers_must_be_the_whole_text_and_in_range),
        cmocka_unit_test(test_text_is_cleaned),
        cmocka_unit_test(test_a_flood_of_marks_costs_nothing),
        cmocka_unit_test(test_what_shows_nothing_is_blank),
        cmocka_unit_test(test_names_are_cleaned_or_refused),
        cmocka_unit_test(test_names_that_look_alike_fold_alike),
        cmocka_unit_test(test_slugs_and_client_ids_have_their_alphabet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
