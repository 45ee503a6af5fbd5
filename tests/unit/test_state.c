#include "db/handle.h"
#include "db/state.h"
#include "tests/unit/db_fixture.h"

#define BOOT  "11111111-1111-1111-1111-111111111111"
#define BOOT2 "22222222-2222-2222-2222-222222222222"

static void lease(struct fixture *fx, const char *instance, int64_t expires)
{
    assert_ok(fx, presence_lease(fx->db, BOOT, instance, expires, &fx->fail));
}

static void put(struct fixture *fx, const char *connection, const char *instance, int64_t user,
                int64_t room, const char *mode, int64_t expires)
{
    struct presence p = {.connection = connection,
                         .instance = instance,
                         .username = "ann",
                         .state = mode,
                         .user_id = user,
                         .room_id = room,
                         .expires_ms = expires};

    assert_ok(fx, presence_put(fx->db, BOOT, 0, &p, &fx->fail));
}

static size_t list(struct fixture *fx, const char *boot, int64_t now, struct presence *out,
                   int64_t *next)
{
    size_t count;

    assert_ok(fx, presence_list(fx->db, &fx->arena, boot, now, out, 10, &count, next, &fx->fail));
    return count;
}

static int64_t rows_of(struct fixture *fx, const char *count)
{
    sqlite3_stmt *stmt;
    int64_t n;

    assert_int_equal(sqlite3_prepare_v2(fx->db->sqlite, count, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void test_presence_ends_when_it_expires(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10];
    int64_t next;

    lease(fx, "side1", INT64_MAX);
    put(fx, "c1", "side1", 2, 7, "active", 1000);
    put(fx, "c2", "side1", 1, 7, "idle", 2000);
    put(fx, "c3", "side1", 3, 7, "invisible", 3000);
    assert_int_equal(list(fx, BOOT, 0, out, &next), 2);
    assert_int_equal(out[0].user_id, 1);
    assert_string_equal(out[0].state, "idle");
    assert_string_equal(out[0].connection, "c2");
    assert_string_equal(out[0].instance, "side1");
    assert_string_equal(out[1].username, "ann");
    assert_int_equal(out[1].room_id, 7);
    assert_int_equal(next, 1000);
    assert_int_equal(list(fx, BOOT, 999, out, &next), 2);
    assert_int_equal(list(fx, BOOT, 1000, out, &next), 1);
    assert_int_equal(next, 2000);
    assert_int_equal(list(fx, BOOT, 2000, out, &next), 0);
    assert_true(next == INT64_MAX);
}

static void test_presence_of_another_boot_is_gone(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10];
    int64_t next;

    put(fx, "c1", "side1", 1, 7, "active", 1000000);
    assert_int_equal(list(fx, BOOT2, 0, out, &next), 0);
    assert_ok(fx, presence_sweep(fx->db, BOOT2, 0, &fx->fail));
    assert_int_equal(rows_of(fx, "SELECT count(*) FROM presence"), 0);
}

static void test_a_connection_has_one_row(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10];
    int64_t next;

    lease(fx, "side1", INT64_MAX);
    put(fx, "c1", "side1", 1, 7, "active", 1000);
    put(fx, "c1", "side1", 1, 8, "idle", 2000);
    assert_int_equal(list(fx, BOOT, 0, out, &next), 1);
    assert_int_equal(out[0].room_id, 8);
    assert_string_equal(out[0].state, "idle");
}

static void test_only_its_owner_ends_a_connection(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10];
    int64_t next;

    put(fx, "c1", "poll", 1, 7, "active", 9000);
    assert_ok(fx, presence_expire(fx->db, "c1", 2, 500, &fx->fail));
    list(fx, BOOT, 0, out, &next);
    assert_int_equal(next, 9000);
    assert_ok(fx, presence_expire(fx->db, "c1", 1, 500, &fx->fail));
    list(fx, BOOT, 0, out, &next);
    assert_int_equal(next, 500);
    assert_ok(fx, presence_expire(fx->db, "unknown", 1, 500, &fx->fail));
}

static void test_a_renewed_row_keeps_what_its_page_said_meanwhile(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10], held = {.connection = "c1",
                                     .instance = "poll",
                                     .username = "new name",
                                     .state = "active",
                                     .user_id = 1,
                                     .room_id = 7,
                                     .expires_ms = 9000};
    int64_t next;

    put(fx, "c1", "poll", 1, 8, "idle", 1000);
    assert_ok(fx, presence_renew(fx->db, BOOT, 500, &held, &fx->fail));
    assert_int_equal(list(fx, BOOT, 500, out, &next), 1);
    assert_int_equal(out[0].room_id, 8);
    assert_string_equal(out[0].state, "idle");
    assert_string_equal(out[0].username, "new name");
    assert_int_equal(next, 9000);
    held.connection = "c2"; /* swept away, in a suspend perhaps */
    assert_ok(fx, presence_renew(fx->db, BOOT, 500, &held, &fx->fail));
    assert_int_equal(list(fx, BOOT, 500, out, &next), 2);
    assert_ok(fx, presence_expire(fx->db, "c1", 1, 600, &fx->fail));
    held.connection = "c1";
    assert_ok(fx, presence_renew(fx->db, BOOT, 550, &held, &fx->fail)); /* gone is gone */
    assert_int_equal(list(fx, BOOT, 600, out, &next), 1);
}

static void test_a_shortened_row_may_be_put_again(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10], again = {.connection = "c1",
                                      .instance = "poll",
                                      .username = "ana",
                                      .state = "active",
                                      .user_id = 1,
                                      .room_id = 7,
                                      .expires_ms = 9000};
    int64_t next;

    put(fx, "c1", "poll", 1, 7, "active", 9000);
    assert_ok(fx, presence_shorten(fx->db, "c1", 2, 500, &fx->fail)); /* not the owner */
    list(fx, BOOT, 0, out, &next);
    assert_int_equal(next, 9000);
    assert_ok(fx, presence_shorten(fx->db, "c1", 1, 500, &fx->fail));
    assert_ok(fx, presence_shorten(fx->db, "c1", 1, 800, &fx->fail)); /* only ever shorter */
    list(fx, BOOT, 0, out, &next);
    assert_int_equal(next, 500);
    assert_ok(fx, presence_put(fx->db, BOOT, 400, &again, &fx->fail));
    list(fx, BOOT, 400, out, &next);
    assert_int_equal(next, 9000);
}

static void test_one_that_was_let_go_stays_gone_until_it_expired(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10], again = {.connection = "c1",
                                      .instance = "poll",
                                      .username = "ana",
                                      .state = "active",
                                      .user_id = 1,
                                      .room_id = 7,
                                      .expires_ms = 9000};
    int64_t next;

    put(fx, "c1", "poll", 1, 7, "active", 9000);
    assert_ok(fx, presence_expire(fx->db, "c1", 1, 500, &fx->fail));
    assert_ok(fx, presence_put(fx->db, BOOT, 499, &again, &fx->fail)); /* it was under way */
    assert_int_equal(list(fx, BOOT, 499, out, &next), 1);
    assert_int_equal(next, 500);
    assert_int_equal(list(fx, BOOT, 500, out, &next), 0);
    assert_ok(fx, presence_put(fx->db, BOOT, 500, &again, &fx->fail)); /* it came back */
    assert_int_equal(list(fx, BOOT, 500, out, &next), 1);
    assert_int_equal(next, 9000);
}

static void test_a_new_sidecar_retires_the_rows_of_others(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10];
    int64_t next;

    lease(fx, "old", INT64_MAX);
    lease(fx, "new", INT64_MAX);
    put(fx, "c1", "old", 1, 7, "active", 9000);
    put(fx, "c2", "old", 2, 7, "active", 300);
    put(fx, "c3", "poll", 3, 7, "active", 9000);
    put(fx, "c4", "new", 4, 7, "active", 9000);
    assert_ok(fx, presence_retire(fx->db, "new", 500, &fx->fail));
    assert_int_equal(list(fx, BOOT, 0, out, &next), 4);
    assert_int_equal(out[0].expires_ms, 500);
    assert_int_equal(out[1].expires_ms, 300); /* at the latest */
    assert_int_equal(out[2].expires_ms, 9000);
    assert_int_equal(out[3].expires_ms, 9000);
}

static void test_a_sweep_deletes_what_expired_and_nothing_else(void **state)
{
    struct fixture *fx = *state;
    struct db *other;
    int64_t version;

    lease(fx, "side1", INT64_MAX);
    put(fx, "c1", "side1", 1, 7, "active", 1000);
    put(fx, "c2", "side1", 2, 7, "active", 2000);
    assert_ok(fx, presence_sweep(fx->db, BOOT, 1500, &fx->fail));
    assert_int_equal(rows_of(fx, "SELECT count(*) FROM presence"), 1);
    /* With nothing to do it writes nothing. */
    assert_ok(fx, db_open(&other, DB_STATE, DB_READ_ONLY, &fx->conf, &fx->log, &fx->fail));
    version = db_data_version(other);
    assert_ok(fx, presence_sweep(fx->db, BOOT, 1500, &fx->fail));
    assert_int_equal(db_data_version(other), version);
    db_close(other);
}

static void test_a_sidecars_rows_live_as_long_as_its_lease(void **state)
{
    struct fixture *fx = *state;
    struct presence out[10];
    int64_t next;

    put(fx, "c1", "side1", 1, 7, "active", PRESENCE_LEASED);
    put(fx, "c2", "poll", 2, 7, "active", 5000);
    assert_int_equal(list(fx, BOOT, 0, out, &next), 1); /* it has none yet */
    lease(fx, "side1", 1000);
    lease(fx, "side2", 3000);
    assert_int_equal(list(fx, BOOT, 999, out, &next), 2);
    assert_int_equal(next, 1000);
    lease(fx, "side1", 2000);
    assert_int_equal(list(fx, BOOT, 1999, out, &next), 2);
    assert_ok(fx, presence_sweep(fx->db, BOOT, 1999, &fx->fail));
    assert_int_equal(list(fx, BOOT, 1999, out, &next), 2);
    assert_int_equal(list(fx, BOOT, 2000, out, &next), 1);
    assert_ok(fx, presence_sweep(fx->db, BOOT, 2000, &fx->fail));
    assert_int_equal(rows_of(fx, "SELECT count(*) FROM presence"), 1);
    assert_int_equal(rows_of(fx, "SELECT count(*) FROM presence_lease"), 1);
    assert_int_equal(list(fx, BOOT2, 2000, out, &next), 0); /* boots do not mix */
}

static void test_many_changes_share_the_callers_transaction(void **state)
{
    struct fixture *fx = *state;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    put(fx, "c1", "side1", 1, 7, "active", 1000);
    assert_ok(fx, presence_expire(fx->db, "c1", 1, 10, &fx->fail));
    assert_true(db_in_transaction(fx->db));
    db_rollback(fx->db);
    assert_int_equal(rows_of(fx, "SELECT count(*) FROM presence"), 0);
}

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
        WITH_STATE(test_presence_ends_when_it_expires),
        WITH_STATE(test_presence_of_another_boot_is_gone),
        WITH_STATE(test_a_sidecars_rows_live_as_long_as_its_lease),
        WITH_STATE(test_a_connection_has_one_row),
        WITH_STATE(test_only_its_owner_ends_a_connection),
        WITH_STATE(test_a_new_sidecar_retires_the_rows_of_others),
        WITH_STATE(test_one_that_was_let_go_stays_gone_until_it_expired),
        WITH_STATE(test_a_renewed_row_keeps_what_its_page_said_meanwhile),
        WITH_STATE(test_a_shortened_row_may_be_put_again),
        WITH_STATE(test_a_sweep_deletes_what_expired_and_nothing_else),
        WITH_STATE(test_many_changes_share_the_callers_transaction),
        WITH_STATE(test_a_bucket_empties_and_refills),
        WITH_STATE(test_waiting_as_told_is_enough),
        WITH_STATE(test_buckets_are_apart),
        WITH_STATE(test_what_one_bucket_refuses_costs_nothing_in_the_others),
        WITH_STATE(test_a_bucket_of_another_boot_is_full),
        WITH_STATE(test_a_cost_takes_several_tokens),
        WITH_STATE(test_a_smaller_limit_holds_at_once),
        WITH_STATE(test_old_buckets_do_not_pile_up),
        WITH_STATE(test_a_bucket_is_shared_by_processes_exactly),
        WITH_STATE(test_a_ticket_opens_once),
        WITH_STATE(test_an_expired_ticket_is_refused_and_gone),
        WITH_STATE(test_unused_tickets_do_not_pile_up),
        WITH_STATE(test_of_eight_that_show_a_ticket_one_gets_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
