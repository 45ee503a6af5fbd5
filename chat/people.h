/*
 * Whom one may know of: those who wrote in a public room, those online, and those one shares a room
 * with. Anybody else answers as somebody who does not exist.
 */
#ifndef CHAT_PEOPLE_H
#define CHAT_PEOPLE_H

#include "chat/identity.h"

enum { PEOPLE_FOUND_MAX = 10 };

/* Whom one person may know of, for many questions at once: who is online is asked for once, where a
 * question needs it. Set the first three. */
struct people_circle {
    struct chat *chat;
    struct arena *arena;
    int64_t user_id;
    struct online *online;
    size_t online_count;
    bool asked;
};
MUST_CHECK enum err people_knows(struct people_circle *k, int64_t id, bool *out, struct fail *f);

/* ERR_NOT_FOUND: there is nobody of that id whom the actor may know of. */
MUST_CHECK enum err people_find(struct chat *c, struct arena *a, const struct actor *who,
                                int64_t user_id, struct user *out, struct fail *f);
/* The one of exactly that name; where several have it, the one who came first. */
MUST_CHECK enum err people_find_by_name(struct chat *c, struct arena *a, const struct actor *who,
                                        const char *name, struct user *out, struct fail *f);
/* Whose name begins so, without regard to case, by name, without the actor; `out` holds
 * PEOPLE_FOUND_MAX. */
MUST_CHECK enum err people_search(struct chat *c, struct arena *a, const struct actor *who,
                                  const char *prefix, struct user *out, size_t *count,
                                  struct fail *f);

#endif
