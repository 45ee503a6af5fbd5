#include "db/handle.h"
#include "tests/unit/db_rows.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

static void fill(struct fixture *fx, int64_t *room, int64_t *user, int count)
{
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    *room = add_room(fx, "general");
    *user = add_user(fx, "ann");
    for (int i = 0; i < count; i++)
        assert_int_equal(post(fx->db, *room, *user, "hello", &fx->fail), i + 1);
    assert_ok(fx, db_commit(fx->db, &fx->fail));
}

static void test_each_room_counts_for_itself_from_one(void **state)
{
    struct fixture *fx = *state;
    struct event list[8];
    int64_t general, energy, ann, newest;
    size_t count;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    general = add_room(fx, "general");
    energy = add_room(fx, "energy");
    ann = add_user(fx, "ann");
    assert_int_equal(post(fx->db, general, ann, "one", &fx->fail), 1);
    assert_int_equal(post(fx->db, energy, ann, "two", &fx->fail), 1);
    assert_int_equal(post(fx->db, general, ann, "three", &fx->fail), 2);
    assert_ok(fx, db_commit(fx->db, &fx->fail));

    assert_ok(fx, event_list(fx->db, &fx->arena, general, 0, list, 8, &count, &fx->fail));
    assert_int_equal(count, 2);
    assert_string_equal(list[0].message.body, "one");
    assert_string_equal(list[1].message.body, "three");
    assert_string_equal(list[1].room_slug, "general");
    assert_string_equal(list[1].message.room_slug, "general");
    assert_int_equal(list[1].seq, 2);
    assert_ok(fx, event_list(fx->db, &fx->arena, general, 1, list, 8, &count, &fx->fail));
    assert_int_equal(count, 1);
    assert_int_equal(list[0].seq, 2);

    assert_ok(fx, event_feed(fx->db, &fx->arena, 0, list, 8, &count, &fx->fail));
    assert_int_equal(count, 3);
    assert_string_equal(list[1].room_slug, "energy");
    assert_ok(fx, event_newest_id(fx->db, &newest, &fx->fail));
    assert_int_equal(newest, list[2].id);
    assert_ok(fx, event_feed(fx->db, &fx->arena, newest, list, 8, &count, &fx->fail));
    assert_int_equal(count, 0);
}

static void test_a_list_stops_at_its_maximum(void **state)
{
    struct fixture *fx = *state;
    struct event list[3];
    int64_t room, user;
    size_t count;

    fill(fx, &room, &user, 5);
    assert_ok(fx, event_list(fx->db, &fx->arena, room, 0, list, 3, &count, &fx->fail));
    assert_int_equal(count, 3);
    assert_int_equal(list[2].seq, 3);
}

static void test_an_event_without_a_message_has_a_payload(void **state)
{
    struct fixture *fx = *state;
    struct event e = {.ts_ms = 5, .kind = "room", .payload = "{\"change\":\"created\"}"}, got;
    int64_t room, user;
    size_t count;

    fill(fx, &room, &user, 0);
    e.room_id = room;
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, event_append(fx->db, &e, NULL, NULL, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_int_equal(e.seq, 1);
    assert_true(e.id > 0);
    assert_ok(fx, event_list(fx->db, &fx->arena, room, 0, &got, 1, &count, &fx->fail));
    assert_int_equal(count, 1);
    assert_string_equal(got.payload, e.payload);
    assert_int_equal(got.message.id, 0);
    assert_null(got.message.room_slug);
}

static void test_an_unknown_room_has_no_log(void **state)
{
    struct fixture *fx = *state;
    struct event e = {.room_id = 77, .ts_ms = 1, .kind = "notice"};
    int64_t checked;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_err(ERR_ROOM_NOT_FOUND, event_append(fx->db, &e, NULL, NULL, &fx->fail));
    db_rollback(fx->db);
    assert_err(ERR_ROOM_NOT_FOUND, event_verify(fx->db, 77, &checked, &fx->fail));
}

static void test_a_rolled_back_post_leaves_no_gap(void **state)
{
    struct fixture *fx = *state;
    int64_t room, user, checked;

    fill(fx, &room, &user, 2);
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, db_savepoint(fx->db, &fx->fail));
    assert_int_equal(post(fx->db, room, user, "taken back", &fx->fail), 3);
    db_rollback_savepoint(fx->db);
    assert_int_equal(post(fx->db, room, user, "kept", &fx->fail), 3);
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_int_equal(post(fx->db, room, user, "rolled back", &fx->fail), 4);
    db_rollback(fx->db);
    assert_ok(fx, event_verify(fx->db, room, &checked, &fx->fail));
    assert_int_equal(checked, 3);
}

struct race {
    int64_t room, user;
    int per_process;
};

static int post_many(struct fixture *fx, int number, void *arg)
{
    const struct race *race = arg;
    struct fail f;
    struct db *db;

    (void)number;
    if (db_open(&db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &f))
        return 1;
    for (int i = 0; i < race->per_process; i++) {
        if (db_begin_write(db, &f) || !post(db, race->room, race->user, "from many", &f) ||
            db_commit(db, &f))
            return 2;
    }
    db_close(db);
    return 0;
}

static void test_seq_has_no_gap_under_eight_processes(void **state)
{
    struct fixture *fx = *state;
    struct race race = {.per_process = 100};
    struct event list[1001];
    int64_t checked;
    size_t count;

    fill(fx, &race.room, &race.user, 0);
    fx->conf.wal_max_bytes = 100000; /* so that checkpoints happen meanwhile */
    assert_true(run_processes(fx, 8, post_many, &race));
    assert_ok(fx, event_list(fx->db, &fx->arena, race.room, 0, list, 1001, &count, &fx->fail));
    assert_int_equal(count, 800);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].seq, i + 1);
        assert_int_equal(list[i].message.seq, i + 1);
        if (i > 0)
            assert_true(list[i].id > list[i - 1].id);
    }
    assert_ok(fx, event_verify(fx->db, race.room, &checked, &fx->fail));
    assert_int_equal(checked, 800);
    assert_ok(fx, db_check(fx->db, &fx->fail));
}

struct victims {
    struct race race;
    atomic_int commits;
    int64_t acked[64]; /* per writer: how many of its commits came back */
};

static int post_until_killed(struct fixture *fx, int number, struct victims *v)
{
    struct fail f;
    struct db *db;

    if (db_open(&db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &f))
        return 1;
    for (;;) {
        if (db_begin_write(db, &f) || !post(db, v->race.room, v->race.user, "mine", &f) ||
            db_commit(db, &f))
            return 2;
        v->acked[number]++;
        atomic_fetch_add(&v->commits, 1);
    }
}

/* The tiny WAL makes nearly every kill fall near a checkpoint. */
static void test_killed_writers_lose_nothing_that_was_committed(void **state)
{
    struct fixture *fx = *state;
    struct victims *v = shared_memory(sizeof *v);
    int64_t acked = 0, checked;
    pid_t pids[64];
    int status;

    fill(fx, &v->race.room, &v->race.user, 0);
    db_close(fx->db);
    fx->db = NULL;
    fx->conf.wal_max_bytes = 20000;
    for (int round = 0; round < 10; round++) {
        int64_t deadline = test_now_ms() + 60000;

        for (int i = 0; i < 4; i++) {
            pids[i] = fork();
            if (pids[i] == 0)
                _exit(post_until_killed(fx, round * 4 + i, v));
        }
        while (atomic_load(&v->commits) < (round + 1) * 10 && test_now_ms() < deadline)
            sched_yield();
        for (int i = 0; i < 4; i++) {
            kill(pids[i], SIGKILL);
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFSIGNALED(status)); /* not ended by an error */
        }
    }
    for (int i = 0; i < 64; i++)
        acked += v->acked[i];
    assert_true(acked >= 100);
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_check(fx->db, &fx->fail));
    assert_ok(fx, event_verify(fx->db, v->race.room, &checked, &fx->fail));
    /* Each kill may fall between a commit and the count of it. */
    assert_in_range(checked, acked, acked + 64);
    munmap(v, sizeof *v);
}

/* Reads behind the others by id until it has seen all that they post; 3: something was skipped. */
static int follow(struct fixture *fx, const struct race *race, int total)
{
    int64_t deadline = test_now_ms() + 60000, id = 0, seq = 0;
    struct event list[50];
    struct fail f;
    struct db *db;
    size_t count;

    if (db_open(&db, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &f))
        return 1;
    while (seq < total && test_now_ms() < deadline) {
        if (event_feed(db, &fx->arena, id, list, ARRAY_LEN(list), &count, &f))
            return 2;
        for (size_t i = 0; i < count; i++) {
            if (list[i].room_id != race->room || list[i].seq != seq + 1 ||
                list[i].message.seq != list[i].seq)
                return 3;
            seq = list[i].seq;
            id = list[i].id;
        }
        arena_clear(&fx->arena);
    }
    db_close(db);
    return seq == total ? 0 : 4;
}

static int post_or_follow(struct fixture *fx, int number, void *arg)
{
    struct race *race = arg;

    return number < 4 ? post_many(fx, number, arg) : follow(fx, race, 4 * race->per_process);
}

static void test_who_follows_by_id_misses_nothing(void **state)
{
    struct fixture *fx = *state;
    struct race race = {.per_process = 100};

    fill(fx, &race.room, &race.user, 0);
    fx->conf.wal_max_bytes = 100000;
    assert_true(run_processes(fx, 6, post_or_follow, &race));
}

/* Changes the database behind the program's back and expects verify to name seq 3. */
static void assert_verify_finds(struct fixture *fx, const char *tampering, const char *said)
{
    int64_t room, user, checked;
    sqlite3 *raw;

    fill(fx, &room, &user, 5);
    assert_ok(fx, event_verify(fx->db, room, &checked, &fx->fail));
    assert_int_equal(checked, 5);
    assert_int_equal(sqlite3_open(fx->chat, &raw), SQLITE_OK);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(raw, tampering, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(raw));
    sqlite3_close(raw);
    assert_err(ERR_INTERNAL, event_verify(fx->db, room, &checked, &fx->fail));
    if (!strstr(fx->fail.message, said))
        fail_msg("said: %s", fx->fail.message);
}

static void test_verify_finds_a_changed_event(void **state)
{
    assert_verify_finds(*state, "UPDATE event SET ts_ms = 2 WHERE seq = 3",
                        "at seq 3: the event was changed");
}

static void test_verify_finds_another_author(void **state)
{
    assert_verify_finds(*state, "UPDATE event SET actor_id = 9 WHERE seq = 3",
                        "at seq 3: the event was changed");
}

static void test_verify_finds_a_changed_text(void **state)
{
    assert_verify_finds(*state, "UPDATE message SET body = 'sell' WHERE seq = 3",
                        "at seq 3: the message's text was changed");
}

static void test_verify_finds_a_missing_event(void **state)
{
    assert_verify_finds(*state, "DELETE FROM event WHERE seq = 3",
                        "at seq 3: the event is missing");
}

static void test_verify_finds_a_cut_tail(void **state)
{
    assert_verify_finds(*state,
                        "DELETE FROM event WHERE seq > 2; UPDATE room SET head = 2 WHERE id = 1",
                        "at seq 2: it is not the one the room ends with");
}

static void test_verify_begins_at_the_floor(void **state)
{
    struct fixture *fx = *state;
    int64_t room, user, checked;
    sqlite3 *raw;

    fill(fx, &room, &user, 5);
    assert_int_equal(sqlite3_open(fx->chat, &raw), SQLITE_OK);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(sqlite3_exec(raw,
                                  "UPDATE room SET floor = 2, floor_hash = (SELECT hash FROM event"
                                  " WHERE room_id = 1 AND seq = 2) WHERE id = 1;"
                                  "DELETE FROM event WHERE seq <= 2",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(raw);
    assert_ok(fx, event_verify(fx->db, room, &checked, &fx->fail));
    assert_int_equal(checked, 3);
    assert_int_equal(sqlite3_open(fx->chat, &raw), SQLITE_OK);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(
        sqlite3_exec(raw, "UPDATE event SET ts_ms = 7 WHERE seq = 3", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    assert_err(ERR_INTERNAL, event_verify(fx->db, room, &checked, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "at seq 3"));
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_each_room_counts_for_itself_from_one),
        WITH_CHAT(test_a_list_stops_at_its_maximum),
        WITH_CHAT(test_an_event_without_a_message_has_a_payload),
        WITH_CHAT(test_an_unknown_room_has_no_log),
        WITH_CHAT(test_a_rolled_back_post_leaves_no_gap),
        WITH_CHAT(test_seq_has_no_gap_under_eight_processes),
        WITH_CHAT(test_who_follows_by_id_misses_nothing),
        WITH_CHAT(test_killed_writers_lose_nothing_that_was_committed),
        WITH_CHAT(test_verify_finds_a_changed_event),
        WITH_CHAT(test_verify_finds_another_author),
        WITH_CHAT(test_verify_finds_a_changed_text),
        WITH_CHAT(test_verify_finds_a_missing_event),
        WITH_CHAT(test_verify_finds_a_cut_tail),
        WITH_CHAT(test_verify_begins_at_the_floor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
