/* When the market closes, by the system's time zones. */
#ifndef LIB_MARKET_H
#define LIB_MARKET_H

#include "lib/base.h"

/* "16:00 America/New_York": an hour and minute of the day, and a zone. */
bool market_close_is_valid(const char *spec);
/* The first close of a weekday after `now_ms` (wall ms), in wall ms; summer time as the zone has
 * it. A zone that the system does not know is UTC. It changes TZ for a moment: not for programs
 * with threads that look at clocks. `spec` is valid. */
int64_t market_next_close(const char *spec, int64_t now_ms);

#endif
