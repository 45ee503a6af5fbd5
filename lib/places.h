/* Where a system installation has its files: chosen at build time (Makefile: SYSCONFDIR and its
 * neighbours), defined in a generated file. */
#ifndef LIB_PLACES_H
#define LIB_PLACES_H

extern const char places_conf[];  /* /etc/outcry/outcry.conf */
extern const char places_state[]; /* /var/lib/outcry */
extern const char places_run[];   /* /run/outcry */
extern const char places_log[];   /* /var/log/outcry */
extern const char places_user[];  /* outcry: who owns the last three */

#endif
