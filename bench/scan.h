/*
 * Which of our messages a payload holds: the numbers behind `"message":"TAG-`. All readers of a
 * room get the same bytes, so what was scanned is remembered, and a payload that was seen before
 * costs one comparison.
 */
#ifndef BENCH_SCAN_H
#define BENCH_SCAN_H

#include "lib/buf.h"

enum { SCAN_TAG = 16, SCAN_MEMORY = 16 };

struct scan_range {
    int64_t first, to;
};

struct scan_seen {
    struct buf payload;
    struct scan_range *ranges;
    size_t count, cap;
};

struct scan {
    char mark[SCAN_TAG + 16];
    size_t mark_len;
    struct scan_seen memory[SCAN_MEMORY];
    size_t next;
};

void scan_init(struct scan *s, const char *tag); /* shorter than SCAN_TAG */
void scan_release(struct scan *s);
/* Runs of numbers, in the order of the payload; valid until the next call. */
const struct scan_range *scan_payload(struct scan *s, const char *payload, size_t len,
                                      size_t *count);

#endif
