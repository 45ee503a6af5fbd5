/* Everything that is kept of a person, for that person: one JSON text, written row by row, in parts
 * where it is very long. */
#ifndef CHAT_MYDATA_H
#define CHAT_MYDATA_H

#include "chat/identity.h"

#include <stdio.h>

/*
 * {user, prefs, rooms, ignored, reactions, mentions, files, messages:[…], next}: messages as
 * everywhere, those that were edited or deleted with all that they said (`revisions`). A part ends
 * with the message that makes it longer than `part_bytes`; `next` is the `after` of the next one,
 * which has messages alone, or null. `after` NULL: the first part. ERR_BAD_REQUEST,
 * ERR_RATE_LIMITED, ERR_STORAGE_FULL.
 */
MUST_CHECK enum err mydata_write(struct chat *c, const struct actor *who, const char *after,
                                 int64_t part_bytes, FILE *out, struct fail *f);

#endif
