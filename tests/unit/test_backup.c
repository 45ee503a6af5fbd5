/* Copies of a database: whole, checked, never over another file; and the refusal of bad ones. */
#include "db/backup.h"
#include "db/handle.h"
#include "tests/unit/db_fixture.h"
#include "tests/unit/db_rows.h"

#include <fcntl.h>

/* A chat with an epoch, one room and one user. */
static int setup(void **state)
{
    struct fixture *fx;
    int rc = setup_chat(state);

    fx = *state;
    begin_chat(fx);
    return rc;
}

static void test_a_backup_is_one_whole_checked_file(void **state)
{
    struct fixture *fx = *state;
    const char *target = beside(fx, "copy.db");
    struct backup_report made, again;
    struct db *copy;
    struct stat st;
    int64_t checked = 0;

    write_rows(fx, 10);
    umask(0);
    assert_ok(fx, backup_make(fx->db, target, &made, &fx->fail));
    assert_int_equal(made.messages, 10);
    assert_string_equal(made.epoch, "epoch-one");
    assert_int_equal(made.schema, migrate_newest(DB_CHAT));
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(st.st_size, made.bytes);
    assert_int_equal(access(beside(fx, "copy.db-wal"), F_OK), -1);

    assert_ok(fx, backup_open(&copy, target, &fx->log, &fx->fail));
    assert_ok(fx, backup_check(copy, &again, &fx->fail));
    assert_ok(fx, event_verify(copy, 1, &checked, &fx->fail));
    assert_int_equal(checked, 10);
    db_close(copy);
}

static void test_a_handle_for_reading_makes_a_backup_and_stays_one(void **state)
{
    struct fixture *fx = *state;
    struct backup_report made;
    struct db *reader;

    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, backup_make(reader, beside(fx, "copy.db"), &made, &fx->fail));
    assert_int_not_equal(sqlite3_exec(reader->sqlite, "DELETE FROM room", NULL, NULL, NULL),
                         SQLITE_OK);
    db_close(reader);
}

static void test_a_file_that_exists_is_never_replaced(void **state)
{
    struct fixture *fx = *state;
    const char *target = beside(fx, "precious");
    struct backup_report made;
    FILE *file = fopen(target, "w");
    char text[10];

    fputs("precious", file);
    fclose(file);
    assert_err(ERR_BAD_REQUEST, backup_make(fx->db, target, &made, &fx->fail));
    assert_non_null(strstr(fx->fail.message, "exists"));
    file = fopen(target, "r");
    assert_string_equal(fgets(text, sizeof text, file), "precious");
    fclose(file);
    assert_err(ERR_INTERNAL, backup_make(fx->db, beside(fx, "no/such/folder"), &made, &fx->fail));
}

struct race {
    int done;
};

enum { WRITERS = 3, COPIES = 3 };

/* The last process copies; the others write until it is done. */
static int copy_or_write(struct fixture *fx, int number, void *arg)
{
    struct race *race = arg;
    struct backup_report made;
    struct fail f;
    struct db *db;
    int rc = 0;

    if (db_open(&db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &f))
        return 1;
    for (int i = 0; number == WRITERS && !rc && i < COPIES; i++) {
        rc = backup_make(db, beside(fx, arena_fmt(&fx->arena, "copy%d", i)), &made, &f) ? 2 : 0;
        if (rc)
            fprintf(stderr, "%s\n", f.message);
    }
    if (number == WRITERS)
        __atomic_store_n(&race->done, 1, __ATOMIC_SEQ_CST);
    while (!rc && number < WRITERS && !__atomic_load_n(&race->done, __ATOMIC_SEQ_CST)) {
        if (db_begin_write(db, &f) || !post(db, 1, 1, "meanwhile", &f) || db_commit(db, &f))
            rc = 3;
    }
    db_close(db);
    return rc;
}

static void test_backups_beside_writers_are_sound_and_hinder_nobody(void **state)
{
    struct fixture *fx = *state;
    struct race *race = shared_memory(sizeof *race);
    struct backup_report report;
    int64_t checked;

    write_rows(fx, 2000);
    assert_true(run_processes(fx, WRITERS + 1, copy_or_write, race));
    for (int i = 0; i < COPIES; i++) {
        struct db *copy;

        assert_ok(fx, backup_open(&copy, beside(fx, arena_fmt(&fx->arena, "copy%d", i)), &fx->log,
                                  &fx->fail));
        assert_ok(fx, backup_check(copy, &report, &fx->fail));
        assert_true(report.messages >= 2000);
        assert_ok(fx, event_verify(copy, 1, &checked, &fx->fail));
        assert_int_equal(checked, report.messages);
        db_close(copy);
    }
}

/* A whole page, so that what is spoiled is surely in use. */
static void spoil(const char *path, off_t at)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    char junk[4096];

    memset(junk, 0xa5, sizeof junk);
    at -= at % (off_t)sizeof junk;
    assert_int_equal(pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
    close(fd);
}

/* Where a table's first page stands in the file. */
static off_t root_of(const char *path, const char *table)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    off_t at;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT (rootpage - 1) * page_size FROM sqlite_schema,"
                                        " pragma_page_size WHERE name = ?1",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    at = (off_t)sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return at;
}

static void refused(struct fixture *fx, const char *path, const char *why)
{
    struct backup_report report;
    struct db *copy = NULL;
    enum err e = backup_open(&copy, path, &fx->log, &fx->fail);

    if (!e)
        e = backup_check(copy, &report, &fx->fail);
    db_close(copy);
    if (e == OK || !strstr(fx->fail.message, why))
        fail_msg("%s: %s, not '%s'", path, e ? fx->fail.message : "taken", why);
}

static void test_what_is_no_sound_copy_is_refused(void **state)
{
    struct fixture *fx = *state;
    const char *good = beside(fx, "good"), *other = beside(fx, "other");
    struct backup_report made;
    sqlite3 *db;

    write_rows(fx, 500);
    assert_ok(fx, backup_make(fx->db, good, &made, &fx->fail));
    refused(fx, beside(fx, "missing"), "Cannot read");
    refused(fx, fx->out, "file is not a database");
    assert_int_equal(sqlite3_open(other, &db), SQLITE_OK);
    sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL);
    sqlite3_close(db);
    refused(fx, other, "is not Outcry's");
    assert_int_equal(sqlite3_open(good, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL);
    refused(fx, good, "newer than this program's");
    sqlite3_exec(db, "PRAGMA user_version = 0", NULL, NULL, NULL);
    refused(fx, good, "is not Outcry's");
    sqlite3_close(db);
    assert_int_equal(unlink(good), 0);
    assert_ok(fx, backup_make(fx->db, good, &made, &fx->fail));
    spoil(good, root_of(good, "message")); /* a page's head: text may be anything */
    refused(fx, good, "Damaged");
    assert_int_equal(truncate(good, 4096), 0);
    refused(fx, good, "malformed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_backup_is_one_whole_checked_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_handle_for_reading_makes_a_backup_and_stays_one,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_exists_is_never_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backups_beside_writers_are_sound_and_hinder_nobody,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_sound_copy_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
