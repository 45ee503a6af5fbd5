/* events/ with `wait`: who waits, what ends it, and that nobody else is kept waiting for it. */
#include "chat/moderate.h"
#include "chat/online.h"
#include "db/backup.h"
#include "db/restore.h"
#include "lib/slot.h"
#include "tests/lib/web.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct chat other; /* another program's: what it does comes from outside */

static struct web *open_web(const char *lines)
{
    struct web *w = web_open_with(lines);

    fixture_open_chat(w->fx, &other);
    return w;
}

static void close_web(struct web *w)
{
    chat_close(&other);
    web_close(w);
}

static void post_elsewhere(struct web *w, const char *room, const char *text)
{
    struct actor bob = fixture_user(w->fx, "8", "bob");
    struct post p = {
        .actor = &bob, .room = room, .text = text, .text_len = strlen(text), .via = "api"};
    struct posted out;

    if (chat_post_now(&other, &w->fx->arena, &p, &out, &w->fx->fail))
        fail_msg("chat_post_now: %s", w->fx->fail.message);
}

static int poll_and_wait(struct web *w, const char *rooms, int seconds)
{
    return web_get(
        w, arena_fmt(&w->fx->arena, "/api/stocks/chat/events/?rooms=%s&wait=%d", rooms, seconds));
}

static size_t events(struct web *w)
{
    return json_object_array_length(web_json(w, "events"));
}

static bool waited(struct web *w)
{
    assert_non_null(web_json(w, "waited"));
    return json_object_get_boolean(web_json(w, "waited"));
}

static int64_t free_slots(struct web *w)
{
    return slot_count_free(w->fx->conf.notify_socket, w->fx->conf.wait_slots);
}

static void assert_answered_at_once(struct web *w, int64_t poll_after_ms)
{
    assert_int_equal(w->status, 200);
    assert_int_equal(events(w), 0);
    assert_int_equal(w->waits, 0);
    assert_false(waited(w));
    assert_int_equal(web_json_number(w, "poll_after_ms"), poll_after_ms);
}

static bool post_on_the_third(struct web *w, int fd, int64_t ms)
{
    (void)fd;
    (void)ms;
    if (w->waits == 3)
        post_elsewhere(w, "general", "at last");
    return true;
}

static void test_a_message_ends_the_wait(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    w->meanwhile = post_on_the_third;
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_int_equal(events(w), 1);
    assert_string_equal(web_json_text(w, "events.0.message"), "at last");
    assert_int_equal(web_json_number(w, "rooms.general.seq"), 2);
    assert_true(waited(w));
    assert_int_equal(web_json_number(w, "poll_after_ms"), 500);
    assert_true(w->waited_ms < 1000);
    assert_int_equal(free_slots(w), 8);
    close_web(w);
}

static void test_a_cursor_without_a_number_waits_from_now_on(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    post_elsewhere(w, "general", "before");
    w->meanwhile = post_on_the_third;
    assert_int_equal(poll_and_wait(w, "general", 20), 200);
    assert_int_equal(events(w), 1);
    assert_string_equal(web_json_text(w, "events.0.message"), "at last");
    close_web(w);
}

static bool read_on_the_third(struct web *w, int fd, int64_t ms)
{
    struct actor ana = fixture_user(w->fx, "7", "ana");
    struct room_view room;
    bool changed;

    (void)fd;
    (void)ms;
    if (w->waits != 3)
        return true;
    assert_int_equal(rooms_find(&other, &w->fx->arena, &ana, "general", &room, &w->fx->fail), OK);
    assert_int_equal(db_begin_write(other.db, &w->fx->fail), OK);
    assert_int_equal(rooms_mark_read(&other, &ana, &room, 2, &changed, &w->fx->fail), OK);
    assert_int_equal(db_commit(other.db, &w->fx->fail), OK);
    return true;
}

static void test_a_mark_of_another_device_ends_the_wait_of_who_says_what_it_knows(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    web_sign_in(w, "7", "ana");
    post_elsewhere(w, "general", "to be read");
    w->meanwhile = read_on_the_third;
    assert_int_equal(poll_and_wait(w, "general:2:1", 20), 200);
    assert_int_equal(events(w), 0);
    assert_true(waited(w));
    assert_true(w->waited_ms < 2000);
    assert_int_equal(web_json_number(w, "rooms.general.last_read_seq"), 2);
    w->meanwhile = NULL;
    assert_int_equal(poll_and_wait(w, "general:2:1", 20), 200); /* made before it asked */
    assert_int_equal(w->waits, 0);
    w->waited_ms = 0;
    assert_int_equal(poll_and_wait(w, "general:2:2", 20), 200);
    assert_int_equal(w->waited_ms, 20000);
    close_web(w);
}

static bool watches(struct web *w, int fd, int64_t ms)
{
    /* A place is held, silence is not taken for news, and a lost wake-up costs half a second. */
    assert_int_equal(free_slots(w), 7);
    assert_true(fd >= 0);
    assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 0);
    assert_in_range(ms, 1, 500);
    return true;
}

static void test_silence_is_waited_out(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    w->meanwhile = watches;
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_int_equal(events(w), 0);
    assert_int_equal(w->waited_ms, 20000);
    assert_true(w->waits < 60);
    assert_true(waited(w));
    assert_int_equal(web_json_number(w, "poll_after_ms"), 0);
    assert_int_equal(free_slots(w), 8);
    assert_int_equal(poll_and_wait(w, "general:1", 3), 200);
    assert_int_equal(w->waited_ms, 3000);
    close_web(w);
}

static void test_a_wait_ends_well_before_a_request_must(void **state)
{
    struct web *w = open_web("request_timeout_s = 6\n");

    (void)state;
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_int_equal(w->waited_ms, 4000);
    close_web(w);
}

static void test_who_does_not_ask_is_answered_at_once(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    assert_int_equal(web_get(w, "/api/stocks/chat/events/?rooms=general:1"), 200);
    assert_int_equal(w->waits, 0);
    assert_null(web_json(w, "waited"));
    assert_int_equal(web_json_number(w, "poll_after_ms"), 2000);
    poll_and_wait(w, "general:1", 0);
    assert_answered_at_once(w, 2000);
    web_begin(w, "HEAD", "/api/stocks/chat/events/?rooms=general:1&wait=20");
    assert_int_equal(web_send(w), 200);
    assert_int_equal(w->waits, 0);
    close_web(w);
}

static void test_news_is_not_waited_for(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    post_elsewhere(w, "general", "hello");
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_int_equal(events(w), 1);
    assert_int_equal(w->waits, 0);
    assert_true(waited(w));
    assert_int_equal(poll_and_wait(w, "general:9", 20), 410);
    assert_int_equal(w->waits, 0);
    assert_int_equal(free_slots(w), 8);
    close_web(w);
}

static void test_where_a_sidecar_runs_nobody_waits_here(void **state)
{
    struct web *w = open_web(NULL);
    int sidecar = notify_bind(w->fx->conf.notify_socket, &w->fx->fail);

    (void)state;
    assert_true(sidecar >= 0);
    poll_and_wait(w, "general:1", 20);
    assert_answered_at_once(w, 2000);
    /* Asking whether it is there woke it for nothing. */
    assert_int_equal(poll(&(struct pollfd){.fd = sidecar, .events = POLLIN}, 1, 0), 0);
    close(sidecar);
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_true(waited(w));
    close_web(w);
}

static void test_who_gets_no_place_is_told_so_at_once(void **state)
{
    struct web *w = open_web("wait_slots = 2\n");
    int one = slot_take(w->fx->conf.notify_socket, 2),
        two = slot_take(w->fx->conf.notify_socket, 2);

    (void)state;
    poll_and_wait(w, "general:1", 20);
    assert_answered_at_once(w, 3000);
    close(one);
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_true(waited(w));
    close(two);
    w->fx->conf.wait_slots = 0;
    poll_and_wait(w, "general:1", 20);
    assert_answered_at_once(w, 3000);
    close_web(w);
}

static bool needed_on_the_second(struct web *w, int fd, int64_t ms)
{
    (void)fd;
    (void)ms;
    return w->waits < 2;
}

static void test_a_process_that_is_needed_answers_what_it_has(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    w->meanwhile = needed_on_the_second;
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_int_equal(w->waits, 2);
    assert_int_equal(events(w), 0);
    assert_false(waited(w));
    assert_int_equal(web_json_number(w, "poll_after_ms"), 3000);
    assert_int_equal(free_slots(w), 8);
    close_web(w);
}

static bool post_in_another_room(struct web *w, int fd, int64_t ms)
{
    if (fd >= 0 && w->waits % 4 == 0) {
        w->fx->conf.rate_user_burst = w->fx->conf.rate_address_burst = 100000;
        post_elsewhere(w, "energy", "chatter");
    }
    assert_true(fd >= 0 || ms <= 100); /* the looks are kept apart */
    return true;
}

static void test_other_rooms_do_not_end_the_wait(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    w->meanwhile = post_in_another_room;
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_int_equal(events(w), 0);
    assert_true(waited(w));
    assert_int_equal(w->waited_ms, 20000);
    close_web(w);
}

static bool ban_on_the_second(struct web *w, int fd, int64_t ms)
{
    struct fixture *fx = w->fx;
    struct actor ana;

    (void)fd;
    (void)ms;
    if (w->waits != 2)
        return true;
    ana = fixture_user(fx, "7", "ana");
    assert_int_equal(db_begin_write(other.db, &fx->fail), OK);
    assert_int_equal(moderate_ban(&other, &fx->arena, ana.user_id, INT64_MAX, 0, &fx->fail), OK);
    assert_int_equal(db_commit(other.db, &fx->fail), OK);
    post_elsewhere(w, "general", "not for her");
    return true;
}

static void test_whoever_is_banned_meanwhile_gets_nothing_more(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    web_sign_in(w, "7", "ana");
    w->meanwhile = ban_on_the_second;
    assert_int_equal(poll_and_wait(w, "general:1", 20), 403);
    assert_string_equal(web_json_text(w, "error.code"), "banned");
    assert_null(strstr(web_text(w), "not for her"));
    close_web(w);
}

static bool restore_on_the_second(struct web *w, int fd, int64_t ms)
{
    struct fixture *fx = w->fx;
    const char *copy = arena_fmt(&fx->arena, "%s/copy.db", fx->dir);
    struct backup_report made;
    struct restore_report restored;

    (void)fd;
    (void)ms;
    if (w->waits != 2)
        return true;
    if (backup_make(other.db, copy, &made, &fx->fail) ||
        restore_run(&fx->conf, &fx->log, copy, NULL, &restored, &fx->fail))
        fail_msg("%s", fx->fail.message);
    return true;
}

static void test_a_database_that_is_replaced_is_loaded_again(void **state)
{
    struct web *w = open_web(NULL);

    (void)state;
    web_sign_in(w, "7", "ana");
    w->meanwhile = restore_on_the_second;
    assert_int_equal(poll_and_wait(w, "general:1,@me:0", 20), 410); /* though it named no epoch */
    assert_string_equal(web_json_text(w, "resync.0.room"), "general");
    assert_string_equal(web_json_text(w, "resync.0.reason"), "epoch");
    assert_string_equal(web_json_text(w, "resync.1.room"), "@me");
    assert_int_equal(free_slots(w), 8);
    w->meanwhile = post_on_the_third; /* and so is what comes into the new one */
    chat_close(&other);
    fixture_open_chat(w->fx, &other);
    assert_int_equal(poll_and_wait(w, "general:1", 20), 200);
    assert_int_equal(events(w), 1);
    close_web(w);
}

static bool checkpoint(struct web *w, int fd, int64_t ms)
{
    (void)fd;
    (void)ms;
    if (w->waits == 1) /* waits for readers, at most lock_timeout_ms */
        assert_int_equal(db_checkpoint_all(other.db, &w->fx->fail), OK);
    return true;
}

static void test_a_wait_holds_no_transaction(void **state)
{
    struct web *w = open_web("lock_timeout_ms = 500\n");

    (void)state;
    post_elsewhere(w, "energy", "something for the log");
    w->meanwhile = checkpoint;
    assert_int_equal(poll_and_wait(w, "general:1", 2), 200);
    close_web(w);
}

static bool is_still_online(struct web *w, int fd, int64_t ms)
{
    struct online *list;
    size_t count;

    (void)fd;
    (void)ms;
    other.clock = w->fx->chat.clock;
    assert_int_equal(online_list(&other, &w->fx->arena, 0, &list, &count, &w->fx->fail), OK);
    assert_int_equal(count, 1);
    return true;
}

static void test_one_who_waits_is_online_for_as_long(void **state)
{
    struct web *w = open_web("ws_heartbeat_ms = 1000\npresence_ttl_ms = 2000\n");

    (void)state;
    web_sign_in(w, "7", "ana");
    w->meanwhile = is_still_online;
    assert_int_equal(poll_and_wait(w, "general:1&conn=abcdefgh", 20), 200);
    assert_int_equal(w->waited_ms, 20000);
    close_web(w);
}

static void test_a_wait_has_bounds(void **state)
{
    static const char *const waits[] = {"21", "-1", "x", "1.5", "99999999999999999999"};
    struct web *w = open_web(NULL);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(waits); i++)
        assert_int_equal(
            web_get(w, arena_fmt(&w->fx->arena, "/api/stocks/chat/events/?rooms=general:1&wait=%s",
                                 waits[i])),
            400);
    close_web(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_ends_the_wait),
        cmocka_unit_test(test_a_cursor_without_a_number_waits_from_now_on),
        cmocka_unit_test(test_a_mark_of_another_device_ends_the_wait_of_who_says_what_it_knows),
        cmocka_unit_test(test_silence_is_waited_out),
        cmocka_unit_test(test_a_wait_ends_well_before_a_request_must),
        cmocka_unit_test(test_who_does_not_ask_is_answered_at_once),
        cmocka_unit_test(test_news_is_not_waited_for),
        cmocka_unit_test(test_where_a_sidecar_runs_nobody_waits_here),
        cmocka_unit_test(test_who_gets_no_place_is_told_so_at_once),
        cmocka_unit_test(test_a_process_that_is_needed_answers_what_it_has),
        cmocka_unit_test(test_other_rooms_do_not_end_the_wait),
        cmocka_unit_test(test_whoever_is_banned_meanwhile_gets_nothing_more),
        cmocka_unit_test(test_a_database_that_is_replaced_is_loaded_again),
        cmocka_unit_test(test_a_wait_holds_no_transaction),
        cmocka_unit_test(test_one_who_waits_is_online_for_as_long),
        cmocka_unit_test(test_a_wait_has_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
