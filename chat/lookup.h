/*
 * Reading by message instead of by cursor: one, what it said before, what is around it, and what is
 * pinned in a room.
 */
#ifndef CHAT_LOOKUP_H
#define CHAT_LOOKUP_H

#include "chat/history.h"
#include "db/pin.h"
#include "db/revision.h"

enum {
    LOOKUP_AROUND = 25, /* messages on either side of a permalink's */
    LOOKUP_REVISIONS = 200
};

/* One message that the actor may see, and its room. ERR_MESSAGE_NOT_FOUND, also where
 * it is in a room, or before a floor, that does not exist for the actor. In the
 * caller's transaction, if any. */
MUST_CHECK enum err lookup_message(struct chat *c, struct arena *a, const struct actor *who,
                                   int64_t msg_id, struct room_view *room, struct message *out,
                                   struct fail *f);

/* The same for whoever is to be shown it: one of an ignored person is not found either. */
MUST_CHECK enum err lookup_shown(struct chat *c, struct arena *a, const struct actor *who,
                                 int64_t msg_id, struct room_view *room, struct message *out,
                                 struct fail *f);

/* What it said before, oldest first, for its author and moderators; of a deleted one for moderators
 * alone. ERR_MESSAGE_NOT_FOUND for everybody else. */
MUST_CHECK enum err lookup_revisions(struct chat *c, struct arena *a, const struct actor *who,
                                     int64_t msg_id, struct message *now, struct revision **out,
                                     size_t *count, struct fail *f);

/* What is pinned in a room, the newest pin first, and the head as of then; *out lives in `a`. */
MUST_CHECK enum err lookup_pins(struct chat *c, struct arena *a, const struct actor *who,
                                const char *room, struct room_view *view, struct pin **out,
                                size_t *count, struct fail *f);

/* A message with at most `around` on either side; page.has_more is about older ones. */
struct lookup_context {
    struct history_page page;
    struct message message;
    bool has_newer;
};
MUST_CHECK enum err lookup_context(struct chat *c, struct arena *a, const struct actor *who,
                                   int64_t msg_id, size_t around, struct lookup_context *out,
                                   struct fail *f);

#endif
