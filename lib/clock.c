#include "lib/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0)
        die("clock_gettime(%d) failed", (int)id);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(const struct clock *c)
{
    return c->fake ? c->fake_wall_ms : now_ms(CLOCK_REALTIME);
}

int64_t clock_boot_ms(const struct clock *c)
{
    return c->fake ? c->fake_boot_ms : now_ms(CLOCK_BOOTTIME);
}

/* Without /proc every boot looks the same; then boot times of before a restart may be believed for
 * as long as the new uptime is shorter. Harmless: expiries are short. */
void clock_boot_id(char out[37])
{
    static const char none[] = "00000000-0000-0000-0000-000000000000";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (!file || fread(out, 1, 36, file) != 36)
        memcpy(out, none, 36);
    out[36] = '\0';
    if (file)
        fclose(file);
}
