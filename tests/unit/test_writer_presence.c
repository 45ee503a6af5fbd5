/* The writer keeps who is there: rows put, renewed, let go, and listed when they changed. */
#include "tests/lib/fixture.h"
#include "ws-sidecar/writer.h"

static struct writer_round round_of(struct fixture *fx)
{
    return (struct writer_round){.chat = &fx->chat, .instance = "here"};
}

static struct presence_change seat(enum presence_act act, const char *instance, int64_t ttl_ms)
{
    return (struct presence_change){act,
                                    {.connection = "c1",
                                     .instance = instance,
                                     .username = "ana",
                                     .state = "active",
                                     .user_id = 7,
                                     .room_id = 1,
                                     .expires_ms = ttl_ms}};
}

static struct job *change(struct writer_round *round, struct presence_change *p, size_t count)
{
    struct job *j = job_new(JOB_PRESENCE, 0);

    j->u.presence.changes = p;
    j->u.presence.count = count;
    writer_run(round, j);
    assert_int_equal(j->err, OK);
    return j;
}

static void test_presence_is_listed_when_it_changed(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct presence_change p = seat(PRESENCE_PUT, NULL, 75000), left;
    struct job *j = change(&round, &p, 1);

    (void)state;
    assert_true(j->u.presence.listed);
    assert_int_equal(j->u.presence.row_count, 1);
    assert_string_equal(j->u.presence.rows[0].instance, "here");
    job_free(j);
    j = change(&round, NULL, 0);
    assert_false(j->u.presence.listed); /* nothing new */
    job_free(j);
    left = seat(PRESENCE_LET_GO, NULL, 5000);
    job_free(change(&round, &left, 1));
    fixture_pass(fx, 5001);
    j = change(&round, NULL, 0);
    assert_true(j->u.presence.listed); /* by time alone */
    assert_int_equal(j->u.presence.row_count, 0);
    job_free(j);
    fixture_close(fx);
}

static void test_one_lease_keeps_the_rows_of_all_connections(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct presence_change p = seat(PRESENCE_PUT, NULL, PRESENCE_LEASED);
    struct job *j = change(&round, &p, 1);

    (void)state;
    job_free(j);
    for (int i = 0; i < 10; i++) { /* nothing is said for minutes */
        fixture_pass(fx, 30000);
        j = change(&round, NULL, 0);
        assert_false(j->u.presence.lapsed);
        assert_true(!j->u.presence.listed || j->u.presence.row_count == 1);
        job_free(j);
    }
    fixture_pass(fx, 100000); /* the machine slept: somebody may have swept */
    assert_int_equal(
        presence_sweep(fx->chat.state, fx->chat.boot_id, clock_boot_ms(&fx->chat.clock), &fx->fail),
        OK);
    j = change(&round, NULL, 0);
    assert_true(j->u.presence.lapsed);
    assert_int_equal(j->u.presence.row_count, 0);
    job_free(j);
    j = change(&round, &p, 1);
    assert_int_equal(j->u.presence.row_count, 1);
    job_free(j);
    fixture_close(fx);
}

static void test_a_list_that_was_not_wanted_comes_later(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct presence_change p = seat(PRESENCE_PUT, NULL, PRESENCE_LEASED);
    struct job *j = job_new(JOB_PRESENCE, 0);

    (void)state;
    j->u.presence.changes = &p;
    j->u.presence.count = 1;
    j->u.presence.unlisted = true;
    writer_run(&round, j);
    assert_false(j->u.presence.listed);
    job_free(j);
    j = change(&round, NULL, 0);
    assert_true(j->u.presence.listed);
    assert_int_equal(j->u.presence.row_count, 1);
    job_free(j);
    fixture_close(fx);
}

static void test_changes_that_were_not_stored_can_be_asked_again(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct presence_change p = seat(PRESENCE_PUT, "poll", 75000);
    struct job *j = job_new(JOB_PRESENCE, 0);

    (void)state;
    j->u.presence.changes = &p;
    j->u.presence.count = 1;
    j->history = db_file(fx->chat.db) + 1;
    writer_run(&round, j);
    assert_int_equal(j->err, ERR_BUSY);
    fixture_pass(fx, 74000);
    j->err = OK;
    j->history = 0;
    writer_run(&round, j);
    assert_int_equal(j->err, OK);
    assert_int_equal(j->u.presence.row_count, 1);
    assert_true(j->u.presence.rows[0].expires_ms >= clock_boot_ms(&fx->chat.clock) + 75000);
    job_free(j);
    fixture_close(fx);
}

static size_t rows_after(struct writer_round *round, struct presence_change p)
{
    struct job *j = change(round, &p, 1);
    size_t count = j->u.presence.row_count;

    if (count > 0)
        assert_string_equal(j->u.presence.rows[0].instance, "poll");
    job_free(j);
    return count;
}

static void test_the_row_of_a_page_is_kept_shortened_and_taken_up_again(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);

    (void)state;
    assert_int_equal(rows_after(&round, seat(PRESENCE_PUT, "poll", 75000)), 1);
    fixture_pass(fx, 74000);
    assert_int_equal(rows_after(&round, seat(PRESENCE_RENEW, "poll", 75000)), 1);
    fixture_pass(fx, 74000);
    assert_int_equal(rows_after(&round, seat(PRESENCE_SHORTEN, "poll", 500)), 1);
    assert_int_equal(rows_after(&round, seat(PRESENCE_PUT, "poll", 75000)), 1);
    fixture_pass(fx, 1000);
    assert_int_equal(rows_after(&round, seat(PRESENCE_SHORTEN, "poll", 500)), 1);
    fixture_pass(fx, 501);
    job_free(change(&round, NULL, 0));
    assert_int_equal(rows_after(&round, seat(PRESENCE_SHORTEN, "poll", 500)), 0);
    fixture_close(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presence_is_listed_when_it_changed),
        cmocka_unit_test(test_one_lease_keeps_the_rows_of_all_connections),
        cmocka_unit_test(test_a_list_that_was_not_wanted_comes_later),
        cmocka_unit_test(test_changes_that_were_not_stored_can_be_asked_again),
        cmocka_unit_test(test_the_row_of_a_page_is_kept_shortened_and_taken_up_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
