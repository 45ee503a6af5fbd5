#include "bench/tally.h"

#include <string.h>

struct tally *tally_new(size_t readers)
{
    struct tally *t = xcalloc(1, sizeof *t);

    t->readers = readers;
    return t;
}

int64_t tally_post(struct tally *t, int64_t at_ns)
{
    int64_t number = ++t->posted;

    if (number - t->complete > TALLY_WINDOW)
        die("%d messages are on their way: the server cannot keep up", TALLY_WINDOW);
    t->accounted[number % TALLY_WINDOW] = 0;
    t->posted_ns[number % TALLY_WINDOW] = at_ns;
    return number;
}

void tally_receive(struct tally *t, int64_t *last, int64_t first, int64_t to, int64_t now_ns)
{
    if (to > t->posted)
        die("message %lld came before it was posted", (long long)to);
    if (first <= *last) {
        t->doubled += (uint64_t)((to < *last ? to : *last) - first + 1);
        first = *last + 1;
    }
    if (to < first)
        return;
    t->missing += (uint64_t)(first - *last - 1);
    t->deliveries += (uint64_t)(to - first + 1);
    for (int64_t n = *last + 1; n <= to; n++) {
        if (n >= first)
            histogram_add(&t->latency, (now_ns - t->posted_ns[n % TALLY_WINDOW]) / 1000);
        if (++t->accounted[n % TALLY_WINDOW] == t->readers)
            t->complete++;
    }
    *last = to;
}

void tally_start(struct tally *t)
{
    t->deliveries = t->missing = t->doubled = 0;
    t->complete = t->posted;
    memset(&t->latency, 0, sizeof t->latency);
}

void tally_stop(struct tally *t, int64_t *last)
{
    t->missing += (uint64_t)(t->posted - *last);
    *last = t->posted;
}
