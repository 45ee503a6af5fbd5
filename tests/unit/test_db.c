#include "db/handle.h"
#include "lib/embedded.h"
#include "tests/unit/db_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

static bool on_nfs; /* what statfs() says from now on */

/* Takes the place of libc's: no test machine has a network file system at hand. */
int statfs(const char *path, struct statfs *buf)
{
    int rc = (int)syscall(SYS_statfs, path, buf);

    if (rc == 0 && on_nfs)
        buf->f_type = 0x6969;
    return rc;
}

/* What a pragma or a query of one value says, through the connection itself. */
static const char *ask(struct fixture *fx, struct db *db, const char *text)
{
    sqlite3_stmt *stmt = NULL;
    const char *value = "";

    if (sqlite3_prepare_v2(db->sqlite, text, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(db->sqlite));
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0))
        value = arena_str(&fx->arena, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return value;
}

/* A change made behind the program's back, by a connection with SQLite's defaults. */
static void raw(const char *path, const char *text)
{
    sqlite3 *sqlite;

    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    sqlite3_db_config(sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(sqlite, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(sqlite));
    sqlite3_close(sqlite);
}

static enum err set_epoch(struct db *db, const char *value, struct fail *f)
{
    enum err e = db_begin_write(db, f);

    if (e)
        return e;
    e = db_set_epoch(db, value, f);
    if (!e)
        return db_commit(db, f);
    db_rollback(db);
    return e;
}

static int64_t wal_size(struct fixture *fx)
{
    struct stat st;
    char path[300];

    snprintf(path, sizeof path, "%s-wal", fx->chat);
    return stat(path, &st) < 0 ? 0 : (int64_t)st.st_size;
}

static void assert_pragmas(struct fixture *fx, struct db *db, const char *synchronous)
{
    int on = 0;

    assert_string_equal(ask(fx, db, "PRAGMA journal_mode"), "wal");
    assert_string_equal(ask(fx, db, "PRAGMA synchronous"), synchronous);
    assert_string_equal(ask(fx, db, "PRAGMA foreign_keys"), "1");
    assert_string_equal(ask(fx, db, "PRAGMA trusted_schema"), "0");
    assert_string_equal(ask(fx, db, "PRAGMA cell_size_check"), "1");
    assert_string_equal(ask(fx, db, "PRAGMA secure_delete"), "1");
    assert_string_equal(ask(fx, db, "PRAGMA wal_autocheckpoint"), "0");
    assert_string_equal(ask(fx, db, "PRAGMA journal_size_limit"), "4194304");
    assert_string_equal(ask(fx, db, "PRAGMA busy_timeout"), "20000");
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
    assert_int_equal(on, 1);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &on);
    assert_int_equal(on, 1);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DQS_DML, -1, &on);
    assert_int_equal(on, 0);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DQS_DDL, -1, &on);
    assert_int_equal(on, 0);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1, &on);
    assert_int_equal(on, 0);
    assert_int_equal(sqlite3_limit(db->sqlite, SQLITE_LIMIT_LENGTH, -1), 1000000);
    assert_int_equal(sqlite3_limit(db->sqlite, SQLITE_LIMIT_ATTACHED, -1), 1);
}

static void test_each_connection_has_the_pragmas(void **state)
{
    struct fixture *fx = *state;
    struct db *other;

    assert_pragmas(fx, fx->db, "2");
    assert_ok(fx, db_open(&other, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    assert_pragmas(fx, other, "2");
    assert_string_equal(ask(fx, other, "PRAGMA query_only"), "1");
    db_close(other);
    assert_ok(fx, db_open(&other, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_pragmas(fx, other, "0");
    db_close(other);
}

static void test_a_missing_chat_is_refused_and_not_made(void **state)
{
    struct fixture *fx = *state;

    assert_err(ERR_INTERNAL,
               db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_null(fx->db);
    assert_non_null(strstr(fx->fail.message, "outcry init"));
    assert_int_equal(access(fx->chat, F_OK), -1);
    assert_int_equal(errno, ENOENT);
}

static void test_a_missing_folder_is_named(void **state)
{
    struct fixture *fx = *state;
    int from, to;

    fx->conf.database = "/nonexistent/chat.db";
    assert_err(ERR_INTERNAL, db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "/nonexistent/chat.db"));
}

static void test_migrate_makes_the_chat_once(void **state)
{
    struct fixture *fx = *state;
    int from = -1, to = -1, newest = migrate_newest(DB_CHAT);
    struct stat st;

    assert_ok(fx, db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail));
    assert_int_equal(from, 0);
    assert_int_equal(to, newest);
    assert_ok(fx, db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail));
    assert_int_equal(from, newest);
    assert_int_equal(to, newest);
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_check(fx->db, &fx->fail));
    assert_int_equal(stat(fx->chat, &st), 0);
    assert_int_equal(st.st_mode & 0007, 0); /* nothing for others */
}

static void test_the_state_makes_itself(void **state)
{
    struct fixture *fx = *state;

    assert_ok(fx, db_open(&fx->db, DB_STATE, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_check(fx->db, &fx->fail));
    assert_string_equal(ask(fx, fx->db, "SELECT count(*) FROM presence"), "0");
}

static void test_an_empty_chat_is_refused(void **state)
{
    struct fixture *fx = *state;

    fclose(fopen(fx->chat, "w"));
    assert_err(ERR_INTERNAL,
               db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "outcry init"));
}

static void test_a_newer_schema_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct db *db;
    int from, to;

    raw(fx->chat, "PRAGMA user_version = 999");
    for (int access = DB_READ_ONLY; access <= DB_READ_WRITE; access++) {
        assert_err(ERR_INTERNAL,
                   db_open(&db, DB_CHAT, (enum db_access)access, &fx->conf, &fx->log, &fx->fail));
        assert_non_null(strstr(fx->fail.message, "has schema 999, newer than this program's"));
    }
    assert_err(ERR_INTERNAL, db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "has schema 999, newer than this program's"));
}

static void test_a_newer_state_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct db *db;

    raw(fx->state, "PRAGMA user_version = 999");
    assert_err(ERR_INTERNAL, db_open(&db, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "has schema 999, newer than this program's"));
}

/* The host app's own database named by mistake must not get our tables. */
static void test_another_programs_database_is_left_alone(void **state)
{
    struct fixture *fx = *state;
    int from, to;

    raw(fx->chat, "CREATE TABLE auth_user (id INTEGER PRIMARY KEY)");
    assert_err(ERR_INTERNAL, db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "is not Outcry's"));
    raw(fx->chat, "PRAGMA user_version = 1");
    assert_err(ERR_INTERNAL,
               db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "is not Outcry's"));
    fx->conf.state_database = fx->chat;
    assert_err(ERR_INTERNAL,
               db_open(&fx->db, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
}

static void test_chat_and_state_are_not_mixed_up(void **state)
{
    struct fixture *fx = *state;
    struct db *db;

    fx->conf.state_database = fx->chat;
    assert_err(ERR_INTERNAL, db_open(&db, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "is not Outcry's"));
}

static void test_a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture *fx = *state;
    FILE *file = fopen(fx->chat, "w");

    for (int i = 0; i < 1000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_err(ERR_INTERNAL,
               db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_non_null(strstr(fx->fail.message, fx->chat));
}

static int migrate_and_open(struct fixture *fx, int number, void *arg)
{
    struct fail f = {0};
    struct db *chat, *state;
    int from, to;
    int *began_at_zero = arg;

    if (db_migrate(&fx->conf, &fx->log, &from, &to, &f) || to != migrate_newest(DB_CHAT) ||
        db_open(&chat, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &f) ||
        db_open(&state, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &f)) {
        fprintf(stderr, "# %s\n", f.message);
        return 1;
    }
    began_at_zero[number] = from == 0;
    db_close(chat);
    db_close(state);
    return 0;
}

static void test_eight_that_start_at_once_migrate_once(void **state)
{
    struct fixture *fx = *state;
    int *began_at_zero = shared_memory(8 * sizeof *began_at_zero), sum = 0;

    assert_true(run_processes(fx, 8, migrate_and_open, began_at_zero));
    for (int i = 0; i < 8; i++)
        sum += began_at_zero[i];
    assert_int_equal(sum, 1);
    munmap(began_at_zero, 8 * sizeof *began_at_zero);
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_check(fx->db, &fx->fail));
}

static void test_migrations_are_numbered_without_gaps(void **state)
{
    struct fixture *fx = *state;

    (void)fx;
    for (int kind = DB_CHAT; kind <= DB_STATE; kind++) {
        const struct embedded *steps =
            kind == DB_CHAT ? embedded_chat_migrations : embedded_state_migrations;

        for (int i = 0; steps[i].name; i++)
            assert_int_equal(strtol(steps[i].name, NULL, 10), i + 1);
    }
}

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

/* After a restart of the machine, or a copy of chat.db alone: no -wal, no -shm, nobody else there.
 */
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

static void test_network_file_systems_get_no_wal(void **state)
{
    (void)state;
    assert_false(db_wal_works_on(0x6969));             /* NFS */
    assert_false(db_wal_works_on((int)0xff534d42));    /* CIFS, as a 32-bit kernel gives it */
    assert_false(db_wal_works_on((long)0xfe534d42UL)); /* SMB2 */
    assert_false(db_wal_works_on(0x65735546));         /* sshfs */
    assert_true(db_wal_works_on(0xef53));              /* ext4 */
    assert_true(db_wal_works_on(0x9123683e));          /* btrfs */
    assert_true(db_wal_works_on(0x01021994));          /* tmpfs */
}

static int commit_many(struct fixture *fx, int number, void *arg)
{
    struct fail f = {0};
    struct db *db;

    (void)number;
    (void)arg;
    if (db_open(&db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &f))
        return 1;
    for (int i = 0; i < 20; i++) {
        if (set_epoch(db, "any", &f)) {
            fprintf(stderr, "# %s\n", f.message);
            return 2;
        }
    }
    db_close(db);
    return 0;
}

static void test_on_a_network_file_system_a_rollback_journal_serves(void **state)
{
    struct fixture *fx = *state;
    const char *epoch;
    struct db *db;

    assert_ok(fx, set_epoch(fx->db, "from the time before", &fx->fail));
    db_close(fx->db);
    fx->db = NULL;
    on_nfs = true; /* the file was moved there, WAL and all */
    assert_ok(fx, db_open(&db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_string_equal(ask(fx, db, "PRAGMA journal_mode"), "delete");
    assert_ok(fx, db_epoch(db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, "from the time before");
    db_close(db);
    assert_int_equal(wal_size(fx), 0);
    assert_true(log_has(fx, "event=no_wal"));
    assert_true(run_processes(fx, 4, commit_many, NULL));
    assert_ok(fx, db_open(&db, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_string_equal(ask(fx, db, "PRAGMA journal_mode"), "delete");
    db_close(db);
    on_nfs = false; /* and back */
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_string_equal(ask(fx, fx->db, "PRAGMA journal_mode"), "wal");
}

/* The WAL first: one that outlived its database would be played into the next. */
static void forget_chat(struct fixture *fx)
{
    char path[300];

    snprintf(path, sizeof path, "%s-wal", fx->chat);
    unlink(path);
    unlink(fx->chat);
}

static void migrate_again_and_again(struct fixture *fx)
{
    struct fail f;
    int from, to;

    while (db_migrate(&fx->conf, &fx->log, &from, &to, &f) == OK)
        forget_chat(fx);
    _exit(1);
}

/* Killed wherever it happens to be: the next start finds an empty file or a whole schema. */
static void test_a_killed_migration_is_done_by_the_next(void **state)
{
    struct fixture *fx = *state;
    struct db *db;
    int from, to, status;

    for (int round = 0; round < 10; round++) {
        pid_t pid = fork();

        if (pid == 0)
            migrate_again_and_again(fx);
        for (int64_t until = test_now_ms() + 3 + round; test_now_ms() < until;)
            ;
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_ok(fx, db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail));
        assert_ok(fx, db_open(&db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
        assert_ok(fx, db_check(db, &fx->fail));
        db_close(db);
        forget_chat(fx);
    }
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)
#define WITH_DIR(test)  cmocka_unit_test_setup_teardown(test, setup_empty, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_each_connection_has_the_pragmas),
        WITH_DIR(test_a_missing_chat_is_refused_and_not_made),
        WITH_DIR(test_a_missing_folder_is_named),
        WITH_DIR(test_migrate_makes_the_chat_once),
        WITH_DIR(test_the_state_makes_itself),
        WITH_DIR(test_an_empty_chat_is_refused),
        WITH_CHAT(test_a_newer_schema_is_refused),
        cmocka_unit_test_setup_teardown(test_a_newer_state_is_refused, setup_state, teardown),
        WITH_DIR(test_another_programs_database_is_left_alone),
        WITH_CHAT(test_chat_and_state_are_not_mixed_up),
        WITH_DIR(test_a_file_that_is_no_database_is_refused),
        WITH_DIR(test_eight_that_start_at_once_migrate_once),
        WITH_DIR(test_migrations_are_numbered_without_gaps),
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
        WITH_CHAT(test_on_a_network_file_system_a_rollback_journal_serves),
        WITH_DIR(test_a_killed_migration_is_done_by_the_next),
        cmocka_unit_test(test_network_file_systems_get_no_wal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
