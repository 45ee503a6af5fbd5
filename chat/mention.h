/*
 * Whom a message mentions: `@ana`, `@Ana B` (the longest name that fits), `@"Ana B"`, and `@ana#7`
 * where several are called so. Only who may see the room is mentioned, and of a public room's
 * readers only whom the author may know of. `@all` and `@here` are everybody in the room, for
 * moderators. Nobody is mentioned in code, nor by what is in a link.
 */
#ifndef CHAT_MENTION_H
#define CHAT_MENTION_H

#include "chat/identity.h"
#include "db/mention.h"
#include "db/room.h"

/* Who writes, and where. */
struct mention_place {
    const struct actor *who;
    const struct user *author; /* the same person's row */
    const struct room *room;
};

/* Without this sign nobody is, and nothing need be asked. */
bool mention_is_possible(const char *body);

/*
 * In the caller's write transaction: sets m->html and m->mention_rows to what m->body says; m's
 * mentions are still those that it had before, if any. mention_store() takes *out over into rows,
 * and tells those who were not mentioned before in their "@me".
 */
MUST_CHECK enum err mention_read(struct chat *c, struct arena *a, const struct mention_place *at,
                                 struct message *m, struct mentions *out, struct fail *f);
MUST_CHECK enum err mention_store(struct chat *c, struct arena *a, const struct mention_place *at,
                                  struct message *m, const struct mentions *found, struct fail *f);

#endif
