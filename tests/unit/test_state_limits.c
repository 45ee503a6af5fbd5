/* state.db, what is counted out: buckets of the rate limits, tickets that open once. */
#include "db/state.h"
#include "tests/unit/db_probe.h"

static enum err take(struct fixture *fx, const char *boot, int64_t now, int64_t cost, int64_t burst,
                     int64_t per_minute, int64_t *retry)
{
    struct bucket b = {"user:1", cost, burst, .per_minute = per_minute};

    return bucket_take(fx->db, boot, now, &b, 1, retry, &fx->fail);
}

static enum err take_of(struct fixture *fx, int64_t now, const char *key, int64_t burst)
{
    struct bucket b = {key, 1, burst, .per_minute = 60};
    int64_t retry;

    return bucket_take(fx->db, BOOT, now, &b, 1, &retry, &fx->fail);
}

static void test_a_bucket_empties_and_refills(void **state)
{
    struct fixture *fx = *state;
    int64_t retry, now = 5000;

    for (int i = 0; i < 3; i++)
        assert_ok(fx, take(fx, BOOT, now, 1, 3, 60, &retry));
    assert_err(ERR_RATE_LIMITED, take(fx, BOOT, now, 1, 3, 60, &retry));
    assert_int_equal(retry, 1000); /* 60 a minute: one a second */
    assert_int_equal(fx->fail.retry_after_ms, 1000);
    assert_err(ERR_RATE_LIMITED, take(fx, BOOT, now + 999, 1, 3, 60, &retry));
    assert_int_equal(retry, 1);
    assert_ok(fx, take(fx, BOOT, now + 1000, 1, 3, 60, &retry));
    assert_int_equal(retry, 0);
    assert_err(ERR_RATE_LIMITED, take(fx, BOOT, now + 1000, 1, 3, 60, &retry));
    /* Full again after a while, and never more than full. */
    now += 1000000;
    for (int i = 0; i < 3; i++)
        assert_ok(fx, take(fx, BOOT, now, 1, 3, 60, &retry));
    assert_err(ERR_RATE_LIMITED, take(fx, BOOT, now, 1, 3, 60, &retry));
}

static void test_waiting_as_told_is_enough(void **state)
{
    struct fixture *fx = *state;
    int64_t retry, now = 1;

    for (int i = 0; i < 200; i++) {
        if (take(fx, BOOT, now, 1, 7, 37, &retry) == ERR_RATE_LIMITED) {
            assert_true(retry > 0);
            now += retry;
            assert_ok(fx, take(fx, BOOT, now, 1, 7, 37, &retry));
        }
    }
    /* 200 and more at 37 a minute, less the first seven */
    assert_in_range(now, 190 * 60000 / 37, 400 * 60000 / 37);
}

static void test_buckets_are_apart(void **state)
{
    struct fixture *fx = *state;

    assert_ok(fx, take_of(fx, 1, "user:1", 1));
    assert_err(ERR_RATE_LIMITED, take_of(fx, 1, "user:1", 1));
    assert_ok(fx, take_of(fx, 1, "user:2", 1));
}

static void test_what_one_bucket_refuses_costs_nothing_in_the_others(void **state)
{
    struct fixture *fx = *state;
    struct bucket both[2] = {{"user:1", 1, 2, .per_minute = 60},
                             {"address:1", 1, 1, .per_minute = 30}};
    int64_t retry;

    assert_ok(fx, bucket_take(fx->db, BOOT, 1, both, 2, &retry, &fx->fail));
    assert_err(ERR_RATE_LIMITED, bucket_take(fx->db, BOOT, 1, both, 2, &retry, &fx->fail));
    assert_int_equal(retry, 2000);
    assert_ok(fx, take_of(fx, 1, "user:1", 2));
    assert_err(ERR_RATE_LIMITED, take_of(fx, 1, "user:1", 2));
}

static void test_a_bucket_of_another_boot_is_full(void **state)
{
    struct fixture *fx = *state;
    int64_t retry;

    assert_ok(fx, take(fx, BOOT, 900000, 1, 1, 1, &retry));
    assert_err(ERR_RATE_LIMITED, take(fx, BOOT, 900000, 1, 1, 1, &retry));
    assert_ok(fx, take(fx, BOOT2, 10, 1, 1, 1, &retry)); /* boot time began anew */
    assert_err(ERR_RATE_LIMITED, take(fx, BOOT2, 10, 1, 1, 1, &retry));
    assert_int_equal(retry, 60000);
}

static void test_a_cost_takes_several_tokens(void **state)
{
    struct fixture *fx = *state;
    int64_t retry;

    assert_ok(fx, take(fx, BOOT, 1, 8, 10, 60, &retry));
    assert_err(ERR_RATE_LIMITED, take(fx, BOOT, 1, 4, 10, 60, &retry));
    assert_int_equal(retry, 2000);
    assert_ok(fx, take(fx, BOOT, 1, 2, 10, 60, &retry)); /* the refusal took nothing */
}

static void test_a_smaller_limit_holds_at_once(void **state)
{
    struct fixture *fx = *state;
    int64_t retry;

    assert_ok(fx, take(fx, BOOT, 1, 600, 600, 60, &retry));
    assert_err(ERR_RATE_LIMITED, take(fx, BOOT, 1, 1, 5, 60, &retry));
    assert_int_equal(retry, 1000);
}

static void test_old_buckets_do_not_pile_up(void **state)
{
    struct fixture *fx = *state;

    for (int i = 0; i < 300; i++) {
        const char *key = arena_fmt(&fx->arena, "address:%d", i);

        assert_ok(fx, take_of(fx, i * 100000, key, 5));
    }
    assert_in_range(rows_of(fx, "SELECT count(*) FROM bucket"), 1, 3);
}

static void test_what_a_transaction_took_is_stored_with_it(void **state)
{
    struct fixture *fx = *state;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    for (int i = 0; i < 3; i++)
        assert_ok(fx, take_of(fx, 1, "user:1", 3));
    assert_err(ERR_RATE_LIMITED, take_of(fx, 1, "user:1", 3));
    db_rollback(fx->db);
    assert_int_equal(rows_of(fx, "SELECT count(*) FROM bucket"), 0);

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, take_of(fx, 1, "user:1", 3)); /* what was rolled back was not taken */
    assert_ok(fx, take_of(fx, 1, "user:1", 3));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_ok(fx, take_of(fx, 1, "user:1", 3));
    assert_err(ERR_RATE_LIMITED, take_of(fx, 1, "user:1", 3));
}

/* More than a transaction keeps in memory. */
static void test_a_transaction_may_take_from_many(void **state)
{
    struct fixture *fx = *state;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            enum err e = take_of(fx, 1, arena_fmt(&fx->arena, "user:%d", i), 2);

            assert_int_equal(e, round < 2 ? OK : ERR_RATE_LIMITED);
        }
    }
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_int_equal(rows_of(fx, "SELECT count(*) FROM bucket"), 100);
    for (int i = 0; i < 100; i++)
        assert_err(ERR_RATE_LIMITED, take_of(fx, 1, arena_fmt(&fx->arena, "user:%d", i), 2));
}

static int take_many(struct fixture *fx, int number, void *arg)
{
    int *taken = arg;
    struct db *db;
    struct fail f;
    int64_t retry;

    if (db_open(&db, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &f))
        return 1;
    for (int i = 0; i < 50; i++) {
        struct bucket b = {"shared", 1, .burst = 60, .per_minute = 1};
        enum err e = bucket_take(db, BOOT, 1, &b, 1, &retry, &f);

        if (e == OK)
            taken[number]++;
        else if (e != ERR_RATE_LIMITED)
            return 2;
    }
    db_close(db);
    return 0;
}

static void test_a_bucket_is_shared_by_processes_exactly(void **state)
{
    struct fixture *fx = *state;
    int *taken = shared_memory(8 * sizeof *taken), sum = 0;

    assert_true(run_processes(fx, 8, take_many, taken));
    for (int i = 0; i < 8; i++)
        sum += taken[i];
    assert_int_equal(sum, 60);
    munmap(taken, 8 * sizeof *taken);
}

static void test_a_ticket_opens_once(void **state)
{
    struct fixture *fx = *state;
    int64_t user = 0, exp = 0;

    assert_ok(fx, ticket_insert(fx->db, BOOT, "aa", 42, 1700000000, 30000, &fx->fail));
    assert_err(ERR_TOKEN_INVALID, ticket_take(fx->db, BOOT, 0, "bb", &user, &exp, &fx->fail));
    assert_ok(fx, ticket_take(fx->db, BOOT, 29999, "aa", &user, &exp, &fx->fail));
    assert_int_equal(user, 42);
    assert_int_equal(exp, 1700000000);
    assert_err(ERR_TOKEN_INVALID, ticket_take(fx->db, BOOT, 29999, "aa", &user, &exp, &fx->fail));
    assert_int_equal(user, 0);
}

static void test_an_expired_ticket_is_refused_and_gone(void **state)
{
    struct fixture *fx = *state;
    int64_t user, exp;

    assert_ok(fx, ticket_insert(fx->db, BOOT, "aa", 42, 1, 30000, &fx->fail));
    assert_err(ERR_TOKEN_INVALID, ticket_take(fx->db, BOOT, 30000, "aa", &user, &exp, &fx->fail));
    assert_err(ERR_TOKEN_INVALID, ticket_take(fx->db, BOOT, 0, "aa", &user, &exp, &fx->fail));
    assert_ok(fx, ticket_insert(fx->db, BOOT, "cc", 42, 1, 30000, &fx->fail));
    assert_err(ERR_TOKEN_INVALID, ticket_take(fx->db, BOOT2, 0, "cc", &user, &exp, &fx->fail));
}

static void test_unused_tickets_do_not_pile_up(void **state)
{
    struct fixture *fx = *state;

    for (int i = 0; i < 100; i++) {
        const char *hash = arena_fmt(&fx->arena, "%d", i);

        assert_ok(fx, ticket_insert(fx->db, BOOT, hash, 1, 1, i * 100000, &fx->fail));
    }
    assert_in_range(rows_of(fx, "SELECT count(*) FROM ws_ticket"), 1, 10);
}

static int take_ticket(struct fixture *fx, int number, void *arg)
{
    int *taken = arg;
    struct db *db;
    struct fail f;
    int64_t user, exp;

    if (db_open(&db, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &f))
        return 1;
    taken[number] = ticket_take(db, BOOT, 0, "aa", &user, &exp, &f) == OK;
    db_close(db);
    return 0;
}

static void test_of_eight_that_show_a_ticket_one_gets_in(void **state)
{
    struct fixture *fx = *state;
    int *taken = shared_memory(8 * sizeof *taken), sum = 0;

    assert_ok(fx, ticket_insert(fx->db, BOOT, "aa", 42, 1, 30000, &fx->fail));
    assert_true(run_processes(fx, 8, take_ticket, taken));
    for (int i = 0; i < 8; i++)
        sum += taken[i];
    assert_int_equal(sum, 1);
    munmap(taken, 8 * sizeof *taken);
}

#define WITH_STATE(test) cmocka_unit_test_setup_teardown(test, setup_state, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STATE(test_a_bucket_empties_and_refills),
        WITH_STATE(test_waiting_as_told_is_enough),
        WITH_STATE(test_buckets_are_apart),
        WITH_STATE(test_what_one_bucket_refuses_costs_nothing_in_the_others),
        WITH_STATE(test_a_bucket_of_another_boot_is_full),
        WITH_STATE(test_a_cost_takes_several_tokens),
        WITH_STATE(test_a_smaller_limit_holds_at_once),
        WITH_STATE(test_old_buckets_do_not_pile_up),
        WITH_STATE(test_what_a_transaction_took_is_stored_with_it),
        WITH_STATE(test_a_transaction_may_take_from_many),
        WITH_STATE(test_a_bucket_is_shared_by_processes_exactly),
        WITH_STATE(test_a_ticket_opens_once),
        WITH_STATE(test_an_expired_ticket_is_refused_and_gone),
        WITH_STATE(test_unused_tickets_do_not_pile_up),
        WITH_STATE(test_of_eight_that_show_a_ticket_one_gets_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
