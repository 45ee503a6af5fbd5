/* What a server costs, read from /proc, and how long things took. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "lib/base.h"

int64_t measure_now_ns(void);
/* User and system time that a process has used, in ns; -1 where it is gone. */
int64_t measure_cpu_ns(int pid);
int64_t measure_rss_kb(int pid);
int64_t measure_pss_kb(int pid);

/* Latencies in µs, to a resolution of 1/32 of their size. */
struct histogram {
    uint64_t counts[64 * 32];
    uint64_t total;
};

void histogram_add(struct histogram *h, int64_t us);
int64_t histogram_percentile(const struct histogram *h, double p); /* p: 0…100 */

#endif
