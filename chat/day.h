/* Going to a day in a room's log. */
#ifndef CHAT_DAY_H
#define CHAT_DAY_H

#include "chat/rooms.h"
#include "db/message.h"

/* The room's first message at or after that wall time, or its newest where there is none.
 * ERR_ROOM_NOT_FOUND; ERR_MESSAGE_NOT_FOUND where nothing was said there yet. */
MUST_CHECK enum err day_find(struct chat *c, struct arena *a, const struct actor *who,
                             const char *room, int64_t wall_ms, struct message *out,
                             struct fail *f);

#endif
