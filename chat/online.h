/*
 * Who is online, on every transport, from the rows of state.db: one per connection or polling tab.
 * A closed page is given presence_grace_ms before it is gone, so that a reload does not flicker.
 */
#ifndef CHAT_ONLINE_H
#define CHAT_ONLINE_H

#include "chat/identity.h"
#include "db/state.h"

enum { PRESENCE_MAX = 20000 };

struct online {
    int64_t user_id, room_id; /* room 0: online, but looking at no room */
    const char *username, *state;
};

/* The key of a page's row: by its user too, so that nobody can replace another's by its name. */
const char *online_row_key(struct arena *a, int64_t user_id, const char *connection);

/* A poll renews its own row for max(presence_ttl_ms, 3 × interval_ms). The anonymous have none. */
MUST_CHECK enum err online_renew(struct chat *c, const struct actor *who, const char *connection,
                                 int64_t room_id, const char *state, int64_t interval_ms,
                                 struct fail *f);
/* sendBeacon on pagehide. */
MUST_CHECK enum err online_leave(struct chat *c, const struct actor *who, const char *connection,
                                 struct fail *f);
/* One entry per user and room (a user with several connections in a room once, the most present
 * state); sorted by folded name. room_id 0: one entry per user over all rooms. */
MUST_CHECK enum err online_list(struct chat *c, struct arena *a, int64_t room_id,
                                struct online **out, size_t *count, struct fail *f);

#endif
