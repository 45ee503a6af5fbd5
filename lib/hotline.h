/*
 * A question to the sidecar, and its answer: one packet each, over a line of notify_line() that is
 * kept for the next question. Whoever asks must be able to do without: no answer may mean that
 * nothing was done, or that all was done and the sidecar died before it could say so.
 */
#ifndef LIB_HOTLINE_H
#define LIB_HOTLINE_H

#include "lib/clock.h"
#include "lib/notify.h"

enum { HOTLINE_PACKET_MAX = 65536 }; /* bytes, either way */

struct hotline {
    int fd;                /* -1: none */
    int64_t not_before_ms; /* boot time: nobody was there a moment ago */
};

enum hotline_end {
    HOTLINE_NOBODY,  /* nobody was asked */
    HOTLINE_SILENCE, /* asked, and no answer came */
    HOTLINE_ANSWER
};

/* Waits for the answer until `until`, boot time: a sidecar that said nothing for so long is left
 * alone for ten seconds. */
MUST_CHECK enum hotline_end hotline_ask(struct hotline *h, struct notify *n,
                                        const struct clock *clock, int64_t until,
                                        const char *question, size_t len,
                                        char answer[static HOTLINE_PACKET_MAX], size_t *answer_len);
void hotline_close(struct hotline *h); /* the next question opens it again */

#endif
