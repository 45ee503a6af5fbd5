/* A database that is older than its witness, or damaged, is read and not written; never taken for
 * empty, never overwritten. */
#include "db/handle.h"
#include "db/purge.h"
#include "db/restore.h"
#include "tests/unit/db_fixture.h"
#include "tests/unit/db_rows.h"

#include <fcntl.h>

/* Each in a transaction of its own. */
static void commit_rows(struct fixture *fx, int count)
{
    for (int i = 0; i < count; i++) {
        assert_ok(fx, db_begin_write(fx->db, &fx->fail));
        assert_true(post(fx->db, 1, 1, "hello", &fx->fail) > 0);
        assert_ok(fx, db_commit(fx->db, &fx->fail));
    }
}

static int setup(void **state)
{
    struct fixture *fx;
    int rc = setup_chat(state);

    fx = *state;
    begin_chat(fx);
    commit_rows(fx, 5);
    return rc;
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    char buf[65536];
    size_t n;

    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(buf, 1, sizeof buf, in)) > 0)
        assert_int_equal(fwrite(buf, 1, n, out), n);
    fclose(in);
    fclose(out);
}

/* chat.db and its WAL, as they are now, to or from files named NAME. */
static void save(struct fixture *fx, const char *name)
{
    copy_file(fx->chat, beside(fx, name));
    copy_file(beside(fx, "chat.db-wal"), beside(fx, arena_fmt(&fx->arena, "%s-wal", name)));
}

static void put_back(struct fixture *fx, const char *name)
{
    db_close(fx->db);
    fx->db = NULL;
    copy_file(beside(fx, name), fx->chat);
    copy_file(beside(fx, arena_fmt(&fx->arena, "%s-wal", name)), beside(fx, "chat.db-wal"));
    unlink(beside(fx, "chat.db-shm"));
}

static int64_t head(struct fixture *fx)
{
    struct room r;

    assert_ok(fx, room_by_id(fx->db, &fx->arena, 1, &r, &fx->fail));
    return r.head;
}

static void reopen(struct fixture *fx)
{
    db_close(fx->db);
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
}

/* Opens it: it can be read, and not written. */
static void assert_alarm(struct fixture *fx, const char *why)
{
    reopen(fx);
    assert_non_null(db_alarm(fx->db));
    assert_non_null(strstr(db_alarm(fx->db), why));
    assert_true(log_has(fx, "event=storage_alarm"));
    assert_err(ERR_BUSY, db_begin_write(fx->db, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "can only be read"));
    assert_true(fx->fail.retry_after_ms >= 10000);
    assert_true(head(fx) > 0);
}

static void assert_fine(struct fixture *fx)
{
    reopen(fx);
    assert_null(db_alarm(fx->db));
    commit_rows(fx, 1);
}

static void test_a_copy_put_back_by_hand_is_read_only_until_it_is_accepted(void **state)
{
    struct fixture *fx = *state;
    struct restore_report r;
    bool moved;

    save(fx, "saved");
    assert_fine(fx);
    put_back(fx, "saved");
    assert_alarm(fx, "older than its witness");
    assert_int_equal(head(fx), 5);

    assert_ok(fx, restore_run(&fx->conf, &fx->log, fx->chat, NULL, &r, &fx->fail));
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    assert_true(moved);
    assert_null(db_alarm(fx->db));
    assert_int_equal(head(fx), 5);
    commit_rows(fx, 3);
    assert_fine(fx);
}

static void test_an_old_copy_that_was_written_to_tells_another_story(void **state)
{
    struct fixture *fx = *state;

    save(fx, "saved");
    commit_rows(fx, 1);
    copy_file(beside(fx, "chat.db-witness"), beside(fx, "witness"));
    put_back(fx, "saved");
    unlink(beside(fx, "chat.db-witness"));
    reopen(fx);
    commit_rows(fx, 2);
    copy_file(beside(fx, "witness"), beside(fx, "chat.db-witness"));
    assert_alarm(fx, "another story");
}

static void test_a_database_of_another_history_is_noticed(void **state)
{
    struct fixture *fx = *state;
    struct restore_report r;
    bool moved;

    save(fx, "saved");
    assert_ok(fx, restore_run(&fx->conf, &fx->log, fx->chat, NULL, &r, &fx->fail));
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    commit_rows(fx, 1);
    assert_int_equal(unlink(fx->chat), 0); /* the link */
    copy_file(beside(fx, "saved"), fx->chat);
    copy_file(beside(fx, "saved-wal"), beside(fx, "chat.db-wal"));
    assert_alarm(fx, "not of the history");
}

static void test_a_lost_wal_is_noticed_and_a_lost_shm_is_no_loss(void **state)
{
    struct fixture *fx = *state;

    assert_ok(fx, db_checkpoint_all(fx->db, &fx->fail));
    commit_rows(fx, 1);
    db_close(fx->db);
    fx->db = NULL;
    assert_int_equal(unlink(beside(fx, "chat.db-shm")), 0);
    assert_fine(fx);
    db_close(fx->db);
    fx->db = NULL;
    assert_int_equal(unlink(beside(fx, "chat.db-wal")), 0);
    assert_alarm(fx, "older than its witness");
    assert_int_equal(head(fx), 5);
}

static void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    unsigned char c;

    assert_int_equal(pread(fd, &c, 1, at), 1);
    c ^= 0x10;
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void test_a_flipped_bit_in_the_wal_is_noticed(void **state)
{
    struct fixture *fx = *state;
    struct stat st;

    commit_rows(fx, 3);
    assert_int_equal(stat(beside(fx, "chat.db-wal"), &st), 0);
    db_close(fx->db);
    fx->db = NULL;
    unlink(beside(fx, "chat.db-shm"));
    flip(beside(fx, "chat.db-wal"), st.st_size - 2000);
    assert_alarm(fx, "older than its witness");
}

static void test_what_was_rolled_back_or_purged_is_not_missed(void **state)
{
    struct fixture *fx = *state;
    int64_t events, messages;
    bool done;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_true(post(fx->db, 1, 1, "kept", &fx->fail) > 0);
    assert_ok(fx, db_savepoint(fx->db, &fx->fail));
    assert_true(post(fx->db, 1, 1, "not", &fx->fail) > 0);
    db_rollback_savepoint(fx->db);
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    reopen(fx);
    assert_null(db_alarm(fx->db));
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_true(post(fx->db, 1, 1, "never", &fx->fail) > 0);
    db_rollback(fx->db);
    reopen(fx);
    assert_null(db_alarm(fx->db));
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, purge_step(fx->db, 1, 6, &events, &messages, &done, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_int_equal(events, 6);
    assert_fine(fx);
}

static void test_a_witness_that_cannot_be_believed_says_nothing(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(truncate(beside(fx, "chat.db-witness"), 50), 0);
    assert_fine(fx);
    assert_true(log_has(fx, "event=witness_unreadable"));
    flip(beside(fx, "chat.db-witness"), 20);
    assert_fine(fx);
    assert_int_equal(unlink(beside(fx, "chat.db-witness")), 0);
    assert_fine(fx);
    assert_int_equal(truncate(beside(fx, "chat.db-witness"), 0), 0);
    assert_fine(fx);
}

/* The leaves of the largest table, and nothing that opening the database reads. */
static void spoil_pages(struct fixture *fx)
{
    struct stat st;

    assert_int_equal(stat(fx->chat, &st), 0);
    for (off_t page = st.st_size - 20 * 4096; page < st.st_size; page += 4096) {
        for (off_t at = 0; at < 8; at++)
            flip(fx->chat, page + at);
    }
}

static void test_damage_met_at_run_time_ends_writing(void **state)
{
    struct fixture *fx = *state;
    int64_t checked;

    commit_rows(fx, 300);
    assert_ok(fx, db_checkpoint_all(fx->db, &fx->fail));
    reopen(fx);
    spoil_pages(fx);
    assert_err(ERR_INTERNAL, event_verify(fx->db, 1, &checked, &fx->fail));
    assert_non_null(db_alarm(fx->db));
    assert_err(ERR_BUSY, db_begin_write(fx->db, &fx->fail));
    assert_true(log_has(fx, "event=storage_alarm"));
}

static void test_damage_is_found_at_start(void **state)
{
    struct fixture *fx = *state;

    commit_rows(fx, 300);
    assert_ok(fx, db_checkpoint_all(fx->db, &fx->fail));
    reopen(fx);
    db_check_at_start(fx->db);
    assert_null(db_alarm(fx->db));
    spoil_pages(fx);
    reopen(fx);
    db_check_at_start(fx->db);
    assert_non_null(db_alarm(fx->db));
    assert_err(ERR_BUSY, db_begin_write(fx->db, &fx->fail));
}

/* Bits flipped anywhere while nothing runs: it opens and every room is there, or it is refused, or
 * an alarm is up; the program survives, and the file is not made anew. */
static void test_random_damage_is_never_taken_for_an_empty_chat(void **state)
{
    struct fixture *fx = *state;
    const char *names[] = {"chat.db", "chat.db-wal"};
    int rounds = getenv("OUTCRY_LONG") ? 1000 : 200, refused = 0, alarms = 0, fine = 0;
    unsigned seed = 4711;

    assert_ok(fx, db_checkpoint_all(fx->db, &fx->fail));
    commit_rows(fx, 20);
    save(fx, "saved");
    log_close(&fx->log); /* hundreds of lines about it */
    assert_true(log_open(&fx->log, "/dev/null", LOG_ERROR));
    for (int i = 0; i < rounds; i++) {
        const char *path = beside(fx, names[i % 2]);
        struct stat st;

        put_back(fx, "saved");
        assert_int_equal(stat(path, &st), 0);
        seed = seed * 1103515245u + 12345u;
        flip(path, (off_t)(seed % (unsigned long)st.st_size));
        if (db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail)) {
            refused++;
            fx->db = NULL;
            continue;
        }
        db_check_at_start(fx->db);
        alarms += db_alarm(fx->db) != NULL;
        fine += db_alarm(fx->db) == NULL;
        if (!db_alarm(fx->db))
            assert_int_equal(head(fx), 25);
        arena_clear(&fx->arena);
    }
    print_message("# %d flips: %d refused, %d alarms, %d without effect\n", rounds, refused, alarms,
                  fine);
    put_back(fx, "saved");
    assert_fine(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        T(test_a_copy_put_back_by_hand_is_read_only_until_it_is_accepted),
        T(test_an_old_copy_that_was_written_to_tells_another_story),
        T(test_a_database_of_another_history_is_noticed),
        T(test_a_lost_wal_is_noticed_and_a_lost_shm_is_no_loss),
        T(test_a_flipped_bit_in_the_wal_is_noticed),
        T(test_what_was_rolled_back_or_purged_is_not_missed),
        T(test_a_witness_that_cannot_be_believed_says_nothing),
        T(test_damage_met_at_run_time_ends_writing),
        T(test_damage_is_found_at_start),
        T(test_random_damage_is_never_taken_for_an_empty_chat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
