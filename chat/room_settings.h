/* What a room's owner and moderators change about it, and what each person does for themselves:
 * mute it, hide it. In the caller's write transaction. */
#ifndef CHAT_ROOM_SETTINGS_H
#define CHAT_ROOM_SETTINGS_H

#include "chat/rooms.h"

/* What is NULL, or below 0, stays as it is. */
struct room_change {
    const char *title, *topic;
    const char *post_policy;   /* all | members | moderators */
    const char *invite_policy; /* members | owner; of a private room */
    int64_t slow_s, archived;
};

/* Each difference is an event; none where nothing is different. ERR_ROOM_NOT_FOUND, ERR_FORBIDDEN,
 * ERR_BAD_REQUEST. */
MUST_CHECK enum err room_settings_change(struct chat *c, struct arena *a, const struct actor *who,
                                         const char *room, const struct room_change *change,
                                         struct fail *f);

/* Until when "1h", "close" (of the market) or "forever" is; "off": 0. */
MUST_CHECK enum err room_mute_until(struct chat *c, const char *how_long, int64_t *until,
                                    struct fail *f);
/* For this person alone, whose other pages hear of it in "@me". */
MUST_CHECK enum err room_settings_mute(struct chat *c, struct arena *a, const struct actor *who,
                                       const char *room, int64_t until, struct fail *f);
/* A conversation leaves this person's list until the next message in it, or until they show it
 * again; on all pages, by "@me". What is up to `up_to` (below 0: all) counts as read then; where
 * something behind that is unread it stays in the list. */
MUST_CHECK enum err room_settings_hide(struct chat *c, struct arena *a, const struct actor *who,
                                       const char *room, int64_t up_to, struct fail *f);
MUST_CHECK enum err room_settings_show(struct chat *c, struct arena *a, const struct actor *who,
                                       const char *room, struct fail *f);

#endif
