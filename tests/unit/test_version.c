/* Marks: equal as long as nothing was committed, whoever commits, whatever happens to the WAL. */
#include "db/handle.h"
#include "tests/unit/db_fixture.h"

static void write_epoch(struct fixture *fx, struct db *db, const char *epoch)
{
    assert_ok(fx, db_begin_write(db, &fx->fail));
    assert_ok(fx, db_set_epoch(db, epoch, &fx->fail));
    assert_ok(fx, db_commit(db, &fx->fail));
}

static bool is_as_before(struct db *db, struct db_mark *before)
{
    struct db_mark now = db_mark(db);
    bool same = db_mark_equal(before, &now);

    *before = now;
    return same;
}

/* What the marks say of `reader`, while `writer` writes. */
static void check(struct fixture *fx, struct db *reader, struct db *writer)
{
    struct db_mark mark = db_mark(reader);
    const char *epoch;

    assert_true(is_as_before(reader, &mark));
    for (int i = 0; i < 50; i++) {
        write_epoch(fx, writer, i % 2 ? "this" : "that"); /* the same pages, again and again */
        assert_false(is_as_before(reader, &mark));
        assert_true(is_as_before(reader, &mark));
        assert_ok(fx, db_epoch(reader, &fx->arena, &epoch, &fx->fail));
        assert_string_equal(epoch, i % 2 ? "this" : "that");
        assert_true(is_as_before(reader, &mark)); /* reading changes nothing */
    }
}

static void test_a_mark_changes_with_each_commit_and_with_nothing_else(void **state)
{
    struct fixture *fx = *state;
    struct db *reader;

    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    check(fx, reader, fx->db);
    check(fx, fx->db, fx->db); /* our own commits, too */
    db_close(reader);
}

static void test_a_wal_that_begins_anew_hides_no_commit(void **state)
{
    struct fixture *fx = *state;
    struct db *reader;
    struct db_mark mark;

    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    mark = db_mark(reader);
    for (int i = 0; i < 20; i++) {
        write_epoch(fx, fx->db, "this");
        assert_ok(fx, db_checkpoint_all(fx->db, &fx->fail));
        assert_false(is_as_before(reader, &mark));
        write_epoch(fx, fx->db, "that");
        assert_false(is_as_before(reader, &mark));
    }
    db_close(reader);
}

static void test_without_its_index_it_is_the_same(void **state)
{
    struct fixture *fx = *state;
    struct db *reader;

    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    reader->wal = false; /* as over a network */
    check(fx, reader, fx->db);
    db_close(reader);
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_a_mark_changes_with_each_commit_and_with_nothing_else),
        WITH_CHAT(test_a_wal_that_begins_anew_hides_no_commit),
        WITH_CHAT(test_without_its_index_it_is_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
