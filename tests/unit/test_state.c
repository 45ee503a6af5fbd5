/* state.db, who is there: rows that end by time, by boot, with their sidecar. */
#include "db/state.h"
#include "tests/unit/db_probe.h"

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

/* As a page says again that it is there. */
static struct presence of_page(void)
{
    return (struct presence){.connection = "c1",
                             .instance = "poll",
                             .username = "new name",
                             .state = "active",
                             .user_id = 1,
                             .room_id = 7,
                             .expires_ms = 9000};
}

static size_t list(struct fixture *fx, const char *boot, int64_t now, struct presence *out,
                   int64_t *next)
{
    size_t count;

    assert_ok(fx, presence_list(fx->db, &fx->arena, boot, now, out, 10, &count, next, &fx->fail));
    return count;
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
    struct presence out[10], held = of_page();
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
    struct presence out[10], again = of_page();
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
    struct presence out[10], again = of_page();
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
