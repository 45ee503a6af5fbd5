/* events/: the timed poll. */
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static int poll_rooms(struct web *w, const char *query)
{
    return web_get(w, arena_fmt(&w->fx->arena, "/api/stocks/chat/events/?%s", query));
}

static size_t events(struct web *w)
{
    return json_object_array_length(web_json(w, "events"));
}

static void test_what_is_newer_than_the_cursor_comes_in_order(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    struct arena *a = &w->fx->arena;
    int64_t since = fixture_room(w->fx, "general").head;

    (void)state;
    for (int i = 0; i < 5; i++)
        fixture_post(w->fx, &ana, "general", arena_fmt(a, "%d", i));
    fixture_post(w->fx, &ana, "energy", "elsewhere");
    assert_int_equal(poll_rooms(w, arena_fmt(a, "rooms=general:%lld", (long long)since)), 200);
    assert_int_equal(events(w), 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(web_json_number(w, arena_fmt(a, "events.%d.seq", i)), since + 1 + i);
        assert_string_equal(web_json_text(w, arena_fmt(a, "events.%d.type", i)), "message");
        assert_string_equal(web_json_text(w, arena_fmt(a, "events.%d.message", i)),
                            arena_fmt(a, "%d", i));
        assert_string_equal(web_json_text(w, arena_fmt(a, "events.%d.room", i)), "general");
    }
    assert_int_equal(web_json_number(w, "rooms.general.seq"), since + 5);
    assert_false(json_object_get_boolean(web_json(w, "more")));
    assert_int_equal(web_json_number(w, "poll_after_ms"), 2000);
    assert_int_equal(poll_rooms(w, arena_fmt(a, "rooms=general:%lld", (long long)since + 5)), 200);
    assert_int_equal(events(w), 0);
    web_close(w);
}

static void test_several_rooms_and_ones_own_log(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    fixture_post(w->fx, &bob, "general", "one");
    fixture_post(w->fx, &bob, "energy", "two");
    web_sign_in(w, "7", "ana");
    assert_int_equal(poll_rooms(w, "rooms=general:1,energy:1,@me:0"), 200);
    assert_int_equal(events(w), 2);
    assert_int_equal(web_json_number(w, "rooms.energy.unread"), 0); /* no mark yet */
    assert_non_null(web_json(w, "rooms.@me"));
    web_sign_out(w);
    assert_int_equal(poll_rooms(w, "rooms=general:1,@me:0"), 200);
    assert_string_equal(web_json_text(w, "missing.0"), "@me");
    assert_int_equal(events(w), 1);
    web_close(w);
}

static void test_rooms_that_are_not_there_do_not_stop_the_others(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    fixture_post(w->fx, &bob, "general", "one");
    assert_int_equal(poll_rooms(w, "rooms=nope:3,general:1"), 200);
    assert_int_equal(events(w), 1);
    assert_string_equal(web_json_text(w, "missing.0"), "nope");
    assert_null(web_json(w, "rooms.nope"));
    web_close(w);
}

static void test_a_cursor_that_cannot_be_served_is_410(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");
    const char *epoch;

    (void)state;
    fixture_post(w->fx, &bob, "general", "one");
    assert_int_equal(poll_rooms(w, "rooms=general:99,energy:1"), 410);
    assert_string_equal(web_json_text(w, "error.code"), "resync");
    assert_string_equal(web_json_text(w, "resync.0.room"), "general");
    assert_string_equal(web_json_text(w, "resync.0.reason"), "ahead");
    assert_int_equal(web_json_number(w, "resync.0.seq"), 2);
    assert_int_equal(json_object_array_length(web_json(w, "resync")), 1);
    epoch = web_json_text(w, "resync.0.epoch");
    assert_int_equal(strlen(epoch), 32);
    assert_int_equal(poll_rooms(w, "epoch=another&rooms=general:1"), 410);
    assert_string_equal(web_json_text(w, "resync.0.reason"), "epoch");
    web_close(w);
}

static void test_the_right_epoch_is_served(void **state)
{
    struct web *w = web_open();
    struct arena *a = &w->fx->arena;
    const char *epoch;

    (void)state;
    web_get(w, "/api/stocks/chat/messages/");
    epoch = arena_str(a, web_json_text(w, "epoch"));
    assert_int_equal(poll_rooms(w, arena_fmt(a, "epoch=%s&rooms=general:1", epoch)), 200);
    assert_string_equal(web_json_text(w, "epoch"), epoch);
    web_close(w);
}

static void test_one_who_is_too_far_behind_loads_again(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    w->fx->conf.ws_max_lag_events = 3;
    w->fx->conf.rate_user_burst = 100;
    for (int i = 0; i < 5; i++)
        fixture_post(w->fx, &bob, "general", "x");
    assert_int_equal(poll_rooms(w, "rooms=general:1"), 410);
    assert_string_equal(web_json_text(w, "resync.0.reason"), "lag");
    assert_int_equal(poll_rooms(w, "rooms=general:3"), 200);
    assert_int_equal(events(w), 3);
    web_close(w);
}

static void test_a_room_without_a_number_begins_now(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    fixture_post(w->fx, &bob, "general", "one");
    assert_int_equal(poll_rooms(w, "rooms=general"), 200);
    assert_int_equal(events(w), 0);
    assert_int_equal(web_json_number(w, "rooms.general.seq"), 2);
    web_close(w);
}

static void test_malformed_cursors_are_refused(void **state)
{
    static const char *const queries[] = {
        "",
        "rooms=",
        "rooms=,",
        "rooms=general:",
        "rooms=general:x",
        "rooms=general:-1",
        "rooms=general:1:",
        "rooms=general::2",
        "rooms=general:1:-2",
        "rooms=general:1:2:3",
        "rooms=general:99999999999999999999",
        "rooms=GENERAL:1",
        "rooms=:1",
        "rooms=general:1,general:2",
        "rooms=general:1,,energy:1",
        "rooms=general:1,",
        "rooms=general:1%00",
        "rooms=general:1&conn=short",
        "rooms=general:1&conn=12345678&state=gone",
        "rooms=general:1&rooms=energy:1",
    };
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(queries); i++)
        if (poll_rooms(w, queries[i]) != 400)
            fail_msg("%s: %d", queries[i], w->status);
    web_close(w);
}

static void test_more_rooms_than_there_can_be_are_refused(void **state)
{
    struct web *w = web_open();
    struct buf query;

    (void)state;
    buf_init(&query, 10000);
    buf_str(&query, "rooms=r0:1");
    for (int i = 1; i <= ROOMS_MAX; i++)
        buf_fmt(&query, ",r%d:1", i);
    assert_int_equal(poll_rooms(w, buf_cstr(&query)), 200);
    buf_str(&query, ",one-more:1");
    assert_int_equal(poll_rooms(w, buf_cstr(&query)), 400);
    buf_release(&query);
    web_close(w);
}

static int64_t online(struct web *w, const char *room)
{
    web_get(w, arena_fmt(&w->fx->arena, "/api/stocks/chat/presence/?room=%s", room));
    return web_json_number(w, "count");
}

static void test_a_poll_shows_its_user_in_the_first_room(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(poll_rooms(w, "rooms=energy:1,general:1&conn=abcdefgh&state=idle"), 200);
    assert_int_equal(online(w, "energy"), 1);
    assert_string_equal(web_json_text(w, "online.0.username"), "ana");
    assert_string_equal(web_json_text(w, "online.0.state"), "idle");
    assert_int_equal(online(w, "general"), 0);
    assert_int_equal(web_json_number(w, "total"), 1);
    fixture_pass(w->fx, 70000);
    assert_int_equal(online(w, "energy"), 1);
    fixture_pass(w->fx, 6000);
    assert_int_equal(online(w, "energy"), 0);
    web_sign_out(w);
    assert_int_equal(poll_rooms(w, "rooms=energy:1&conn=abcdefgh"), 200); /* nobody has no row */
    assert_int_equal(online(w, "energy"), 0);
    web_close(w);
}

static void test_without_a_sidecar_a_timed_poll_lets_its_connection_go(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_int_equal(poll_rooms(w, "rooms=general:1"), 200);
    assert_null(web_header(w, "Connection"));
    w->fx->conf.sidecar = SIDECAR_OFF;
    assert_int_equal(poll_rooms(w, "rooms=general:1"), 200);
    assert_string_equal(web_header(w, "Connection"), "close");
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_newer_than_the_cursor_comes_in_order),
        cmocka_unit_test(test_several_rooms_and_ones_own_log),
        cmocka_unit_test(test_rooms_that_are_not_there_do_not_stop_the_others),
        cmocka_unit_test(test_a_cursor_that_cannot_be_served_is_410),
        cmocka_unit_test(test_the_right_epoch_is_served),
        cmocka_unit_test(test_one_who_is_too_far_behind_loads_again),
        cmocka_unit_test(test_a_room_without_a_number_begins_now),
        cmocka_unit_test(test_malformed_cursors_are_refused),
        cmocka_unit_test(test_more_rooms_than_there_can_be_are_refused),
        cmocka_unit_test(test_a_poll_shows_its_user_in_the_first_room),
        cmocka_unit_test(test_without_a_sidecar_a_timed_poll_lets_its_connection_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
