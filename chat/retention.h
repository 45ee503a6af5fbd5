/* How long rooms keep what was said, and the purge that follows from it. */
#ifndef CHAT_RETENTION_H
#define CHAT_RETENTION_H

#include "chat/chat.h"
#include "db/purge.h"
#include "db/room.h"

enum { RETENTION_DAYS_MAX = 36500 };

/* In the caller's write transaction: the setting, and a "policy" event in the room. 0: for ever. */
MUST_CHECK enum err retention_set(struct chat *c, struct arena *a, const struct room *room,
                                  int64_t days, int64_t actor_id, struct fail *f);

struct retention_total {
    int64_t rooms, events, messages;
};

/* Called for each room that loses something, with what goes (a dry run) or went. */
typedef void retention_fn(void *ctx, const struct purge_room *room);

/*
 * Days are whole ones, UTC: what was said on day D goes when day D + days + 1 begins. So a dry run
 * and the run after it on the same day agree. Between its transactions others write.
 */
MUST_CHECK enum err retention_purge(struct chat *c, bool dry, retention_fn *tell, void *ctx,
                                    struct retention_total *total, struct fail *f);

#endif
