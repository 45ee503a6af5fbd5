/* When the market closes: on weekdays, by its own clock, over the changes
 * to summer time and back. */
#include "lib/market.h"

/* cmocka needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

static void test_the_next_close_is_that_of_a_weekday(void **state)
{
    static const struct {
        const char *spec;
        int64_t now, close; /* seconds, UTC */
    } cases[] = {
        /* Tuesday 2026-11-24, 09:00 in New York (winter): 16:00 is 21:00 UTC */
        {"16:00 America/New_York", 1795528800, 1795554000},
        /* at the close itself: the next day's */
        {"16:00 America/New_York", 1795554000, 1795640400},
        /* Friday 2026-03-06, 17:00 in New York: Monday's, by when it is summer time (20:00 UTC) */
        {"16:00 America/New_York", 1772834400, 1773086400},
        /* Friday 2026-10-30, 17:00 in New York (summer): Monday's, by when it is winter again */
        {"16:00 America/New_York", 1793394000, 1793653200},
        /* a Saturday in Tokyo, while it is Friday elsewhere: 2026-11-27 20:00 UTC */
        {"15:30 Asia/Tokyo", 1795809600, 1796020200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(market_next_close(cases[i].spec, cases[i].now * 1000),
                         cases[i].close * 1000);
}

static void test_the_programs_own_zone_stays(void **state)
{
    (void)state;
    setenv("TZ", "Asia/Kolkata", 1);
    market_next_close("16:00 America/New_York", 1795528800000);
    assert_string_equal(getenv("TZ"), "Asia/Kolkata");
    unsetenv("TZ");
    market_next_close("16:00 America/New_York", 1795528800000);
    assert_null(getenv("TZ"));
}

static void test_what_is_no_time_of_a_zone_is_refused(void **state)
{
    static const struct {
        const char *spec;
        bool valid;
    } cases[] = {{"16:00 America/New_York", true},
                 {"09:30 UTC", true},
                 {"00:00 Etc/GMT+5", true},
                 {"", false},
                 {"16:00", false},
                 {"16:00 ", false},
                 {"24:00 UTC", false},
                 {"16:60 UTC", false},
                 {"4:00 UTC", false},
                 {"16:00 /etc/passwd", false},
                 {"16:00 A B", false},
                 {"16.00 UTC", false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(market_close_is_valid(cases[i].spec), cases[i].valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_next_close_is_that_of_a_weekday),
        cmocka_unit_test(test_the_programs_own_zone_stays),
        cmocka_unit_test(test_what_is_no_time_of_a_zone_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
