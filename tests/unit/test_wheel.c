/* Deadlines: due when they are, neither sooner nor forgotten. */
#include "ws-sidecar/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 500 };

static size_t due(struct wheel *w, int64_t now)
{
    size_t count = 0;

    wheel_turn(w, now);
    for (struct wheel_entry *e; (e = wheel_next(w)); count++)
        assert_true(e->due_ms <= now);
    return count;
}

static void test_each_is_due_once_and_not_before_its_time(void **state)
{
    struct wheel_entry e[3] = {{0}};
    struct wheel w;

    (void)state;
    wheel_init(&w, 5500);
    wheel_put(&w, &e[0], 5900); /* within this second */
    wheel_put(&w, &e[1], 6500);
    wheel_put(&w, &e[2], 30000);
    assert_int_equal(due(&w, 5899), 0);
    assert_int_equal(due(&w, 5900), 1);
    assert_int_equal(due(&w, 6499), 0);
    assert_int_equal(due(&w, 6500), 1);
    assert_int_equal(due(&w, 6500), 0);
    assert_int_equal(due(&w, 29999), 0);
    assert_int_equal(due(&w, 30000), 1);
    assert_int_equal(due(&w, 200000), 0);
}

static void test_what_is_put_again_or_removed_forgets_its_first_time(void **state)
{
    struct wheel_entry e = {0}, gone = {0}, never = {0};
    struct wheel w;

    (void)state;
    wheel_init(&w, 0);
    wheel_put(&w, &e, 2000);
    wheel_put(&w, &gone, 2000);
    wheel_put(&w, &e, 4000);
    wheel_remove(&gone);
    wheel_remove(&gone);
    wheel_remove(&never);
    assert_int_equal(due(&w, 3999), 0);
    assert_int_equal(due(&w, 4000), 1);
    wheel_put(&w, &e, 5000);
    wheel_turn(&w, 6000);
    wheel_remove(&e); /* while it waits for its turn among those that are due */
    assert_null(wheel_next(&w));
}

static void test_the_past_is_next_and_the_far_future_is_a_minute(void **state)
{
    struct wheel_entry past = {0}, far = {0};
    struct wheel w;

    (void)state;
    wheel_init(&w, 10000);
    wheel_put(&w, &past, 3);
    wheel_put(&w, &far, INT64_MAX);
    wheel_turn(&w, 10001);
    assert_ptr_equal(wheel_next(&w), &past);
    wheel_put(&w, &past, 0); /* one that is always due does not hold up the turn */
    assert_null(wheel_next(&w));
    assert_int_equal(due(&w, 10000 + WHEEL_MAX_MS - 1), 1);
    assert_int_equal(due(&w, 10000 + WHEEL_MAX_MS), 1);
}

static void test_no_deadline_is_missed_however_time_goes(void **state)
{
    struct wheel_entry e[MANY] = {{0}};
    int64_t now = 777;
    struct wheel w;

    (void)state;
    srand(20261124);
    wheel_init(&w, now);
    for (int round = 0; round < 200; round++) {
        size_t expected = 0;

        for (size_t i = 0; i < MANY; i++) {
            if (!e[i].next)
                wheel_put(&w, &e[i], now + 1 + rand() % WHEEL_MAX_MS);
        }
        now += round % 20 == 19 ? 1000000 : 1 + rand() % 3000; /* it sleeps now and then */
        for (size_t i = 0; i < MANY; i++)
            expected += e[i].due_ms <= now;
        assert_int_equal(due(&w, now), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_due_once_and_not_before_its_time),
        cmocka_unit_test(test_what_is_put_again_or_removed_forgets_its_first_time),
        cmocka_unit_test(test_the_past_is_next_and_the_far_future_is_a_minute),
        cmocka_unit_test(test_no_deadline_is_missed_however_time_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
