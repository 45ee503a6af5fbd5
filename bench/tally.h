/*
 * Who has received which message: numbers 1, 2, 3 … to a known number of readers, each once and in
 * order. What a reader skips is missing, what it gets again is doubled. The time of a receipt runs
 * from tally_post().
 */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include "bench/measure.h"

enum { TALLY_WINDOW = 1 << 16 }; /* messages that may be on their way */

struct tally {
    size_t readers;
    int64_t posted, complete;         /* complete: every reader has it, or skipped it */
    uint32_t accounted[TALLY_WINDOW]; /* readers that are past a message, by its number modulo */
    int64_t posted_ns[TALLY_WINDOW];
    uint64_t deliveries, missing, doubled;
    struct histogram latency;
};

struct tally *tally_new(size_t readers);
/* The next message, as of `at_ns` (an open loop counts from when it was due); its number. */
int64_t tally_post(struct tally *t, int64_t at_ns);
/* A reader, whose newest is *last, got `first` … `to` at `now_ns`. */
void tally_receive(struct tally *t, int64_t *last, int64_t first, int64_t to, int64_t now_ns);
/* Counts from zero. */
void tally_start(struct tally *t);
/* At the end, for each reader: what it has not got by now is missing too. */
void tally_stop(struct tally *t, int64_t *last);

#endif
