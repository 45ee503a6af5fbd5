/* What a server costs, as the kernel counts it, and how long things took. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/options.h"

int64_t measure_now_ns(void);
/* User and system time that a process has used, all its threads, in ns; -1 where it is gone. */
int64_t measure_cpu_ns(int pid);
/* As many files as may be. */
void measure_raise_file_limit(void);

/* Processes that are looked at together, from "name=PID,PID…". */
enum { PROCS_MAX = 32 };

struct procs {
    const char *name; /* not terminated: name_len bytes */
    size_t name_len;
    int pids[PROCS_MAX];
    size_t count;
};

void procs_parse(struct procs *p, const char *text);
int64_t procs_cpu_ns(const struct procs *p); /* die()s where one is gone */
/* -1 where it may not be read: PSS of another user's process, or of one that hides its memory. */
int64_t procs_rss_kb(const struct procs *p);
int64_t procs_pss_kb(const struct procs *p);

/* Groups of processes over an interval, and this process beside them. */
struct usage {
    struct procs groups[OPTION_LIST_MAX];
    size_t count;
    int64_t cpu_ns[OPTION_LIST_MAX], own_cpu_ns, wall_ns;
};

void usage_init(struct usage *u, const struct option_list *groups);
void usage_start(struct usage *u);
void usage_stop(struct usage *u); /* the fields then hold what was used since the start */
int64_t usage_total_ns(const struct usage *u);
/* Waits until the groups use next to nothing, calling `meanwhile`; at most ten seconds. */
typedef void usage_meanwhile_fn(void *ctx, int timeout_ms);
void usage_settle(const struct usage *u, usage_meanwhile_fn *meanwhile, void *ctx);
/* " cpu_us_NAME=… rss_kb_NAME=… pss_kb_NAME=…" for each group, CPU per one of `units`, then
 * " cpu_us=… own_cpu_us=… busy=… own_busy=…": both sums, and shares of the interval. */
void usage_print(const struct usage *u, uint64_t units);

/* Latencies in µs, to a resolution of 1/32 of their size. */
struct histogram {
    uint64_t counts[64 * 32];
    uint64_t total;
};

void histogram_add(struct histogram *h, int64_t us);
int64_t histogram_percentile(const struct histogram *h, double p); /* p: 0…100 */
/* " p50_us=… p90_us=… p99_us=… p999_us=…" */
void histogram_print(const struct histogram *h);

#endif
