/* Who closed the database for want of work: what the next request finds. */
#include "db/backup.h"
#include "db/handle.h"
#include "tests/unit/db_fixture.h"

static void set_epoch(struct fixture *fx, const char *value)
{
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, db_set_epoch(fx->db, value, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
}

static void expect_epoch(struct fixture *fx, const char *wanted)
{
    const char *epoch;

    assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, wanted);
}

static void test_who_left_goes_on_where_they_were(void **state)
{
    struct fixture *fx = *state;
    uint64_t file = db_file(fx->db);
    bool moved = true;

    set_epoch(fx, "before");
    db_leave(fx->db);
    assert_null(fx->db->sqlite);
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    assert_false(moved);
    assert_int_equal(db_file(fx->db), file);
    expect_epoch(fx, "before");
    set_epoch(fx, "after");
    expect_epoch(fx, "after");
    db_leave(fx->db);
    db_leave(fx->db); /* nobody needed it meanwhile */
    db_rest(fx->db);
    assert_null(fx->db->sqlite); /* and is closed as it is */
}

static void test_who_left_returns_when_they_are_needed(void **state)
{
    struct fixture *fx = *state;
    sqlite3 *open;

    set_epoch(fx, "before");
    db_leave(fx->db);
    assert_ok(fx, db_return(fx->db, &fx->fail));
    open = fx->db->sqlite;
    expect_epoch(fx, "before");
    assert_ok(fx, db_return(fx->db, &fx->fail)); /* they are there */
    assert_ptr_equal(fx->db->sqlite, open);
}

static void test_who_left_hears_of_another_file(void **state)
{
    struct fixture *fx = *state;
    struct backup_report made;
    char copy[300], wal[300];
    bool moved = false;

    snprintf(copy, sizeof copy, "%s/copy", fx->dir);
    snprintf(wal, sizeof wal, "%s-wal", fx->chat);
    set_epoch(fx, "copied");
    assert_ok(fx, backup_make(fx->db, copy, &made, &fx->fail));
    set_epoch(fx, "later");
    db_leave(fx->db);
    assert_int_equal(unlink(wal), 0);
    assert_int_equal(rename(copy, fx->chat), 0);
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    assert_true(moved);
    expect_epoch(fx, "copied");
}

static void test_who_left_waits_until_there_is_a_file(void **state)
{
    struct fixture *fx = *state;
    char away[300];
    bool moved;

    snprintf(away, sizeof away, "%s/away", fx->dir);
    set_epoch(fx, "kept");
    db_leave(fx->db);
    assert_int_equal(rename(fx->chat, away), 0);
    assert_err(ERR_BUSY, db_follow(fx->db, &moved, &fx->fail));
    assert_err(ERR_BUSY, db_follow(fx->db, &moved, &fx->fail));
    assert_int_equal(rename(away, fx->chat), 0);
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    expect_epoch(fx, "kept");
}

static void test_an_alarm_is_not_forgotten(void **state)
{
    struct fixture *fx = *state;

    db_raise_alarm(fx->db, "The database is damaged.");
    db_leave(fx->db);
    assert_non_null(fx->db->sqlite);
    assert_string_equal(db_alarm(fx->db), "The database is damaged.");
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_who_left_goes_on_where_they_were),
        WITH_CHAT(test_who_left_returns_when_they_are_needed),
        WITH_CHAT(test_who_left_hears_of_another_file),
        WITH_CHAT(test_who_left_waits_until_there_is_a_file),
        WITH_CHAT(test_an_alarm_is_not_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
