/* Whether somebody may write, as of the caller's transaction: what every way of writing asks. */
#ifndef CHAT_PERMIT_H
#define CHAT_PERMIT_H

#include "chat/identity.h"
#include "db/room.h"

/* The person, with the row as it is now: ERR_READ_ONLY, ERR_AUTH_REQUIRED, ERR_TOKEN_INVALID,
 * ERR_BANNED, ERR_MUTED. */
MUST_CHECK enum err permit_person(struct chat *c, struct arena *a, const struct actor *who,
                                  struct user *out, struct fail *f);
/* The room, which they see: ERR_FORBIDDEN with the reason. */
MUST_CHECK enum err permit_room(const struct room *r, const struct user *u, struct fail *f);

bool permit_is_moderator(const struct user *u);

#endif
