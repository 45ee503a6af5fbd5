/* Finding messages: the same with and without an index, for whoever may read them. */
#include "chat/upload.h"
#include "chat/wire_search.h"
#include "db/ignored.h"
#include "tests/lib/pictures.h"
#include "tests/unit/search_fixture.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)

static const char *const said[] = {
    "Crude oil is up",
    "Oil and crude: see http://example.com/",
    "BRK.B beats $TSLA",
    "上海证券交易所 opens",
    "Refining margins, refined",
    "nothing special 🚀",
    "Café Société",
    "'; DROP TABLE message; --",
    "NEAR(oil, gas)",
};

static const struct {
    const char *query, *finds;
} expectations[] = {
    {"crude oil", "Oil and crude: see http://example.com/|Crude oil is up"},
    {"CRUDE", "Oil and crude: see http://example.com/|Crude oil is up"},
    {"\"crude oil\"", "Crude oil is up"},
    {"crude -see", "Crude oil is up"},
    {"-absent crude -see", "Crude oil is up"},
    {"refin*", "Refining margins, refined"},
    {"re*", "Refining margins, refined"},
    {"BRK.B", "BRK.B beats $TSLA"},
    {"brk", "BRK.B beats $TSLA"},
    {"$TSLA", "BRK.B beats $TSLA"},
    {"上海", "上海证券交易所 opens"},
    {"海", "上海证券交易所 opens"},
    {"证券交易", "上海证券交易所 opens"},
    {"证券 opens", "上海证券交易所 opens"},
    {"🚀", "nothing special 🚀"},
    {"cafe societe", "Café Société"},
    {"has:link", "Oil and crude: see http://example.com/"},
    {"has:link crude", "Oil and crude: see http://example.com/"},
    {"'; DROP", "'; DROP TABLE message; --"},
    {"NEAR(", "NEAR(oil, gas)"},
    {"\"NEAR(oil, gas)\"", "NEAR(oil, gas)"},
    {"*", ""},
    {"\"", ""},
    {"absent", ""},
    {"oil absent", ""},
    {"from:ana special", "nothing special 🚀"},
    {"from:ben", ""},
    {"from:nobody special", ""},
    {"in:energy special", ""},
    {"in:general special", "nothing special 🚀"},
    {"in:nowhere special", ""},
    {"body:oil", ""},
    {"after:2026-11-22 special", "nothing special 🚀"},
    {"before:2026-11-22 special", ""},
};

static void say_all(struct fixture *fx, const struct actor *who)
{
    for (size_t i = 0; i < ARRAY_LEN(said); i++)
        fixture_post(fx, who, "general", said[i]);
}

static void assert_expectations(struct fixture *fx, const struct actor *who)
{
    for (size_t i = 0; i < ARRAY_LEN(expectations); i++)
        assert_finds(fx, who, expectations[i].query, expectations[i].finds);
}

static void test_what_is_found_does_not_depend_on_the_index(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    fixture_user(fx, "8", "ben");
    say_all(fx, &ana);
    assert_expectations(fx, &ana);
    index_all(fx);
    assert_expectations(fx, &ana);
    assert_index_fits(fx);
    fx->conf.search = SEARCH_BY_WORDS;
    assert_expectations(fx, &ana);
}

static void test_parts_of_words_are_found_where_no_word_is(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct search_result r;

    say_all(fx, &ana);
    for (int indexed = 0; indexed < 2; indexed++) {
        r = find(fx, &ana, "argin");
        assert_string_equal(texts(fx, &r), "Refining margins, refined");
        assert_true(r.as_parts);
        r = find(fx, &ana, "margins");
        assert_false(r.as_parts);
        assert_finds(fx, &ana, "rude ee", "");
        index_all(fx);
    }
    fx->conf.search = SEARCH_BY_WORDS;
    assert_finds(fx, &ana, "argin", "");
}

/* They stand apart from each other; together they are only within longer words. */
static void test_words_that_are_known_are_no_parts(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct search_result r;

    fixture_post(fx, &ana, "general", "copper");
    fixture_post(fx, &ana, "general", "nickel");
    fixture_post(fx, &ben, "general", "coppery nickels");
    index_all(fx);
    r = find(fx, &ana, "copper nickel");
    assert_int_equal(r.count, 0);
    assert_false(r.as_parts);
    assert_finds(fx, &ana, "opper nickel", "coppery nickels");
    assert_finds(fx, &ana, "nickel before:2020-01-01", "");
}

/* A message with a file of these bytes. */
static int64_t post_file(struct fixture *fx, const struct actor *who, const char *text,
                         const struct buf *bytes)
{
    const struct upload_wish wish = {
        .actor = who, .room = "general", .name = "x", .name_len = 1, .size = (int64_t)bytes->len};
    struct upload up;
    struct posted out;

    if (upload_whole(&fx->chat, &fx->arena, &wish, bytes->data, &up, &fx->fail))
        fail_msg("%s", fx->fail.message);
    const struct post post = {.actor = who,
                              .room = "general",
                              .text = text,
                              .text_len = strlen(text),
                              .via = "api",
                              .attachments = up.row.id};

    if (chat_post_now(&fx->chat, &fx->arena, &post, &out, &fx->fail))
        fail_msg("%s", fx->fail.message);
    return out.message.id;
}

static void test_messages_are_found_by_what_they_carry(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct buf bytes;
    struct acted out;
    int64_t chart;

    buf_init(&bytes, PICTURE_MAX);
    picture_png(&bytes, 30, 20);
    chart = post_file(fx, &ana, "crude in a chart", &bytes);
    buf_clear(&bytes);
    buf_str(&bytes, "day,close\n");
    post_file(fx, &ana, "crude as a table", &bytes);
    buf_release(&bytes);
    fixture_post(fx, &ana, "general", "crude in words");
    for (int indexed = 0; indexed < 2; indexed++) {
        assert_finds(fx, &ana, "has:file", "crude as a table|crude in a chart");
        assert_finds(fx, &ana, "has:image", "crude in a chart");
        assert_finds(fx, &ana, "has:file table", "crude as a table");
        assert_finds(fx, &ana, "has:image table", "");
        assert_finds(fx, &ana, "has:file has:link", "");
        index_all(fx);
    }
    assert_index_fits(fx);
    assert_int_equal(act(fx, (struct act){.kind = ACT_DELETE}, &ana, chart, &out), OK);
    assert_finds(fx, &ana, "has:image", "");
    assert_finds(fx, &ana, "has:file", "crude as a table");
    assert_index_fits(fx);
}

static void test_rooms_that_are_not_theirs_are_not_searched(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct actor nobody = fixture_nobody();
    struct room room = fixture_room(fx, "energy");
    bool changed;

    FIXTURE_WRITE(fx, room_mark_read(fx->chat.db, room.id, ana.user_id, 1, &changed, &fx->fail));
    fixture_post(fx, &ana, "energy", "secret merger");
    for (int indexed = 0; indexed < 2; indexed++) {
        fixture_sql(fx, "UPDATE room SET kind = 'private' WHERE slug = 'energy'");
        assert_finds(fx, &ana, "merger", "secret merger");
        assert_finds(fx, &ben, "merger", "");
        assert_finds(fx, &ben, "erge", "");
        assert_finds(fx, &nobody, "from:ana", "");
        assert_int_equal(find(fx, &ben, "in:energy merger").query.note_count, 1);
        assert_int_equal(find(fx, &ben, "in:nowhere merger").query.note_count, 1);
        fixture_sql(fx, "UPDATE room_member SET joined_seq = 1000 WHERE user_id <> 0");
        assert_finds(fx, &ana, "merger", "");
        fixture_sql(fx, "UPDATE room_member SET joined_seq = 0 WHERE user_id <> 0");
        fixture_sql(fx, "UPDATE room SET kind = 'public' WHERE slug = 'energy'");
        assert_finds(fx, &ben, "merger", "secret merger");
        index_all(fx);
    }
}

static void test_whom_the_reader_ignores_is_not_found(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    bool changed;

    fixture_post(fx, &ben, "general", "buy now");
    FIXTURE_WRITE(fx,
                  ignored_insert(fx->chat.db, ana.user_id, ben.user_id, 1, &changed, &fx->fail));
    for (int indexed = 0; indexed < 2; indexed++) {
        assert_finds(fx, &ana, "buy", "");
        assert_finds(fx, &ana, "from:ben", "");
        assert_finds(fx, &ben, "buy", "buy now");
        index_all(fx);
    }
}

static void test_the_best_come_first_unless_the_newest_shall(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct search s = {.who = &ana, .text = "gold", .len = 4, .page = 1};
    struct search_result r;

    fixture_post(fx, &ana, "general", "gold gold gold");
    fixture_pass(fx, DAY_MS);
    fixture_post(fx, &ana, "general",
                 "a long text about this and that and the weather and, by the way, gold as well");
    assert_int_equal(search_run(&fx->chat, &fx->arena, &s, &r, &fx->fail), OK);
    assert_string_equal(r.list[0].message.body, "gold gold gold");
    s.newest = true;
    assert_int_equal(search_run(&fx->chat, &fx->arena, &s, &r, &fx->fail), OK);
    assert_string_equal(r.list[1].message.body, "gold gold gold");
    fixture_pass(fx, 400 * DAY_MS);
    fixture_post(fx, &ana, "general", "gold");
    s.newest = false;
    assert_int_equal(search_run(&fx->chat, &fx->arena, &s, &r, &fx->fail), OK);
    assert_string_equal(r.list[0].message.body, "gold");
}

static void test_pages_hold_each_once(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    bool seen[46] = {false};
    size_t count = 0;

    for (int i = 0; i < 45; i++)
        fixture_post(fx, &ana, "general", arena_fmt(&fx->arena, "silver %d", i));
    for (int64_t page = 1; page <= 3; page++) {
        const struct search s = {.who = &ana, .text = "silver", .len = 6, .page = page};
        struct search_result r;

        assert_int_equal(search_run(&fx->chat, &fx->arena, &s, &r, &fx->fail), OK);
        assert_int_equal(r.total, 45);
        assert_int_equal(r.has_more, page < 3);
        for (size_t i = 0; i < r.count; i++, count++) {
            long number = strtol(r.list[i].message.body + 7, NULL, 10);

            assert_false(seen[number]);
            seen[number] = true;
        }
    }
    assert_int_equal(count, 45);
}

static void test_a_snippet_shows_what_was_found_and_no_more(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    char text[900];
    const struct search s = {.who = &ana, .text = "needle", .len = 6, .page = 1};
    struct search_result r;
    struct json_object *o, *pieces;
    size_t len = 0;

    for (int i = 0; i < 60; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s ",
                                i == 20 ? "<b>needle</b>" : "häystack");
    fixture_post(fx, &ana, "general", text);
    assert_int_equal(search_run(&fx->chat, &fx->arena, &s, &r, &fx->fail), OK);
    o = wire_search(&s, &r);
    pieces = json_object_object_get(
        json_object_array_get_idx(json_object_object_get(o, "results"), 0), "snippet");
    len = 0;
    for (size_t i = 0; i < json_object_array_length(pieces); i++) {
        struct json_object *piece = json_object_array_get_idx(pieces, i);
        const char *part = json_object_get_string(json_object_object_get(piece, "text"));

        if (json_object_object_get(piece, "hit"))
            assert_string_equal(part, "needle");
        len += strlen(part);
    }
    assert_true(json_object_array_length(pieces) == 5); /* …, before, it, after, … */
    assert_true(len < 400);
    json_object_put(o);
}

static void test_it_can_be_switched_off(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    const struct search s = {.who = &ana, .text = "x", .len = 1, .page = 1};
    struct search_result r;
    bool due = true;

    for (int i = 0; i < 100; i++)
        fixture_post(fx, &ana, "general", "filler");
    fx->conf.search = SEARCH_OFF;
    assert_int_equal(search_run(&fx->chat, &fx->arena, &s, &r, &fx->fail), ERR_NOT_FOUND);
    assert_int_equal(indexing_is_due(&fx->chat, &due, &fx->fail), OK);
    assert_false(due);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEARCH_TEST(test_what_is_found_does_not_depend_on_the_index),
        SEARCH_TEST(test_parts_of_words_are_found_where_no_word_is),
        SEARCH_TEST(test_words_that_are_known_are_no_parts),
        SEARCH_TEST(test_messages_are_found_by_what_they_carry),
        SEARCH_TEST(test_rooms_that_are_not_theirs_are_not_searched),
        SEARCH_TEST(test_whom_the_reader_ignores_is_not_found),
        SEARCH_TEST(test_the_best_come_first_unless_the_newest_shall),
        SEARCH_TEST(test_pages_hold_each_once),
        SEARCH_TEST(test_a_snippet_shows_what_was_found_and_no_more),
        SEARCH_TEST(test_it_can_be_switched_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
