/*
 * The presence of pages that cannot speak over their connection: those that poll, and streams that
 * said which `conn` they are. Their row in the presence table is the one that events/ and POST
 * presence/ name too ("<user>:<conn>"), so the page says by HTTP what it looks at and when it goes,
 * and may change between stream and polls without a flicker. Here it is only kept alive: a poll's
 * row is written at most every 25 s, a stream's is renewed for as long as it is open.
 */
#ifndef SIDECAR_PRESENCE_TAB_H
#define SIDECAR_PRESENCE_TAB_H

#include "ws-sidecar/job.h"
#include "ws-sidecar/map.h"

enum { PRESENCE_TABS_MAX = PRESENCE_MAX, PRESENCE_RENEW_MS = 25000 };

struct session;
struct presence_tab;

/* Zeroed, then presence_tabs_init(). */
struct presence_tabs {
    struct map by_row; /* each only for as long as it need not be written again */
    struct presence_tab *first;
};

void presence_tabs_init(struct presence_tabs *t);
void presence_tabs_release(struct presence_tabs *t);

/* A poll, or a stream at its beginning: as the session says. Of the anonymous nothing is noted. */
void presence_tab_seen(struct session *x);
/* A stream that presence_tab_seen() noted ended: its row is gone after the grace, unless the page
 * comes back. */
void presence_tab_left(struct session *x);

/* The name that the session's user has now is the row's too. */
void presence_tab_renamed(struct session *x);

/* At most this many changes are due. */
size_t presence_tabs_count(const struct presence_tabs *t);
/* Writes what is due behind out[]; returns how many. Strings live in `a`. */
size_t presence_tabs_collect(struct presence_tabs *t, struct arena *a, const struct conf *conf,
                             int64_t now, struct presence_change *out);

#endif
