/*
 * Deadlines of very many, of which few are due at a time: a tick costs what is due, not what there
 * is. One ring of second-sized slots, so a deadline is at most WHEEL_MAX_MS away; whoever needs a
 * later one is looked at in between and puts itself in again. Boot time.
 */
#ifndef SIDECAR_WHEEL_H
#define SIDECAR_WHEEL_H

#include "lib/base.h"

enum { WHEEL_SLOTS = 64, WHEEL_SLOT_MS = 1000, WHEEL_MAX_MS = 60000 };

/* Embedded in whatever waits; zeroed: it waits for nothing. */
struct wheel_entry {
    struct wheel_entry *prev, *next;
    int64_t due_ms;
};

struct wheel {
    struct wheel_entry slots[WHEEL_SLOTS], due; /* heads of rings */
    int64_t now_ms;
};

void wheel_init(struct wheel *w, int64_t now_ms);
/* Takes it out of where it was. Never sooner than a millisecond after the last turn. */
void wheel_put(struct wheel *w, struct wheel_entry *e, int64_t due_ms);
void wheel_remove(struct wheel_entry *e);
/* Time goes on: what is due by then comes out of wheel_next(), one by one; NULL: no more. */
void wheel_turn(struct wheel *w, int64_t now_ms);
struct wheel_entry *wheel_next(struct wheel *w);

#endif
