/*
 * What `outcry doctor` finds out, and how it says so. Checks write findings; the command prints
 * them. A failure's sentence ends with how to mend it.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/site.h"

struct doctor {
    struct site *site;
    struct buf out;
    int warnings, failures;
    bool no_authorization; /* the header is known not to arrive: not looked for */
};

void doctor_ok(struct doctor *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
void doctor_warn(struct doctor *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
void doctor_fail(struct doctor *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* What can be seen from this machine: files, keys, database, sidecar,
 * web servers, clock, limits. */
void doctor_check_local(struct doctor *d);
/* What a browser meets at `url`, the address of the page. */
void doctor_check_live(struct doctor *d, const char *url);

#endif
