/* Whom somebody may mean who begins to write a name in a room: what mention.h would find there. */
#ifndef CHAT_MENTIONABLE_H
#define CHAT_MENTIONABLE_H

#include "chat/people.h"

struct mentionable {
    struct user user;
    const char *shown; /* as it is to be written: with its number where others are called so */
};

/* Whose name begins so, without the actor: those who read the room first, in a private room they
 * alone; then by name. `out` holds PEOPLE_FOUND_MAX. ERR_ROOM_NOT_FOUND. */
MUST_CHECK enum err mentionable_search(struct chat *c, struct arena *a, const struct actor *who,
                                       const char *room, const char *prefix,
                                       struct mentionable *out, size_t *count, struct fail *f);

#endif
