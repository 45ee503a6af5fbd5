/*
 * Answers that are still right. An answer is made of what was looked at in the request, of what
 * stood in the databases, and of the time in seconds; as long as all three are the same it is given
 * again as it was, without asking who it is for, since that is among them. Whatever changes (a ban,
 * an edit, a presence, another second) lets go of all of them. A page that is given again has the
 * seal that it had: but for `once` it is the same page, so its length tells nothing new either
 * (squeeze.h).
 *
 * Only routes that say so are kept, and only what went well. One per process; bounded.
 */
#ifndef CGI_BIN_KEPT_H
#define CGI_BIN_KEPT_H

#include "cgi-bin/call.h"

struct kept;

struct kept *kept_new(void);
void kept_free(struct kept *k);  /* NULL too, as below */
void kept_clear(struct kept *k); /* what else answers are made of has changed: keys, style sheet */

/* True: c->res is the whole answer, with another `once`; c->actor.user_id says whose, for the log.
 * False: it must be made. */
bool kept_find(struct kept *k, struct call *c);
/* At the end of every request. Where kept_find() was asked and the answer is good, takes over
 * c->res. */
void kept_store(struct kept *k, struct call *c, bool good);

#endif
