#include "bench/measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int64_t measure_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The kernel's clock of the process, in ns; /proc/PID/stat counts ticks of 10 ms. */
int64_t measure_cpu_ns(int pid)
{
    clockid_t clock;
    struct timespec t;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void measure_raise_file_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        die("cannot raise the limit on open files");
}

/* ----- processes ----- */

void procs_parse(struct procs *p, const char *text)
{
    const char *equals = strchr(text, '=');
    char *end;

    *p = (struct procs){.name = text, .name_len = equals ? (size_t)(equals - text) : 0};
    for (const char *at = equals ? equals + 1 : ""; *at; at = *end == ',' ? end + 1 : end) {
        long pid = strtol(at, &end, 10);

        if (end == at || pid <= 0 || p->count == PROCS_MAX)
            break;
        p->pids[p->count++] = (int)pid;
    }
    if (!p->count)
        die("--pid is NAME=PID,PID…, not '%s'", text);
}

int64_t procs_cpu_ns(const struct procs *p)
{
    int64_t sum = 0;

    for (size_t i = 0; i < p->count; i++) {
        int64_t one = measure_cpu_ns(p->pids[i]);

        if (one < 0)
            die("process %d is gone", p->pids[i]);
        sum += one;
    }
    return sum;
}

static int64_t proc_kb(int pid, const char *file, const char *key)
{
    char path[64], line[256];
    int64_t kb = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    f = fopen(path, "r");
    if (!f)
        return -1;
    while (kb < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0)
            kb = strtoll(line + strlen(key), NULL, 10);
    fclose(f);
    return kb;
}

static int64_t sum_kb(const struct procs *p, const char *file, const char *key)
{
    int64_t sum = 0;

    for (size_t i = 0; i < p->count; i++) {
        int64_t one = proc_kb(p->pids[i], file, key);

        if (one < 0)
            return -1;
        sum += one;
    }
    return sum;
}

int64_t procs_rss_kb(const struct procs *p)
{
    return sum_kb(p, "status", "VmRSS:");
}

int64_t procs_pss_kb(const struct procs *p)
{
    return sum_kb(p, "smaps_rollup", "Pss:");
}

/* ----- an interval ----- */

void usage_init(struct usage *u, const struct option_list *groups)
{
    *u = (struct usage){.count = groups->count};
    for (size_t i = 0; i < groups->count; i++)
        procs_parse(&u->groups[i], groups->values[i]);
}

void usage_start(struct usage *u)
{
    for (size_t i = 0; i < u->count; i++)
        u->cpu_ns[i] = procs_cpu_ns(&u->groups[i]);
    u->own_cpu_ns = measure_cpu_ns(getpid());
    u->wall_ns = measure_now_ns();
}

void usage_stop(struct usage *u)
{
    for (size_t i = 0; i < u->count; i++)
        u->cpu_ns[i] = procs_cpu_ns(&u->groups[i]) - u->cpu_ns[i];
    u->own_cpu_ns = measure_cpu_ns(getpid()) - u->own_cpu_ns;
    u->wall_ns = measure_now_ns() - u->wall_ns;
}

int64_t usage_total_ns(const struct usage *u)
{
    int64_t sum = 0;

    for (size_t i = 0; i < u->count; i++)
        sum += u->cpu_ns[i];
    return sum;
}

void usage_settle(const struct usage *u, usage_meanwhile_fn *meanwhile, void *ctx)
{
    static const int64_t interval = 200000000, deadline = 10000000000, quiet_share = 50;
    int64_t began = measure_now_ns();
    struct usage now = *u;

    do {
        int64_t end = measure_now_ns() + interval;

        usage_start(&now);
        while (measure_now_ns() < end)
            meanwhile(ctx, 10);
        usage_stop(&now);
    } while (usage_total_ns(&now) * quiet_share > now.wall_ns &&
             measure_now_ns() < began + deadline);
}

static double per(int64_t ns, uint64_t units)
{
    return units ? (double)ns / 1000.0 / (double)units : 0.0;
}

void usage_print(const struct usage *u, uint64_t units)
{
    double wall = (double)u->wall_ns;

    for (size_t i = 0; i < u->count; i++) {
        const struct procs *p = &u->groups[i];
        int len = (int)p->name_len;

        printf(" cpu_us_%.*s=%.4f rss_kb_%.*s=%" PRId64 " pss_kb_%.*s=%" PRId64, len, p->name,
               per(u->cpu_ns[i], units), len, p->name, procs_rss_kb(p), len, p->name,
               procs_pss_kb(p));
    }
    printf(" cpu_us=%.4f own_cpu_us=%.4f busy=%.4f own_busy=%.4f", per(usage_total_ns(u), units),
           per(u->own_cpu_ns, units), (double)usage_total_ns(u) / wall,
           (double)u->own_cpu_ns / wall);
}

/* ----- latencies ----- */

/* Below 32 each has its own; above, 32 for each power of two. */
static size_t slot_of(uint64_t us)
{
    unsigned shift;

    if (us < 32)
        return (size_t)us;
    shift = 58 - (unsigned)__builtin_clzll(us);
    return ((size_t)shift + 1) * 32 + (size_t)(us >> shift & 31);
}

static int64_t slot_value(size_t slot)
{
    return slot < 32 ? (int64_t)slot : (int64_t)((32 + (slot & 31)) << (slot / 32 - 1));
}

void histogram_add(struct histogram *h, int64_t us)
{
    h->counts[slot_of(us < 0 ? 0 : (uint64_t)us)]++;
    h->total++;
}

int64_t histogram_percentile(const struct histogram *h, double p)
{
    uint64_t want = (uint64_t)((double)h->total * p / 100.0), seen = 0;

    for (size_t i = 0; i < ARRAY_LEN(h->counts); i++) {
        seen += h->counts[i];
        if (seen > want)
            return slot_value(i);
    }
    return 0;
}

void histogram_print(const struct histogram *h)
{
    printf(" p50_us=%" PRId64 " p90_us=%" PRId64 " p99_us=%" PRId64 " p999_us=%" PRId64,
           histogram_percentile(h, 50), histogram_percentile(h, 90), histogram_percentile(h, 99),
           histogram_percentile(h, 99.9));
}
