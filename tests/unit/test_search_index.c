/* The index behind the search: it follows what becomes of texts, is
 * built again, and is verified. */
#include "db/erase.h"
#include "tests/unit/search_fixture.h"

static void test_edits_and_deletions_are_followed_at_once(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t first = fixture_post(fx, &ana, "general", "copper rallies").message.id;
    int64_t second = fixture_post(fx, &ana, "general", "copper sinks").message.id;
    struct acted out;

    index_all(fx);
    assert_int_equal(
        act(fx, (struct act){.kind = ACT_EDIT, .text = "nickel rallies", .text_len = 14, .rev = 1},
            &ana, first, &out),
        OK);
    assert_finds(fx, &ana, "copper", "copper sinks");
    assert_finds(fx, &ana, "nickel", "nickel rallies");
    assert_index_fits(fx);
    assert_int_equal(act(fx, (struct act){.kind = ACT_DELETE}, &ana, second, &out), OK);
    assert_finds(fx, &ana, "copper", "");
    assert_index_fits(fx);
}

static void test_an_erased_text_is_in_no_index(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, "general", "my own affairs").message.id;
    struct search_reach reach;

    index_all(fx);
    FIXTURE_WRITE(fx, erase_message(fx->chat.db, id, "deleted", &fx->fail));
    assert_finds(fx, &ana, "affairs", "");
    assert_int_equal(search_reach(fx->chat.db, &reach, &fx->fail), OK);
    assert_false(reach.stale);
    assert_index_fits(fx);
}

static void test_what_others_change_in_the_file_is_followed_by_the_next_step(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    bool due = false;

    fixture_post(fx, &ana, "general", "copper rallies");
    index_all(fx);
    fixture_sql(fx, "UPDATE message SET body = 'zinc rallies'");
    assert_finds(fx, &ana, "copper", "");
    assert_int_equal(indexing_is_due(&fx->chat, &due, &fx->fail), OK);
    assert_true(due);
    index_all(fx);
    assert_finds(fx, &ana, "zinc", "zinc rallies");
    assert_index_fits(fx);
}

static void test_an_index_is_built_again_and_steps_only_where_it_is_worth_one(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct search_reach reach;
    bool due = true, done = false;

    fixture_post(fx, &ana, "general", "platinum");
    assert_int_equal(indexing_is_due(&fx->chat, &due, &fx->fail), OK);
    assert_false(due);
    for (int i = 0; i < 100; i++)
        fixture_post(fx, &ana, "general", "filler");
    assert_int_equal(indexing_is_due(&fx->chat, &due, &fx->fail), OK);
    assert_true(due);
    for (int i = 0; !done && i < 20; i++)
        assert_int_equal(indexing_step(&fx->chat, &done, &fx->fail), OK);
    assert_true(done);
    assert_int_equal(search_reach(fx->chat.db, &reach, &fx->fail), OK);
    assert_in_range(reach.newest - reach.at[SEARCH_WORDS], 0, 64);
    assert_in_range(reach.newest - reach.at[SEARCH_PARTS], 0, 64);
    assert_index_fits(fx);
    assert_int_equal(indexing_restart(&fx->chat, &fx->fail), OK);
    assert_finds(fx, &ana, "platinum", "platinum");
    index_all(fx);
    assert_int_equal(indexing_compact(&fx->chat, &fx->fail), OK);
    assert_index_fits(fx);
    assert_finds(fx, &ana, "platinum", "platinum");
}

static void test_verify_finds_an_index_that_does_not_fit(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct verify_total total;

    fixture_post(fx, &ana, "general", "copper rallies");
    fixture_post(fx, &ana, "general", "zinc rallies");
    index_all(fx);
    assert_sound(fx);
    fixture_sql(fx, "UPDATE message SET body = 'tin' WHERE body = 'zinc rallies';"
                    " DELETE FROM search_stale");
    assert_int_equal(verify_database(fx->chat.db, NULL, NULL, &total, &fx->fail), OK);
    assert_non_null(strstr(total.search, "has not the words of event"));
    assert_int_equal(indexing_restart(&fx->chat, &fx->fail), OK);
    index_all(fx);
    assert_int_equal(verify_database(fx->chat.db, NULL, NULL, &total, &fx->fail), OK);
    assert_string_equal(total.search, "");
    fixture_sql(fx, "DELETE FROM message WHERE body = 'tin'; DELETE FROM search_stale");
    assert_int_equal(verify_database(fx->chat.db, NULL, NULL, &total, &fx->fail), OK);
    assert_non_null(strstr(total.search, "texts of"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEARCH_TEST(test_edits_and_deletions_are_followed_at_once),
        SEARCH_TEST(test_an_erased_text_is_in_no_index),
        SEARCH_TEST(test_what_others_change_in_the_file_is_followed_by_the_next_step),
        SEARCH_TEST(test_an_index_is_built_again_and_steps_only_where_it_is_worth_one),
        SEARCH_TEST(test_verify_finds_an_index_that_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
