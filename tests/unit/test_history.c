/* Pages of a room, cursors and what they lead to, and that a resumed reader has what a fresh one
 * has. */
#include "tests/lib/fixture.h"

#include "chat/history.h"
#include "chat/moderate.h"
#include "chat/wire.h"
#include "db/purge.h"

#include <string.h>

static int setup(void **state)
{
    *state = fixture_open();
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

/* Energy's log: seq 1 is "created", then `count` messages "2", "3" … named by their seq. */
static void fill(struct fixture *fx, const struct actor *who, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        fixture_post(fx, who, "energy", arena_fmt(&fx->arena, "%lld", (long long)i + 2));
}

static enum err page(struct fixture *fx, const struct actor *who, int64_t before, int64_t after,
                     size_t limit, struct history_page *out)
{
    return history_messages(&fx->chat, &fx->arena, who, "energy", before, after, limit, out,
                            &fx->fail);
}

static void test_pages_walk_both_ways(void **state)
{
    static const struct {
        int64_t before, after;
        size_t limit;
        int64_t first, last; /* 0: nothing */
        bool more;
    } cases[] = {
        {0, -1, 5, 17, 21, true},    {17, -1, 5, 12, 16, true}, {7, -1, 5, 2, 6, false},
        {2, -1, 5, 0, 0, false},     {0, -1, 20, 2, 21, false}, {0, -1, 0, 2, 21, false},
        {0, 0, 5, 2, 6, true},       {0, 6, 5, 7, 11, true},    {0, 16, 5, 17, 21, false},
        {0, 21, 5, 0, 0, false},     {0, 99, 5, 0, 0, false},   {99, -1, 5, 17, 21, true},
        {0, -1, 9999, 2, 21, false},
    };
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct history_page p;

    fill(fx, &ana, 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(page(fx, &ana, cases[i].before, cases[i].after, cases[i].limit, &p), OK);
        assert_int_equal(p.room.room.head, 21);
        assert_int_equal(p.has_more, cases[i].more);
        assert_int_equal(p.count, cases[i].first ? cases[i].last - cases[i].first + 1 : 0);
        for (size_t m = 0; m < p.count; m++)
            assert_int_equal(p.messages[m].seq, cases[i].first + (int64_t)m);
    }
    assert_int_equal(strlen(p.epoch), 32);
}

static void test_one_who_joined_late_sees_from_then_on(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_user(fx, "8", "bob");
    struct history_cursor cur[2] = {{.room = "energy", .since = 5}, {.room = "energy", .since = 6}};
    struct history_page p;
    const char *current;

    fill(fx, &ana, 10);
    fixture_sql(fx, arena_fmt(&fx->arena,
                              "INSERT INTO room_member (room_id, user_id, joined_seq)"
                              " SELECT id, %lld, 6 FROM room WHERE slug = 'energy'",
                              (long long)bob.user_id));
    assert_int_equal(page(fx, &bob, 0, -1, 50, &p), OK);
    assert_int_equal(p.room.room.floor, 6);
    assert_int_equal(p.count, 5);
    assert_int_equal(p.messages[0].seq, 7);
    assert_false(p.has_more);
    assert_int_equal(page(fx, &bob, 9, -1, 3, &p), OK); /* the page ends inside what is hidden */
    assert_int_equal(p.count, 2);
    assert_false(p.has_more);
    assert_int_equal(page(fx, &bob, 5, -1, 3, &p), OK);
    assert_int_equal(p.count, 0);
    assert_int_equal(page(fx, &bob, 0, 0, 3, &p), OK); /* forward it begins at the floor */
    assert_int_equal(p.count, 3);
    assert_int_equal(p.messages[0].seq, 7);
    assert_int_equal(
        history_open_cursors(&fx->chat, &fx->arena, &bob, NULL, cur, 2, &current, &fx->fail), OK);
    assert_string_equal(cur[0].resync, "floor");
    assert_null(cur[1].resync);
    assert_int_equal(page(fx, &ana, 0, -1, 50, &p), OK);
    assert_int_equal(p.count, 10);
}

/* ----- cursors ----- */

static void test_a_cursor_that_does_not_fit_must_load_again(void **state)
{
    static const struct {
        int64_t since;
        const char *epoch; /* NULL: the right one */
        const char *resync;
    } cases[] = {
        {21, NULL, NULL},   {20, NULL, NULL},    {0, NULL, "lag"},           {11, NULL, NULL},
        {10, NULL, "lag"},  {22, NULL, "ahead"}, {21, "0000", "epoch"},      {99, "0000", "epoch"},
        {-1, "0000", NULL}, {-1, NULL, NULL},    {INT64_MAX, NULL, "ahead"},
    };
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    const char *epoch;
    const char *current;

    fx->conf.ws_max_lag_events = 10;
    fill(fx, &ana, 20);
    assert_int_equal(db_epoch(fx->chat.db, &fx->arena, &epoch, &fx->fail), OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct history_cursor cur = {.room = "energy", .since = cases[i].since};

        assert_int_equal(history_open_cursors(&fx->chat, &fx->arena, &ana,
                                              cases[i].epoch ? cases[i].epoch : epoch, &cur, 1,
                                              &current, &fx->fail),
                         OK);
        assert_string_equal(current, epoch);
        assert_int_equal(cur.err, OK);
        assert_int_equal(cur.view.room.head, 21);
        if (cases[i].resync)
            assert_string_equal(cur.resync, cases[i].resync);
        else
            assert_null(cur.resync);
    }
}

static void test_events_before_the_floor_are_gone(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct history_cursor cur[2] = {{.room = "energy", .since = 3}, {.room = "energy", .since = 4}};
    const char *current;

    fill(fx, &ana, 10);
    fixture_sql(fx, "UPDATE room SET floor = 4 WHERE slug = 'energy'");
    assert_int_equal(
        history_open_cursors(&fx->chat, &fx->arena, &ana, NULL, cur, 2, &current, &fx->fail), OK);
    assert_string_equal(cur[0].resync, "floor");
    assert_null(cur[1].resync);
}

static void test_one_bad_room_does_not_stop_the_others(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct history_cursor cur[] = {
        {.room = "nowhere", .since = 0},
        {.room = "energy", .since = 1},
        {.room = "general", .since = 99},
        {.room = "@me", .since = 0},
    };
    struct event *events;
    size_t count;
    bool more;
    const char *current;

    fill(fx, &ana, 3);
    FIXTURE_WRITE(fx, moderate_mute(&fx->chat, &fx->arena, ana.user_id, 1, 0, &fx->fail));
    assert_int_equal(history_open_cursors(&fx->chat, &fx->arena, &ana, NULL, cur, ARRAY_LEN(cur),
                                          &current, &fx->fail),
                     OK);
    assert_int_equal(cur[0].err, ERR_ROOM_NOT_FOUND);
    assert_string_equal(cur[2].resync, "ahead");
    assert_int_equal(history_events(&fx->chat, &fx->arena, &ana, cur, ARRAY_LEN(cur), &events,
                                    &count, &more, &fx->fail),
                     OK);
    assert_int_equal(count, 4);
    assert_false(more);
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(events[i].seq, i + 2);
        assert_string_equal(events[i].kind, "message");
        assert_int_equal(events[i].message.seq, i + 2);
    }
    assert_string_equal(events[3].kind, "moderation");
}

static void test_a_cursor_at_the_head_has_nothing_to_read(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct history_cursor cur = {.room = "energy", .since = -1};
    struct event *events;
    size_t count = 9;
    bool more = true;
    const char *current;

    fill(fx, &ana, 3);
    assert_int_equal(
        history_open_cursors(&fx->chat, &fx->arena, &ana, NULL, &cur, 1, &current, &fx->fail), OK);
    assert_int_equal(cur.since, 4);
    fixture_post(fx, &ana, "energy", "later"); /* past the head that was told: the next poll's */
    assert_int_equal(
        history_events(&fx->chat, &fx->arena, &ana, &cur, 1, &events, &count, &more, &fx->fail),
        OK);
    assert_int_equal(count, 0);
    assert_false(more);
}

/* Another program purges between the judgement of a cursor and the reading of its events. */
static void test_a_purge_meanwhile_makes_no_hole_in_what_is_told(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct history_cursor cur = {.room = "energy", .since = 1};
    struct history_news news;
    int64_t events, messages, room = fixture_room(fx, "energy").id;
    struct db *other;
    bool done;

    fill(fx, &ana, 9);
    assert_int_equal(db_open(&other, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail), OK);
    assert_int_equal(db_begin_read(fx->chat.db, &fx->fail), OK);
    assert_int_equal(history_look(&fx->chat, &fx->arena, &ana, NULL, &cur, 1, &news, &fx->fail),
                     OK);
    assert_int_equal(db_begin_write(other, &fx->fail), OK);
    assert_int_equal(purge_step(other, room, 6, &events, &messages, &done, &fx->fail), OK);
    assert_int_equal(db_commit(other, &fx->fail), OK);
    /* The same moment still: nothing is judged by one state and read from another. */
    assert_int_equal(history_look(&fx->chat, &fx->arena, &ana, NULL, &cur, 1, &news, &fx->fail),
                     OK);
    assert_false(news.resync);
    assert_int_equal(news.count, 9);
    for (size_t i = 0; i < news.count; i++)
        assert_int_equal(news.events[i].seq, cur.since + 1 + (int64_t)i);
    db_end_read(fx->chat.db);
    assert_int_equal(history_look(&fx->chat, &fx->arena, &ana, NULL, &cur, 1, &news, &fx->fail),
                     OK);
    assert_true(news.resync);
    assert_string_equal(cur.resync, "floor");
    assert_int_equal(news.count, 0);
    db_close(other);
}

/* Reads on from `since` until nothing more comes; each event must follow the one before. */
static size_t resume(struct fixture *fx, const struct actor *who, int64_t since, const char **out,
                     size_t max)
{
    size_t total = 0;
    bool more = true;
    const char *current;

    while (more) {
        struct history_cursor cur = {.room = "energy", .since = since};
        struct event *events;
        size_t count;

        assert_int_equal(
            history_open_cursors(&fx->chat, &fx->arena, who, NULL, &cur, 1, &current, &fx->fail),
            OK);
        assert_null(cur.resync);
        assert_int_equal(
            history_events(&fx->chat, &fx->arena, who, &cur, 1, &events, &count, &more, &fx->fail),
            OK);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(events[i].seq, since + 1);
            since = events[i].seq;
            if (strcmp(events[i].kind, "message") == 0 && total < max) {
                struct json_object *o = wire_event(&events[i], "energy");

                out[total++] = arena_str(&fx->arena, json_text(o, NULL));
                json_object_put(o);
            }
        }
    }
    return total;
}

static void test_resuming_gives_what_a_fresh_load_gives(void **state)
{
    enum { COUNT = 1200 };
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    const char **texts = arena_alloc(&fx->arena, COUNT * sizeof *texts);
    struct history_page p;
    size_t n;
    int64_t after = 0;

    fx->conf.rate_user_burst = 100000;
    fx->conf.ws_max_lag_events = 5000;
    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    for (int i = 0; i < COUNT; i++) {
        struct post post = {.actor = &ana,
                            .room = "energy",
                            .text = "tick",
                            .text_len = 4,
                            .sentiment = i % 3 ? NULL : "bearish",
                            .via = "ws"};
        struct posted out;

        assert_int_equal(chat_post(&fx->chat, &fx->arena, &post, &out, &fx->fail), OK);
        fixture_pass(fx, 100);
    }
    assert_int_equal(db_commit(fx->chat.db, &fx->fail), OK);

    n = resume(fx, &ana, 0, texts, COUNT);
    assert_int_equal(n, COUNT);
    n = 0;
    do {
        assert_int_equal(page(fx, &ana, 0, after, 200, &p), OK);
        for (size_t i = 0; i < p.count; i++) {
            struct json_object *o = wire_message(&p.messages[i], "energy");

            assert_string_equal(json_text(o, NULL), texts[n++]);
            json_object_put(o);
            after = p.messages[i].seq;
        }
    } while (p.has_more);
    assert_int_equal(n, COUNT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_pages_walk_both_ways),
        TEST(test_one_who_joined_late_sees_from_then_on),
        TEST(test_a_cursor_that_does_not_fit_must_load_again),
        TEST(test_events_before_the_floor_are_gone),
        TEST(test_one_bad_room_does_not_stop_the_others),
        TEST(test_a_cursor_at_the_head_has_nothing_to_read),
        TEST(test_a_purge_meanwhile_makes_no_hole_in_what_is_told),
        TEST(test_resuming_gives_what_a_fresh_load_gives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
