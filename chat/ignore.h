/*
 * Whom somebody ignores, and what that takes out of what they are shown: an ignored person's
 * messages with all that happens to them, their reactions, and what is quoted of them. Numbers stay
 * whole: an event that is withheld is told as a `skip`. Notices and sanctions reach everybody.
 */
#ifndef CHAT_IGNORE_H
#define CHAT_IGNORE_H

#include "chat/identity.h"
#include "db/event.h"
#include "db/ignored.h"

/* In the caller's transaction, if any. */
MUST_CHECK enum err ignore_load(struct chat *c, struct arena *a, const struct actor *who,
                                struct ignored *out, struct fail *f);

/* The people without whom an event would not be: 0 for none. It is withheld from whoever ignores
 * one of them. */
enum { IGNORE_PARTIES = 2 };
void ignore_parties(const struct event *e, int64_t out[IGNORE_PARTIES]);

/* Hides what they must not see: quote and reactions, and of a thread's count the replies; `a` holds
 * what is made for it. Again is the same. */
MUST_CHECK enum err ignore_dress(struct chat *c, const struct ignored *i, struct arena *a,
                                 struct message *m, struct fail *f);
/* The same for an event, and whether all of it is withheld. */
MUST_CHECK enum err ignore_dress_event(struct chat *c, const struct ignored *i, struct arena *a,
                                       struct event *e, struct fail *f);
/* ignore_load() and ignore_dress(): for an answer about one message. */
MUST_CHECK enum err ignore_dress_for(struct chat *c, struct arena *a, const struct actor *who,
                                     struct message *m, struct fail *f);

/*
 * A row and an event in the person's "@me", in one write transaction of its own. What is so already
 * is OK, and makes no event. ERR_NOT_FOUND (whom one may not know of), ERR_BAD_REQUEST (oneself,
 * more than IGNORED_MOST), ERR_RATE_LIMITED.
 */
MUST_CHECK enum err ignore_set(struct chat *c, struct arena *a, const struct actor *who,
                               int64_t target_id, bool on, struct fail *f);

#endif
