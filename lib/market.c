#include "lib/market.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ZONE_MAX = 64, DAYS_AHEAD = 8 };

static bool two_digits(const char *s, int below, int *out)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *out = (s[0] - '0') * 10 + (s[1] - '0');
    return *out < below;
}

/* Returns the zone, NULL where it is not well formed. */
static const char *parse(const char *spec, int *hour, int *minute)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    const char *zone = spec + 6;

    if (strlen(spec) < 7 || !two_digits(spec, 24, hour) || spec[2] != ':' ||
        !two_digits(spec + 3, 60, minute) || spec[5] != ' ')
        return NULL;
    if (strlen(zone) > ZONE_MAX || strspn(zone, letters) != strlen(zone) || zone[0] == '/')
        return NULL;
    return zone;
}

bool market_close_is_valid(const char *spec)
{
    int hour, minute;

    return parse(spec, &hour, &minute) != NULL;
}

static void set_zone(const char *zone)
{
    if (zone)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    tzset();
}

/* In the zone that TZ says. */
static time_t next_close(time_t now, int hour, int minute)
{
    struct tm today;
    time_t at = now;

    localtime_r(&now, &today);
    for (int days = 0; days < DAYS_AHEAD; days++) {
        struct tm t = {.tm_year = today.tm_year,
                       .tm_mon = today.tm_mon,
                       .tm_mday = today.tm_mday + days,
                       .tm_hour = hour,
                       .tm_min = minute,
                       .tm_isdst = -1};

        at = mktime(&t);
        if (at > now && t.tm_wday != 0 && t.tm_wday != 6)
            break;
    }
    return at;
}

int64_t market_next_close(const char *spec, int64_t now_ms)
{
    const char *was = getenv("TZ");
    char *kept = was ? xstrdup(was) : NULL;
    int hour = 0, minute = 0;
    time_t at;

    set_zone(parse(spec, &hour, &minute));
    at = next_close((time_t)(now_ms / 1000), hour, minute);
    set_zone(kept);
    free(kept);
    return (int64_t)at * 1000;
}
