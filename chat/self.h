/*
 * A person's own log, the room "@me": sanctions, notices, and whatever else concerns one person.
 * Made together with the user row; its slug in the database is '@' and the user's id.
 */
#ifndef CHAT_SELF_H
#define CHAT_SELF_H

#include "chat/chat.h"

const char *self_slug(struct arena *a, int64_t user_id);

/* In the caller's write transaction. */
MUST_CHECK enum err self_create(struct chat *c, struct arena *a, int64_t user_id, struct fail *f);
/* An event in the person's log that names the person as its target. `payload` is JSON. */
MUST_CHECK enum err self_append(struct chat *c, struct arena *a, int64_t user_id, const char *kind,
                                const char *payload, int64_t actor_id, struct fail *f);
/* The same of one that is about a message. */
MUST_CHECK enum err self_append_about(struct chat *c, struct arena *a, int64_t user_id,
                                      const char *kind, const char *payload, int64_t actor_id,
                                      int64_t msg_id, struct fail *f);

#endif
