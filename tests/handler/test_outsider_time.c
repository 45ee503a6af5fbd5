/*
 * How long an answer takes tells somebody outside no more than what it says: for every route, what
 * is asked about what is hidden and about what never was costs the same. Measured is the
 * processor's time of this thread; of many pairs, one question after the other, the median counts.
 */
#include "tests/lib/outsider.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAIRS = 60, PAIRS_LONG = 400, SEED = 20261125 };

static int64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static double time_of(struct question *q)
{
    int64_t began = cpu_ns();

    outsider_ask(q);
    return (double)(cpu_ns() - began);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median of the pairs' ratios: 1 is the same. 0: nothing in this route's questions is about a
 * thing. */
static double ratio_of(struct world *world, const struct route *table, unsigned at, int pairs)
{
    double ratios[PAIRS_LONG];
    size_t count = 0;

    for (int i = 0; i < pairs; i++) {
        struct question real = {.world = world, .state = world->state}, never = real;
        double first, second;

        never.never = true;
        outsider_make(&real, table, at);
        outsider_make(&never, table, at);
        world->state = real.state;
        if (!real.refers)
            continue;
        first = time_of(i % 2 ? &real : &never);
        second = time_of(i % 2 ? &never : &real);
        ratios[count++] = i % 2 ? first / second : second / first;
    }
    if (count < (size_t)pairs / 4)
        return 0;
    qsort(ratios, count, sizeof *ratios, by_size);
    return ratios[count / 2];
}

/* How far apart they are, whichever is the slower. */
static double factor_of(double ratio)
{
    return ratio > 0 && ratio < 1 ? 1 / ratio : ratio;
}

static void test_outside_an_answer_takes_as_long_whatever_is_there(void **state)
{
    const struct route *const tables[] = {api_routes, page_routes};
    int pairs = getenv("OUTCRY_LONG") ? PAIRS_LONG : PAIRS, routes = 0;
    struct world world;
    double worst = 1;
    const char *where = "";

    (void)state;
    outsider_open(&world, SEED);
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (unsigned i = 0; tables[t][i].pattern; i++) {
            double factor = factor_of(ratio_of(&world, tables[t], i, pairs));

            routes += factor > 0;
            if (factor > worst) {
                worst = factor;
                where = tables[t][i].pattern;
            }
        }
    }
    print_message("%d routes; medians are %.2f times apart at most (%s)\n", routes, worst, where);
    assert_true(routes > 40);
    assert_true(worst < 2);
    web_close(world.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outside_an_answer_takes_as_long_whatever_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
