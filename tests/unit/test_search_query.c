/* What is typed into the search box, taken apart. No input is wrong. */
#include "chat/search_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOVEMBER_1  INT64_C(1793491200000)
#define NOVEMBER_20 INT64_C(1795132800000)

static struct arena arena;

static struct search_query parse(const char *text)
{
    struct search_query q;

    search_query_parse(&arena, text, strlen(text), &q);
    return q;
}

/* The terms as one text: "word", "'phrase'", "begin*", "-not". */
static const char *terms(const struct search_query *q)
{
    const char *all = "";

    for (size_t i = 0; i < q->term_count; i++) {
        const struct search_term *t = &q->terms[i];
        const char *text = arena_strn(&arena, t->text, t->len);

        all = arena_fmt(&arena, "%s%s%s%s%s%s%s", all, i ? " " : "", t->negative ? "-" : "",
                        t->quoted ? "'" : "", text, t->quoted ? "'" : "", t->prefix ? "*" : "");
    }
    return all;
}

static void test_words_phrases_beginnings_and_what_shall_not_be_there(void **state)
{
    static const char *const cases[][2] = {
        {"crude oil", "crude oil"},
        {"  crude\t oil \n", "crude oil"},
        {"\"crude oil\" up", "'crude oil' up"},
        {"\"crude oil", "'crude oil'"},
        {"refin*", "refin*"},
        {"refin***", "refin*"},
        {"-opec", "-opec"},
        {"-\"crude oil\"", "-'crude oil'"},
        {"a - b", "a - b"},
        {"10:30 http://x.example/", "10:30 http://x.example/"},
        {"", ""},
        {"*", ""},
        {"\"\"", ""},
        {"\"", ""},
        {"NEAR(a b)", "NEAR(a b)"},
        {"'; DROP TABLE message", "'; DROP TABLE message"},
        {"body:x AND", "body:x AND"},
        {"\"a*\"", "'a*'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct search_query q = parse(cases[i][0]);

        assert_string_equal(terms(&q), cases[i][1]);
        assert_int_equal(q.note_count, 0);
    }
}

static void test_operators(void **state)
{
    struct search_query q =
        parse("from:@Ana in:#Energy after:2026-11-01 before:2026-11-20 has:link has:image crude");

    (void)state;
    assert_string_equal(q.from, "Ana");
    assert_string_equal(q.room, "energy");
    assert_int_equal(q.has, SEARCH_HAS_LINK | SEARCH_HAS_IMAGE);
    assert_int_equal(q.from_ms, NOVEMBER_1);
    assert_int_equal(q.before_ms, NOVEMBER_20);
    assert_string_equal(terms(&q), "crude");
    q = parse("from:\"Ana Belém\" gold");
    assert_string_equal(q.from, "Ana Belém");
    assert_string_equal(terms(&q), "gold");
    q = parse("gold");
    assert_null(q.from);
    assert_null(q.room);
    assert_int_equal(q.from_ms, 0);
    assert_true(q.before_ms == INT64_MAX);
}

static void test_an_operator_without_sense_is_left_out_and_said_so(void **state)
{
    static const char *const bad[] = {"before:yesterday",
                                      "after:2026-02-30",
                                      "after:2026-13-01",
                                      "after:2026-1-1",
                                      "after:0-1-1",
                                      "has:money",
                                      "from:",
                                      "from:@",
                                      "in:",
                                      "before:"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct search_query q = parse(arena_fmt(&arena, "gold %s", bad[i]));

        assert_string_equal(terms(&q), "gold");
        assert_int_equal(q.note_count, 1);
        assert_null(q.from);
        assert_null(q.room);
        assert_int_equal(q.from_ms, 0);
        assert_true(q.before_ms == INT64_MAX);
    }
}

static void test_more_than_is_sensible_is_cut(void **state)
{
    struct search_query q =
        parse("a b c d e f g h i j k l m n o p q has:x has:y has:z has:w has:v");

    (void)state;
    assert_int_equal(q.term_count, SEARCH_TERMS_MAX);
    assert_int_equal(q.note_count, SEARCH_NOTES_MAX);
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
        cmocka_unit_test(test_words_phrases_beginnings_and_what_shall_not_be_there),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_an_operator_without_sense_is_left_out_and_said_so),
        cmocka_unit_test(test_more_than_is_sensible_is_cut),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
