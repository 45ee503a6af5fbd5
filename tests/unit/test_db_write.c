/* Transactions: what others see of them, who waits for whom, what is left of one that failed. */
#include "tests/unit/db_probe.h"

static void test_a_commit_is_seen_by_others(void **state)
{
    struct fixture *fx = *state;
    struct db *reader;
    const char *epoch;
    int64_t version;

    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_epoch(reader, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "");
    version = db_data_version(reader);
    assert_true(version > 0);
    assert_int_equal(db_data_version(reader), version);
    assert_ok(fx, set_epoch(fx->db, "first", &fx->fail));
    assert_int_not_equal(db_data_version(reader), version);
    assert_ok(fx, db_epoch(reader, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "first");
    db_close(reader);
}

static void test_a_read_transaction_sees_one_state(void **state)
{
    struct fixture *fx = *state;
    struct db *reader;
    const char *epoch;

    assert_ok(fx, set_epoch(fx->db, "first", &fx->fail));
    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_begin_read(reader, &fx->fail));
    assert_ok(fx, db_epoch(reader, &fx->arena, &epoch, &fx->fail));
    assert_ok(fx, set_epoch(fx->db, "second", &fx->fail));
    assert_ok(fx, db_begin_read(reader, &fx->fail)); /* joins */
    assert_ok(fx, db_epoch(reader, &fx->arena, &epoch, &fx->fail));
    db_end_read(reader);
    assert_string_equal(epoch, "first");
    db_end_read(reader);
    assert_ok(fx, db_epoch(reader, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "second");
    db_close(reader);
}

static void test_who_rests_goes_on_afterwards(void **state)
{
    struct fixture *fx = *state;
    const char *epoch;

    assert_ok(fx, set_epoch(fx->db, "before", &fx->fail));
    assert_true(fx->db->statement_count > 0);
    db_rest(fx->db);
    assert_int_equal(fx->db->statement_count, 0);
    assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "before");
    assert_ok(fx, set_epoch(fx->db, "after", &fx->fail));
    assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "after");
}

static void test_a_rollback_undoes(void **state)
{
    struct fixture *fx = *state;
    const char *epoch;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_true(db_in_transaction(fx->db));
    assert_ok(fx, db_set_epoch(fx->db, "kept", &fx->fail));
    assert_ok(fx, db_savepoint(fx->db, &fx->fail));
    assert_ok(fx, db_set_epoch(fx->db, "undone", &fx->fail));
    db_rollback_savepoint(fx->db);
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_false(db_in_transaction(fx->db));
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, db_set_epoch(fx->db, "undone", &fx->fail));
    db_rollback(fx->db);
    db_rollback(fx->db); /* nothing to do */
    assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "kept");
}

static void test_a_reader_may_not_write(void **state)
{
    struct fixture *fx = *state;
    struct db *reader;

    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    assert_err(ERR_INTERNAL, db_begin_write(reader, &fx->fail));
    assert_int_equal(sqlite3_exec(reader->sqlite, "DELETE FROM meta", NULL, NULL, NULL),
                     SQLITE_READONLY);
    db_close(reader);
}

/* After a restart of the machine, or a copy of chat.db alone: no -wal, no
 * -shm, nobody else there. */
static void test_a_reader_needs_nobody_else(void **state)
{
    struct fixture *fx = *state;
    char path[300];
    const char *epoch;

    assert_ok(fx, set_epoch(fx->db, "here", &fx->fail));
    assert_int_equal(
        sqlite3_wal_checkpoint_v2(fx->db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
        SQLITE_OK);
    db_close(fx->db);
    snprintf(path, sizeof path, "%s-wal", fx->chat);
    unlink(path);
    snprintf(path, sizeof path, "%s-shm", fx->chat);
    unlink(path);
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "here");
}

static void test_what_was_committed_outlives_the_last_close(void **state)
{
    struct fixture *fx = *state;
    const char *epoch;

    assert_ok(fx, set_epoch(fx->db, "kept", &fx->fail));
    db_close(fx->db);
    assert_true(wal_size(fx) > 0); /* closing made no checkpoint: it would not be under the lock */
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "kept");
}

static void test_a_lock_of_another_program_ends_in_busy(void **state)
{
    struct fixture *fx = *state;
    struct db *waiter;
    sqlite3 *holder;
    int64_t start, took;

    fx->conf.lock_timeout_ms = 100;
    assert_ok(fx, db_open(&waiter, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_int_equal(sqlite3_open(fx->chat, &holder), SQLITE_OK);
    sqlite3_db_config(holder, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(sqlite3_exec(holder, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    start = test_now_ms();
    assert_err(ERR_BUSY, db_begin_write(waiter, &fx->fail));
    took = test_now_ms() - start;
    assert_in_range(took, 50, 5000);
    assert_true(fx->fail.retry_after_ms > 0);
    sqlite3_close(holder);
    /* The turnstile was given back. */
    assert_ok(fx, set_epoch(fx->db, "free", &fx->fail));
    assert_ok(fx, set_epoch(waiter, "free", &fx->fail));
    db_close(waiter);
}

static void test_a_writer_that_holds_too_long_makes_others_busy(void **state)
{
    struct fixture *fx = *state;
    struct db *waiter;

    fx->conf.lock_timeout_ms = 50;
    assert_ok(fx, db_open(&waiter, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_err(ERR_BUSY, db_begin_write(waiter, &fx->fail));
    assert_true(log_has(fx, "database_lock"));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_ok(fx, set_epoch(waiter, "free", &fx->fail));
    db_close(waiter);
}

/* Fills the database to `pages`; SQLite then ends the transaction by itself. */
static void test_a_full_disk_loses_the_whole_transaction(void **state)
{
    struct fixture *fx = *state;
    static char big[200001];
    const char *epoch;

    assert_ok(fx, set_epoch(fx->db, "before", &fx->fail));
    memset(big, 'x', sizeof big - 1);
    ask(fx, fx->db, "PRAGMA max_page_count = 40");
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, db_set_epoch(fx->db, "half", &fx->fail));
    assert_ok(fx, db_savepoint(fx->db, &fx->fail));
    assert_err(ERR_STORAGE_FULL, db_set_epoch(fx->db, big, &fx->fail));
    db_rollback_savepoint(fx->db);
    if (sqlite3_get_autocommit(fx->db->sqlite)) {
        /* What follows must not commit alone. */
        assert_err(ERR_STORAGE_FULL, db_set_epoch(fx->db, "alone", &fx->fail));
        assert_err(ERR_STORAGE_FULL, db_savepoint(fx->db, &fx->fail));
        assert_err(ERR_STORAGE_FULL, db_commit(fx->db, &fx->fail));
        assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
        assert_string_equal(epoch, "before");
    } else {
        assert_ok(fx, db_commit(fx->db, &fx->fail));
        assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
        assert_string_equal(epoch, "half");
    }
    assert_false(db_in_transaction(fx->db));
    assert_true(log_has(fx, "statement=meta.set_epoch"));
    assert_false(log_has(fx, "xxxx")); /* names, never values */
    ask(fx, fx->db, "PRAGMA max_page_count = 100000");
    assert_ok(fx, set_epoch(fx->db, "after", &fx->fail));
}

static void test_a_transaction_that_sqlite_ended_stores_nothing_more(void **state)
{
    struct fixture *fx = *state;
    const char *epoch;

    assert_ok(fx, set_epoch(fx->db, "before", &fx->fail));
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, db_set_epoch(fx->db, "half", &fx->fail));
    assert_int_equal(sqlite3_exec(fx->db->sqlite, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_err(ERR_INTERNAL, db_set_epoch(fx->db, "alone", &fx->fail));
    db_rollback_savepoint(fx->db);
    assert_err(ERR_INTERNAL, db_release_savepoint(fx->db, &fx->fail));
    assert_err(ERR_INTERNAL, db_commit(fx->db, &fx->fail));
    assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "before");
    assert_ok(fx, set_epoch(fx->db, "after", &fx->fail));
}

static void write_much(struct fixture *fx, int commits)
{
    static char text[20001];

    for (int i = 0; i < commits; i++) {
        memset(text, 'a' + i % 26, sizeof text - 1); /* each page differs, so each is written */
        assert_ok(fx, set_epoch(fx->db, text, &fx->fail));
    }
}

static void test_the_wal_stays_small(void **state)
{
    struct fixture *fx = *state;
    off_t schema = wal_size(fx); /* what the steps to it left */

    fx->db->wal_max_bytes = 200000;
    write_much(fx, 200); /* about 4 MB in all */
    assert_in_range(wal_size(fx), 1, schema + 400000);
    assert_ok(fx, db_check(fx->db, &fx->fail));
}

static void test_the_wal_shrinks_once_a_slow_reader_is_gone(void **state)
{
    struct fixture *fx = *state;
    struct db *reader;
    const char *epoch;

    fx->db->wal_max_bytes = 100000;
    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, set_epoch(fx->db, "first", &fx->fail));
    assert_ok(fx, db_begin_read(reader, &fx->fail));
    assert_ok(fx, db_epoch(reader, &fx->arena, &epoch, &fx->fail));
    write_much(fx, 60);
    assert_true(wal_size(fx) > 1000000); /* it must keep what the reader may still read */
    assert_ok(fx, db_epoch(reader, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "first");
    db_end_read(reader);
    write_much(fx, 60);
    assert_in_range(wal_size(fx), 0, 300000);
    db_close(reader);
}

static void test_two_names_of_a_file_share_one_lock(void **state)
{
    struct fixture *fx = *state;
    char link[300];
    struct db *other;

    snprintf(link, sizeof link, "%s/other-name.db", fx->dir);
    assert_int_equal(symlink(fx->chat, link), 0);
    fx->conf.database = link;
    fx->conf.lock_timeout_ms = 0;
    assert_ok(fx, db_open(&other, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, turnstile_take(&fx->db->turnstile, 0, &fx->fail));
    assert_err(ERR_BUSY, turnstile_take(&other->turnstile, 0, &fx->fail));
    turnstile_leave(&fx->db->turnstile);
    db_close(other);
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_a_commit_is_seen_by_others),
        WITH_CHAT(test_a_read_transaction_sees_one_state),
        WITH_CHAT(test_who_rests_goes_on_afterwards),
        WITH_CHAT(test_a_rollback_undoes),
        WITH_CHAT(test_a_reader_may_not_write),
        WITH_CHAT(test_a_reader_needs_nobody_else),
        WITH_CHAT(test_what_was_committed_outlives_the_last_close),
        WITH_CHAT(test_a_lock_of_another_program_ends_in_busy),
        WITH_CHAT(test_a_writer_that_holds_too_long_makes_others_busy),
        WITH_CHAT(test_a_full_disk_loses_the_whole_transaction),
        WITH_CHAT(test_a_transaction_that_sqlite_ended_stores_nothing_more),
        WITH_CHAT(test_the_wal_stays_small),
        WITH_CHAT(test_the_wal_shrinks_once_a_slow_reader_is_gone),
        WITH_CHAT(test_two_names_of_a_file_share_one_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
