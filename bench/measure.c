#include "bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t measure_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The kernel's clock of the process: all threads, in ns; /proc/PID/stat counts ticks of 10 ms. */
int64_t measure_cpu_ns(int pid)
{
    clockid_t clock;
    struct timespec t;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
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

int64_t measure_rss_kb(int pid)
{
    return proc_kb(pid, "status", "VmRSS:");
}

int64_t measure_pss_kb(int pid)
{
    return proc_kb(pid, "smaps_rollup", "Pss:");
}

static size_t slot_of(uint64_t us)
{
    unsigned log2 = 0;

    if (us < 32)
        return (size_t)us;
    while (us >> (log2 + 1) >= 32)
        log2++;
    log2++;
    return (size_t)log2 * 32 + (size_t)((us >> log2) & 31);
}

static int64_t slot_value(size_t slot)
{
    return slot < 32 ? (int64_t)slot : (int64_t)((slot & 31) << (slot / 32));
}

void histogram_add(struct histogram *h, int64_t us)
{
    size_t slot = slot_of(us < 0 ? 0 : (uint64_t)us);

    if (slot >= ARRAY_LEN(h->counts))
        slot = ARRAY_LEN(h->counts) - 1;
    h->counts[slot]++;
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
