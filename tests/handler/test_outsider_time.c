/*
 * How long an answer takes tells somebody outside no more than what it says: for every route, what
 * is asked about what is hidden and about what never was costs the same. Measured is the
 * processor's time of this thread, and what is compared are medians of many pairs, one question
 * after the other.
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

static int64_t time_of(struct question *q)
{
    int64_t began = cpu_ns();

    outsider_ask(q);
    return cpu_ns() - began;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double median(int64_t *list, size_t count)
{
    qsort(list, count, sizeof *list, by_size);
    return (double)list[count / 2];
}

/* Of the medians: 1 is the same. 0: nothing in this route's questions is about a thing. */
static double ratio_of(struct world *world, const struct route *table, unsigned at, int pairs)
{
    int64_t real[PAIRS_LONG], never[PAIRS_LONG];
    size_t count = 0;

    for (int i = 0; i < pairs; i++) {
        struct question a = {.world = world, .state = world->state}, b = a;

        b.never = true;
        outsider_make(&a, table, at);
        outsider_make(&b, table, at);
        world->state = a.state;
        if (!a.refers)
            continue;
        if (i % 2) {
            real[count] = time_of(&a);
            never[count++] = time_of(&b);
        } else {
            never[count] = time_of(&b);
            real[count++] = time_of(&a);
        }
    }
    return count < (size_t)pairs / 4 ? 0 : median(real, count) / median(never, count);
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
