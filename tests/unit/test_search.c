/* Finding messages: the same with and without an index, for whoever may read them. */
#include "chat/ignore.h"
#include "chat/members.h"
#include "chat/open_room.h"
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

/* A file of these bytes that was sent to the room; its id. */
static const char *send_file(struct fixture *fx, const struct actor *who, const char *room,
                             const char *name, const char *bytes, size_t len)
{
    const struct upload_wish wish = {
        .actor = who, .room = room, .name = name, .name_len = strlen(name), .size = (int64_t)len};
    struct upload up;

    if (upload_whole(&fx->chat, &fx->arena, &wish, bytes, &up, &fx->fail))
        fail_msg("%s", fx->fail.message);
    return up.row.id;
}

static int64_t post_with(struct fixture *fx, const struct actor *who, const char *room,
                         const char *text, const char *files)
{
    struct posted out;
    const struct post post = {.actor = who,
                              .room = room,
                              .text = text,
                              .text_len = strlen(text),
                              .via = "api",
                              .attachments = files};

    if (chat_post_now(&fx->chat, &fx->arena, &post, &out, &fx->fail))
        fail_msg("%s", fx->fail.message);
    return out.message.id;
}

/* A message with a file of these bytes. */
static int64_t post_file(struct fixture *fx, const struct actor *who, const char *text,
                         const struct buf *bytes)
{
    return post_with(fx, who, "general", text,
                     send_file(fx, who, "general", "x", bytes->data, bytes->len));
}

/* A message with a file of that name. */
static int64_t post_named(struct fixture *fx, const struct actor *who, const char *room,
                          const char *text, const char *name)
{
    return post_with(fx, who, room, text, send_file(fx, who, room, name, "a,b\n", 4));
}

/* "field:hit|field:hit" of the only message that is found. */
static const char *hits(struct fixture *fx, const struct actor *who, const char *text)
{
    struct search_result r = find(fx, who, text);
    const struct found *found = &r.list[0];
    const char *all = "";

    assert_int_equal(r.count, 1);
    for (size_t i = 0; i < found->match.hit_count; i++) {
        const struct search_hit *hit = &found->match.hits[i];
        const char *in =
            hit->field ? found->message.attachments[hit->field - 1].name : found->message.body;

        all = arena_fmt(&fx->arena, "%s%s%zu:%.*s", all, i ? "|" : "", hit->field,
                        (int)(hit->end - hit->start), in + hit->start);
    }
    return all;
}

static void test_messages_are_found_by_the_names_of_their_files(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct acted out;
    const char *two;
    int64_t first;

    first = post_named(fx, &ana, "general", "the table", "Brent_Crude-2026.csv");
    two = arena_fmt(&fx->arena, "%s %s", send_file(fx, &ana, "general", "margins.txt", "text", 4),
                    send_file(fx, &ana, "general", "Crude oil.txt", "more", 4));
    post_with(fx, &ana, "general", "look at the margins of refiners", two);
    fixture_post(fx, &ana, "general", "crude words");
    for (int indexed = 0; indexed < 2; indexed++) {
        assert_finds(fx, &ana, "brent", "the table");
        assert_finds(fx, &ana, "crude", "crude words|look at the margins of refiners|the table");
        assert_finds(fx, &ana, "table 2026", "the table"); /* one in the text, one in the name */
        assert_finds(fx, &ana, "has:file crude -oil", "the table");
        assert_finds(fx, &ana, "bren*", "the table");
        assert_finds(fx, &ana, "argins.tx", "look at the margins of refiners");
        /* A phrase is of one text or of one name. */
        assert_finds(fx, &ana, "\"crude oil\"", "look at the margins of refiners");
        assert_finds(fx, &ana, "\"table brent\"", "");
        assert_finds(fx, &ana, "\"txt crude\"", "");
        assert_finds(fx, &ana, "table -\"table brent\"", "the table");
        assert_string_equal(hits(fx, &ana, "margins"), "0:margins|1:margins");
        assert_string_equal(hits(fx, &ana, "oil margins"), "0:margins|1:margins|2:oil");
        assert_string_equal(hits(fx, &ana, "2026 csv"), "1:2026|1:csv");
        index_all(fx);
    }
    assert_index_fits(fx);
    assert_int_equal(act(fx,
                         (struct act){.kind = ACT_EDIT, .text = "a list", .text_len = 6, .rev = 1},
                         &ana, first, &out),
                     OK);
    assert_finds(fx, &ana, "brent", "a list");
    assert_finds(fx, &ana, "table", "");
    assert_index_fits(fx);
    assert_int_equal(act(fx, (struct act){.kind = ACT_DELETE}, &ana, first, &out), OK);
    assert_finds(fx, &ana, "brent", "");
    assert_index_fits(fx);
    assert_sound(fx);
}

static void test_names_of_files_are_found_by_whom_they_are_for(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct actor cleo = fixture_user(fx, "9", "cleo");
    struct room_view v;
    struct room desk;

    fixture_post(fx, &ben, "general", "here is ben");
    FIXTURE_WRITE(fx,
                  open_private(&fx->chat, &fx->arena, &ana, "The desk", NULL, &desk, &fx->fail));
    post_named(fx, &ana, desk.slug, "before", "palladium.csv");
    FIXTURE_WRITE(
        fx, members_invite(&fx->chat, &fx->arena, &ana, desk.slug, ben.user_id, NULL, &fx->fail));
    FIXTURE_WRITE(fx, members_join(&fx->chat, &fx->arena, &ben, desk.slug, &v, &fx->fail));
    post_named(fx, &ana, desk.slug, "since", "palladium.csv");
    post_named(fx, &cleo, "general", "by cleo", "palladium.csv");
    assert_int_equal(ignore_set(&fx->chat, &fx->arena, &ben, cleo.user_id, true, &fx->fail), OK);
    for (int indexed = 0; indexed < 2; indexed++) {
        assert_finds(fx, &ana, "palladium", "by cleo|since|before");
        assert_finds(fx, &ben, "palladium", "since|before");
        assert_finds(fx, &cleo, "palladium", "by cleo");
        fixture_sql(fx, "UPDATE room_member SET joined_seq = (SELECT seq - 1 FROM message"
                        " WHERE body = 'since') WHERE room_id = (SELECT room_id FROM message"
                        " WHERE body = 'since') AND user_id = (SELECT id FROM user WHERE username"
                        " = 'ben')");
        assert_finds(fx, &ben, "palladium", "since");
        fixture_sql(fx, "UPDATE room_member SET joined_seq = 0");
        index_all(fx);
    }
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
        SEARCH_TEST(test_messages_are_found_by_the_names_of_their_files),
        SEARCH_TEST(test_names_of_files_are_found_by_whom_they_are_for),
        SEARCH_TEST(test_rooms_that_are_not_theirs_are_not_searched),
        SEARCH_TEST(test_whom_the_reader_ignores_is_not_found),
        SEARCH_TEST(test_the_best_come_first_unless_the_newest_shall),
        SEARCH_TEST(test_pages_hold_each_once),
        SEARCH_TEST(test_a_snippet_shows_what_was_found_and_no_more),
        SEARCH_TEST(test_it_can_be_switched_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
