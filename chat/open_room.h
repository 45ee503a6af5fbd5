/*
 * Opening rooms: private ones that others are invited to, conversations, public ones. In the
 * caller's write transaction; guests open none.
 */
#ifndef CHAT_OPEN_ROOM_H
#define CHAT_OPEN_ROOM_H

#include "chat/rooms.h"

enum { DIRECT_OTHERS_MAX = 7 };

/* Whether somebody may open private rooms, for whoever offers it. */
bool open_may_private(const struct conf *conf, const struct actor *who);
/* Owned by the actor, who is its first member. ERR_FORBIDDEN where
 * conf->who_creates_rooms says so. */
MUST_CHECK enum err open_private(struct chat *c, struct arena *a, const struct actor *who,
                                 const char *title, const char *address, struct room *out,
                                 struct fail *f);
/* By moderators; ERR_NAME_TAKEN. */
MUST_CHECK enum err open_public(struct chat *c, struct arena *a, const struct actor *who,
                                const char *slug, const char *title, const char *address,
                                struct room *out, struct fail *f);
/*
 * The conversation with these people (1 to DIRECT_OTHERS_MAX, the actor not counted): the same
 * people have one, which the actor may have hidden. *made: it is new. ERR_NOT_FOUND for somebody
 * whom the actor may not know of, ERR_FORBIDDEN where one of them does not take it.
 */
MUST_CHECK enum err open_direct(struct chat *c, struct arena *a, const struct actor *who,
                                const int64_t *others, size_t count, const char *address,
                                struct room *out, bool *made, struct fail *f);

#endif
