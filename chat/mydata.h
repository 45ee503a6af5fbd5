/* Everything that is kept of a person, for that person: one JSON text,
 * in parts where it is long. */
#ifndef CHAT_MYDATA_H
#define CHAT_MYDATA_H

#include "chat/identity.h"
#include "lib/buf.h"

enum { MYDATA_PART = 5000 };

/*
 * {user, prefs, rooms, ignored, reactions, messages:[…], next}: messages as everywhere, those that
 * were edited or deleted with all that they said (`revisions`); `next` is the `after` of the next
 * part, which has messages alone, or null. `after` NULL: the first part. ERR_BAD_REQUEST;
 * ERR_RATE_LIMITED: one part a second or so.
 */
MUST_CHECK enum err mydata_write(struct chat *c, struct arena *a, const struct actor *who,
                                 const char *after, struct buf *out, struct fail *f);

#endif
