/*
 * A request that waits for news, where no sidecar does it better: in one of a few places that all
 * processes share (conf->wait_slots), holding no transaction, and only for as long as nobody else
 * needs its process. It is woken by the write-ahead log of the database; data_version, which is
 * cheap, then tells whether there is something to look for.
 */
#ifndef CGI_BIN_HOLD_H
#define CGI_BIN_HOLD_H

#include "cgi-bin/call.h"

struct hold {
    struct call *call;
    bool taken;   /* it has, or had, a place */
    bool refused; /* it wanted one, and there was none */
    bool cut;     /* the process is needed, or nobody waits for the answer any more */
    int slot;     /* its lock */
    int watch;    /* db_watch() */
    int64_t version;
    int64_t until_ms, looked_ms, pause_ms;
};

/* Before the first look for news. Takes a place for at most `seconds`, cut to two thirds of
 * request_timeout_s, where there is any sense in waiting. */
void hold_begin(struct hold *h, struct call *c, int64_t seconds);
/* After a look that found nothing: waits until the database was written to (*look: look again) or
 * the time is over. `moved`: another database stands in its place, where nobody is known yet. An
 * error is db_follow()'s. */
MUST_CHECK enum err hold_wait(struct hold *h, bool *look, bool *moved, struct fail *f);
/* Gives the place back. */
void hold_end(struct hold *h);

#endif
