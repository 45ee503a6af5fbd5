/* What `outcry verify` finds, and that a purge leaves nothing for it to find. */
#include "db/handle.h"
#include "db/purge.h"
#include "db/verify.h"
#include "tests/unit/db_fixture.h"
#include "tests/unit/db_rows.h"

#define DAY_MS INT64_C(86400000)

/* Two rooms, one user, five messages a day in room 1 on the days 0, 1, 2 …; one in room 2. */
static int setup(void **state)
{
    struct fixture *fx;
    int rc = setup_chat(state);

    fx = *state;
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_int_equal(add_room(fx, "general"), 1);
    assert_int_equal(add_room(fx, "energy"), 2);
    assert_int_equal(add_user(fx, "ann"), 1);
    assert_true(post(fx->db, 2, 1, "elsewhere", &fx->fail) > 0);
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    return rc;
}

static void raw(struct fixture *fx, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;

    assert_int_equal(sqlite3_open(fx->chat, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}

static void write_day(struct fixture *fx, int64_t day, int count)
{
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    for (int i = 0; i < count; i++) {
        struct message m = {
            .room_id = 1, .user_id = 1, .body = "hello", .created_ms = day * DAY_MS};
        struct event e = {.room_id = 1,
                          .ts_ms = day * DAY_MS + i,
                          .kind = "message",
                          .actor_id = 1,
                          .msg_id = secure_random_id()};
        char client_id[33];

        secure_random_hex(client_id, 16);
        secure_random(m.salt, sizeof m.salt);
        m.id = e.msg_id;
        m.client_id = client_id;
        m.author_name = "ann";
        m.via = "cli";
        assert_ok(fx, event_append(fx->db, &e, m.salt, m.body, &fx->fail));
        m.seq = e.seq;
        assert_ok(fx, message_insert(fx->db, &m, &fx->fail));
    }
    assert_ok(fx, db_commit(fx->db, &fx->fail));
}

struct seen {
    char problem[300];
    int64_t rooms;
};

static void look(void *ctx, const struct verify_room *r)
{
    struct seen *seen = ctx;

    seen->rooms++;
    if (r->problem[0])
        snprintf(seen->problem, sizeof seen->problem, "%s: %s", r->slug, r->problem);
}

static void assert_verified(struct fixture *fx, int64_t events, int64_t messages)
{
    struct verify_total total;
    struct seen seen = {.rooms = 0};

    assert_ok(fx, verify_database(fx->db, look, &seen, &total, &fx->fail));
    if (total.problems)
        fail_msg("%s%s", fx->fail.message, seen.problem);
    assert_int_equal(total.events, events);
    assert_int_equal(total.messages, messages);
    assert_int_equal(total.rooms, seen.rooms);
}

static void assert_problem(struct fixture *fx, const char *damage, const char *text)
{
    struct verify_total total;
    struct seen seen = {.rooms = 0};

    raw(fx, damage);
    assert_ok(fx, verify_database(fx->db, look, &seen, &total, &fx->fail));
    assert_int_equal(total.problems, 1);
    if (!strstr(seen.problem, text))
        fail_msg("'%s' is not '%s'", seen.problem, text);
}

static void test_a_whole_database_has_no_problem(void **state)
{
    struct fixture *fx = *state;

    write_day(fx, 0, 5);
    assert_verified(fx, 6, 6);
}

static void test_a_message_without_its_event_is_found(void **state)
{
    struct fixture *fx = *state;

    write_day(fx, 0, 3);
    assert_problem(fx, "UPDATE message SET seq = 9 WHERE room_id = 1 AND seq = 3", "general: ");
}

static void test_an_event_without_its_message_is_found(void **state)
{
    struct fixture *fx = *state;

    write_day(fx, 0, 3);
    assert_problem(fx, "DELETE FROM message WHERE room_id = 1 AND seq = 2",
                   "general: The message is missing, or another's, of seq 2.");
}

static void test_a_changed_text_is_found(void **state)
{
    struct fixture *fx = *state;

    write_day(fx, 0, 3);
    assert_problem(fx, "UPDATE message SET body = 'other' WHERE room_id = 1 AND seq = 2",
                   "at seq 2: the message's text was changed");
}

static void test_a_gap_is_found(void **state)
{
    struct fixture *fx = *state;

    write_day(fx, 0, 5);
    assert_problem(fx, "DELETE FROM event WHERE room_id = 1 AND seq = 4",
                   "at seq 4: the event is missing");
}

static void test_a_mark_past_the_end_is_found(void **state)
{
    struct fixture *fx = *state;

    write_day(fx, 0, 2);
    assert_problem(fx, "INSERT INTO room_member (room_id, user_id, last_read_seq) VALUES (1, 1, 3)",
                   "general: A mark is past the end of the log, of user 1.");
}

static struct purge_room plan(struct fixture *fx, int64_t now_day)
{
    struct purge_room room;
    bool found;

    assert_ok(fx, purge_next(fx->db, &fx->arena, 0, now_day * DAY_MS, &room, &found, &fx->fail));
    assert_true(found);
    assert_int_equal(room.id, 1);
    return room;
}

/* Returns the number of transactions that it took. */
static int purge(struct fixture *fx, const struct purge_room *room, int stop_after)
{
    int64_t events = 0, messages = 0, e, m;
    bool done = false;
    int steps = 0;

    while (!done && steps < stop_after) {
        assert_ok(fx, db_begin_write(fx->db, &fx->fail));
        assert_ok(fx, purge_step(fx->db, room->id, room->cut, &e, &m, &done, &fx->fail));
        assert_ok(fx, db_commit(fx->db, &fx->fail));
        events += e;
        messages += m;
        steps++;
    }
    if (done) {
        assert_int_equal(events, room->events);
        assert_int_equal(messages, room->messages);
    }
    return steps;
}

static void test_a_purge_deletes_exactly_what_its_plan_counts(void **state)
{
    struct fixture *fx = *state;
    struct purge_room room;
    bool found;

    assert_ok(fx, purge_next(fx->db, &fx->arena, 0, 99 * DAY_MS, &room, &found, &fx->fail));
    assert_false(found); /* nothing is purged unless somebody says so */
    for (int day = 0; day < 4; day++)
        write_day(fx, day, 5);
    raw(fx, "UPDATE room SET retention_days = 2 WHERE id = 1");
    room = plan(fx, 4); /* the days 0 and 1 go */
    assert_int_equal(room.events, 10);
    assert_int_equal(room.messages, 10);
    assert_int_equal(room.cut, 10);
    purge(fx, &room, 100);
    assert_verified(fx, 11, 11);
    assert_int_equal(plan(fx, 4).events, 0);
    write_day(fx, 4, 5);
    assert_verified(fx, 16, 16);
    assert_problem(fx, "UPDATE event SET ts_ms = 1 WHERE room_id = 1 AND seq = 11",
                   "at seq 11: the event was changed");
}

static void test_a_log_may_be_purged_to_its_end_and_goes_on(void **state)
{
    struct fixture *fx = *state;
    struct purge_room room;

    write_day(fx, 0, 5);
    raw(fx, "UPDATE room SET retention_days = 1 WHERE id = 1");
    room = plan(fx, 9);
    assert_int_equal(room.cut, 5);
    purge(fx, &room, 100);
    assert_verified(fx, 1, 1);
    write_day(fx, 9, 1);
    assert_verified(fx, 2, 2);
    assert_int_equal(plan(fx, 9).events, 0);
}

static void test_what_came_after_something_that_stays_stays(void **state)
{
    struct fixture *fx = *state;

    write_day(fx, 0, 2);
    write_day(fx, 8, 1);
    write_day(fx, 0, 2); /* the clock went back */
    raw(fx, "UPDATE room SET retention_days = 3 WHERE id = 1");
    assert_int_equal(plan(fx, 9).cut, 2);
}

static void test_an_interrupted_purge_leaves_a_whole_log_and_is_finished_by_the_next(void **state)
{
    struct fixture *fx = *state;
    struct purge_room room;
    int64_t left;

    write_day(fx, 0, 3 * PURGE_STEP + 7);
    raw(fx, "UPDATE room SET retention_days = 1 WHERE id = 1");
    room = plan(fx, 9);
    assert_int_equal(purge(fx, &room, 2), 2);
    left = room.events - 2 * PURGE_STEP;
    assert_verified(fx, left + 1, left + 1);
    room = plan(fx, 9);
    assert_int_equal(room.events, left);
    assert_int_equal(purge(fx, &room, 100), 2);
    assert_verified(fx, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        T(test_a_whole_database_has_no_problem),
        T(test_a_message_without_its_event_is_found),
        T(test_an_event_without_its_message_is_found),
        T(test_a_changed_text_is_found),
        T(test_a_gap_is_found),
        T(test_a_mark_past_the_end_is_found),
        T(test_a_purge_deletes_exactly_what_its_plan_counts),
        T(test_a_log_may_be_purged_to_its_end_and_goes_on),
        T(test_what_came_after_something_that_stays_stays),
        T(test_an_interrupted_purge_leaves_a_whole_log_and_is_finished_by_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
