/* Hearing of writes: they wake, silence does not, and a file that cannot be watched says so. */
#include "db/handle.h"
#include "tests/unit/db_fixture.h"

#include <poll.h>

static bool is_awake(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

static void write_epoch(struct fixture *fx, const char *epoch)
{
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, db_set_epoch(fx->db, epoch, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
}

static void test_a_commit_wakes_and_a_read_does_not(void **state)
{
    struct fixture *fx = *state;
    struct db *reader;
    const char *epoch;
    int watch;

    assert_ok(fx, db_open(&reader, DB_CHAT, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    watch = db_watch(reader);
    assert_true(watch >= 0);
    assert_ok(fx, db_epoch(fx->db, &fx->arena, &epoch, &fx->fail));
    assert_false(is_awake(watch));
    assert_false(db_watched(watch));
    write_epoch(fx, "first");
    assert_true(is_awake(watch));
    assert_true(db_watched(watch));
    assert_false(is_awake(watch));
    for (int i = 0; i < 200; i++) /* more than the kernel keeps apart */
        write_epoch(fx, i % 2 ? "second" : "third");
    assert_true(db_watched(watch));
    assert_false(db_watched(watch));
    close(watch);
    db_close(reader);
}

static void test_after_a_checkpoint_writes_are_heard_all_the_same(void **state)
{
    struct fixture *fx = *state;
    int watch = db_watch(fx->db);

    write_epoch(fx, "first");
    assert_ok(fx, db_checkpoint_all(fx->db, &fx->fail));
    (void)db_watched(watch);
    write_epoch(fx, "second");
    assert_true(db_watched(watch));
    close(watch);
}

static void test_what_cannot_be_watched_says_so(void **state)
{
    struct fixture *fx = *state;

    fx->db->wal = false; /* a rollback journal comes and goes, over a network perhaps */
    assert_int_equal(db_watch(fx->db), -1);
    assert_false(db_watched(-1));
    fx->db->wal = true;
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_a_commit_wakes_and_a_read_does_not),
        WITH_CHAT(test_after_a_checkpoint_writes_are_heard_all_the_same),
        WITH_CHAT(test_what_cannot_be_watched_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
