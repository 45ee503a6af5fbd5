/* Opening a database and bringing it up: which is ours, what it is made into, where it lies. */
#include "lib/embedded.h"
#include "tests/unit/db_probe.h"

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
        WITH_CHAT(test_on_a_network_file_system_a_rollback_journal_serves),
        WITH_DIR(test_a_killed_migration_is_done_by_the_next),
        cmocka_unit_test(test_network_file_systems_get_no_wal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
