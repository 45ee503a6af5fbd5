/* Another database in the place of chat.db, and the programs that have the old one open. */
#include "db/handle.h"
#include "db/restore.h"
#include "db/state.h"
#include "tests/unit/db_fixture.h"
#include "tests/unit/db_rows.h"

static int64_t head(struct fixture *fx, struct db *db)
{
    struct room r;

    assert_ok(fx, room_by_id(db, &fx->arena, 1, &r, &fx->fail));
    return r.head;
}

/* A chat of 10 messages, its backup, and 5 more messages. */
static int setup(void **state)
{
    struct backup_report made;
    struct fixture *fx;
    int rc = setup_chat(state);

    fx = *state;
    begin_chat(fx);
    write_rows(fx, 10);
    assert_ok(fx, backup_make(fx->db, beside(fx, "backup"), &made, &fx->fail));
    write_rows(fx, 5);
    return rc;
}

static void restore(struct fixture *fx, struct restore_report *r)
{
    assert_ok(fx, restore_run(&fx->conf, &fx->log, beside(fx, "backup"), NULL, r, &fx->fail));
}

static void test_a_restored_database_begins_a_new_epoch(void **state)
{
    struct fixture *fx = *state;
    struct restore_report r;
    const char *epoch;
    struct db *db;
    bool moved;

    restore(fx, &r);
    assert_string_equal(r.source.epoch, "epoch-one");
    assert_int_equal(r.source.messages, 10);
    assert_ok(fx, db_open(&db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, db_epoch(db, &fx->arena, &epoch, &fx->fail));
    assert_string_equal(epoch, r.epoch);
    assert_string_not_equal(epoch, "epoch-one");
    assert_int_equal(head(fx, db), 10);
    assert_string_equal(db->path, r.file);
    assert_ok(fx, db_follow(db, &moved, &fx->fail));
    assert_false(moved);
    db_close(db);
}

static void test_the_replaced_database_is_kept_whole(void **state)
{
    struct fixture *fx = *state;
    struct restore_report r, back;
    bool moved;

    restore(fx, &r);
    assert_non_null(strstr(r.kept, "chat.db.replaced-"));
    /* Its newest rows were in the WAL alone. */
    assert_ok(fx, restore_run(&fx->conf, &fx->log, r.kept, NULL, &back, &fx->fail));
    assert_int_equal(back.source.messages, 15);
    assert_string_equal(back.kept, r.file);
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    assert_true(moved);
    assert_int_equal(head(fx, fx->db), 15);
    assert_int_equal(access(r.file, F_OK), 0);
}

static void test_an_open_handle_follows_and_never_writes_to_the_replaced_file(void **state)
{
    struct fixture *fx = *state;
    uint64_t before = db_file(fx->db);
    struct restore_report r;
    bool moved;

    assert_int_equal(head(fx, fx->db), 15);
    restore(fx, &r);
    assert_err(ERR_BUSY, db_begin_write(fx->db, &fx->fail));
    assert_true(fx->fail.retry_after_ms > 0);
    assert_false(db_in_transaction(fx->db));
    assert_err(ERR_BUSY, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    assert_true(moved);
    assert_true(db_file(fx->db) != before);
    assert_int_equal(head(fx, fx->db), 10);
    write_rows(fx, 1);
    assert_int_equal(head(fx, fx->db), 11);
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    assert_false(moved);
}

static void test_where_no_database_stands_the_old_one_is_not_used_either(void **state)
{
    struct fixture *fx = *state;
    const char *away = beside(fx, "away");
    bool moved;

    assert_int_equal(rename(fx->chat, away), 0);
    assert_err(ERR_BUSY, db_follow(fx->db, &moved, &fx->fail));
    assert_err(ERR_BUSY, db_begin_write(fx->db, &fx->fail));
    assert_int_equal(access(fx->chat, F_OK), -1); /* nobody made an empty one */
    assert_int_equal(rename(away, fx->chat), 0);
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    assert_false(moved);
    write_rows(fx, 1);
}

static void test_a_bad_source_changes_nothing(void **state)
{
    struct fixture *fx = *state;
    struct restore_report r;
    bool moved;

    assert_err(ERR_INTERNAL,
               restore_run(&fx->conf, &fx->log, beside(fx, "missing"), NULL, &r, &fx->fail));
    assert_err(ERR_INTERNAL, restore_run(&fx->conf, &fx->log, fx->out, NULL, &r, &fx->fail));
    assert_int_equal(access(r.file, F_OK), -1);
    assert_ok(fx, db_follow(fx->db, &moved, &fx->fail));
    assert_false(moved);
    write_rows(fx, 1);
}

static void test_a_broken_database_can_be_replaced(void **state)
{
    struct fixture *fx = *state;
    struct restore_report r;
    FILE *file;

    db_close(fx->db);
    fx->db = NULL;
    file = fopen(fx->chat, "w");
    fputs("this is no database", file);
    fclose(file);
    restore(fx, &r);
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_int_equal(head(fx, fx->db), 10);
    write_rows(fx, 1);
}

static void test_tickets_and_presence_of_the_old_history_are_gone(void **state)
{
    struct fixture *fx = *state;
    struct restore_report r;
    struct presence rows[2];
    const struct presence here = {.connection = "c",
                                  .instance = "poll",
                                  .username = "ann",
                                  .state = "active",
                                  .user_id = 1,
                                  .expires_ms = 5000};
    int64_t next, user, exp;
    struct db *state_db;
    size_t count;

    assert_ok(fx, db_open(&state_db, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
    assert_ok(fx, ticket_insert(state_db, "boot", "hash", 1, 99, 5000, &fx->fail));
    assert_ok(fx, presence_put(state_db, "boot", 0, &here, &fx->fail));
    restore(fx, &r);
    assert_err(ERR_TOKEN_INVALID, ticket_take(state_db, "boot", 1, "hash", &user, &exp, &fx->fail));
    assert_ok(fx,
              presence_list(state_db, &fx->arena, "boot", 1, rows, 2, &count, &next, &fx->fail));
    assert_int_equal(count, 0);
    db_close(state_db);
}

struct race {
    int restored, failures;
};

enum { WRITERS = 4 };

/* The last process restores; the others write, each acknowledged write
 * into the file of its handle. */
static int restore_or_write(struct fixture *fx, int number, void *arg)
{
    struct race *race = arg;
    struct restore_report r;
    struct fail f = {0};
    struct db *db;
    bool moved;
    int after = 0;

    if (number == WRITERS) {
        for (int i = 0; i < 3; i++) {
            if (restore_run(&fx->conf, &fx->log, beside(fx, "backup"), NULL, &r, &f))
                return 1;
        }
        __atomic_store_n(&race->restored, 1, __ATOMIC_SEQ_CST);
        return 0;
    }
    if (db_open(&db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &f))
        return 2;
    while (after < 20) {
        bool last = __atomic_load_n(&race->restored, __ATOMIC_SEQ_CST) != 0;

        if (db_follow(db, &moved, &f))
            return 3;
        if (db_begin_write(db, &f) == ERR_BUSY)
            continue;
        if (!post(db, 1, 1, "after", &f) || db_commit(db, &f))
            return 4;
        after += last;
    }
    db_close(db);
    return 0;
}

static void test_restores_beside_writers_leave_one_sound_history(void **state)
{
    struct fixture *fx = *state;
    struct race *race = shared_memory(sizeof *race);
    int64_t checked;

    assert_true(run_processes(fx, WRITERS + 1, restore_or_write, race));
    assert_ok(fx, backup_integrity(fx->db, &fx->fail));
    assert_ok(fx, event_verify(fx->db, 1, &checked, &fx->fail));
    assert_true(head(fx, fx->db) >= 10 + WRITERS * 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_restored_database_begins_a_new_epoch, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_replaced_database_is_kept_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_an_open_handle_follows_and_never_writes_to_the_replaced_file, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_where_no_database_stands_the_old_one_is_not_used_either, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_bad_source_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_broken_database_can_be_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tickets_and_presence_of_the_old_history_are_gone,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_restores_beside_writers_leave_one_sound_history, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
