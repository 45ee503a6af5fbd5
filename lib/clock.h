/*
 * Time, fakeable. Wall time is shown and stored (milliseconds since 1970, UTC); boot time
 * (CLOCK_BOOTTIME) measures: rates, expiries, presence. Neither orders messages: seq does.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include "lib/base.h"

struct clock {
    bool fake; /* tests: the two values below are the time */
    int64_t fake_wall_ms, fake_boot_ms;
};

int64_t clock_wall_ms(const struct clock *c);
int64_t clock_boot_ms(const struct clock *c);
/* The kernel's boot id (36 characters and a NUL): boot times compare only within one. */
void clock_boot_id(char out[37]);

#endif
