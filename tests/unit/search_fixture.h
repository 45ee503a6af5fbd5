/* What the tests of finding messages share. */
#ifndef TESTS_UNIT_SEARCH_FIXTURE_H
#define TESTS_UNIT_SEARCH_FIXTURE_H

#include "chat/indexing.h"
#include "chat/search.h"
#include "tests/unit/act_fixture.h"

static inline struct search_result find(struct fixture *fx, const struct actor *who,
                                        const char *text)
{
    const struct search s = {
        .who = who, .text = text, .len = strlen(text), .newest = true, .page = 1};
    struct search_result out;

    if (search_run(&fx->chat, &fx->arena, &s, &out, &fx->fail))
        fail_msg("%s: %s", text, fx->fail.message);
    return out;
}

/* The texts that were found, newest first: "one|two". */
static inline const char *texts(struct fixture *fx, const struct search_result *r)
{
    const char *all = "";

    for (size_t i = 0; i < r->count; i++)
        all = arena_fmt(&fx->arena, "%s%s%s", all, i ? "|" : "", r->list[i].message.body);
    return all;
}

static inline void assert_finds(struct fixture *fx, const struct actor *who, const char *text,
                                const char *expected)
{
    struct search_result r = find(fx, who, text);

    if (strcmp(texts(fx, &r), expected) != 0)
        fail_msg("%s finds \"%s\", expected \"%s\"", text, texts(fx, &r), expected);
}

static inline void index_all(struct fixture *fx)
{
    if (indexing_finish(&fx->chat, &fx->fail))
        fail_msg("%s", fx->fail.message);
}

/* SQLite's own comparison of both indexes with the texts. */
static inline void assert_index_fits(struct fixture *fx)
{
    fixture_sql(fx, "INSERT INTO search_words (search_words, rank) VALUES ('integrity-check', 1)");
    fixture_sql(fx, "INSERT INTO search_parts (search_parts, rank) VALUES ('integrity-check', 1)");
}

static inline int setup_search(void **state)
{
    int failed = setup(state);

    ((struct fixture *)*state)->conf.rate_user_burst = 1000;
    return failed;
}

#define SEARCH_TEST(test) cmocka_unit_test_setup_teardown(test, setup_search, teardown)

#endif
