/* Going to where one stopped reading a room. */
#ifndef CHAT_UNREAD_H
#define CHAT_UNREAD_H

#include "chat/rooms.h"
#include "db/unread.h"

/* The first message that `who` has not read in the room, or, where after >= 0, the first behind it
 * that would count as unread. ERR_ROOM_NOT_FOUND; ERR_MESSAGE_NOT_FOUND where there is none. */
MUST_CHECK enum err unread_find(struct chat *c, struct arena *a, const struct actor *who,
                                const char *room, int64_t after, struct unread_first *out,
                                struct fail *f);
/* The same of a room that was found already. */
MUST_CHECK enum err unread_in(struct chat *c, const struct actor *who, const struct room_view *view,
                              int64_t after, struct unread_first *out, struct fail *f);

#endif
