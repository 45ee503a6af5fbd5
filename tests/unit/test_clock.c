/* Time: real or faked. */
#include "lib/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_a_fake_clock_shows_what_it_is_told(void **state)
{
    struct clock c = {.fake = true, .fake_wall_ms = 1795338000000, .fake_boot_ms = 7};

    (void)state;
    assert_int_equal(clock_wall_ms(&c), 1795338000000);
    assert_int_equal(clock_boot_ms(&c), 7);
}

static void test_a_real_clock_counts_milliseconds_upwards(void **state)
{
    struct clock c = {0};
    int64_t wall = clock_wall_ms(&c), boot = clock_boot_ms(&c);

    (void)state;
    assert_true(wall > INT64_C(1700000000000) && wall < INT64_C(4102444800000));
    assert_true(boot > 0 && boot < wall);
    while (clock_boot_ms(&c) == boot)
        ;
    assert_true(clock_boot_ms(&c) > boot);
}

static void test_the_boot_id_is_a_stable_uuid(void **state)
{
    char one[37], two[37];

    (void)state;
    clock_boot_id(one);
    clock_boot_id(two);
    assert_int_equal(strlen(one), 36);
    assert_int_equal(strspn(one, "0123456789abcdef-"), 36);
    assert_string_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fake_clock_shows_what_it_is_told),
        cmocka_unit_test(test_a_real_clock_counts_milliseconds_upwards),
        cmocka_unit_test(test_the_boot_id_is_a_stable_uuid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
