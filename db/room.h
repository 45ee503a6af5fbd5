/* Rooms, and what a user has of each (membership row, read mark). Who belongs to one: member.h. */
#ifndef DB_ROOM_H
#define DB_ROOM_H

#include "db/db.h"

struct room {
    int64_t id; /* 0: none */
    const char *slug, *kind, *title, *topic, *post_policy, *invite_policy;
    bool is_group; /* a conversation that goes on when somebody leaves it */
    int64_t position, owner_id, head, floor, slow_s, created_ms, archived_ms;
};

/* A room with one user's mark; a direct one has the names of the others for a title. unread counts
 * messages past last_read_seq of others whom the user does not ignore, not deleted, at most 100; 0
 * for a user without a mark (has_mark false). mentions: those of them that mention the user. */
struct room_view {
    struct room room;
    bool has_mark, hidden; /* hidden: from the user's list, until the next message */
    int64_t joined_seq, last_read_seq, unread, mentions, muted_until;
};

/* ERR_NOT_FOUND where there is none. Strings live in `a`. */
MUST_CHECK enum err room_by_slug(struct db *db, struct arena *a, const char *slug, struct room *out,
                                 struct fail *f);
MUST_CHECK enum err room_by_id(struct db *db, struct arena *a, int64_t id, struct room *out,
                               struct fail *f);
/* Public rooms that are not archived, by position, each with the user's mark (user 0: no marks). */
MUST_CHECK enum err room_list_public(struct db *db, struct arena *a, int64_t user_id,
                                     struct room_view *out, size_t max, size_t *count,
                                     struct fail *f);
/* Private and direct rooms that the user belongs to: by title, then the liveliest conversation
 * first. */
MUST_CHECK enum err room_list_own(struct db *db, struct arena *a, int64_t user_id,
                                  struct room_view *out, size_t max, size_t *count, struct fail *f);
/* What is out of the way: archived ones that the user may see, by title, then what they hid. */
MUST_CHECK enum err room_list_away(struct db *db, struct arena *a, int64_t user_id,
                                   struct room_view *out, size_t max, size_t *count,
                                   struct fail *f);
MUST_CHECK enum err room_view(struct db *db, struct arena *a, int64_t room_id, int64_t user_id,
                              struct room_view *out, struct fail *f);
/* Only what the user may see: public rooms and logs (`slug` of a log: the user's own), and rooms
 * that they belong to. Any other is ERR_NOT_FOUND. */
MUST_CHECK enum err room_seen_by_slug(struct db *db, struct arena *a, const char *slug,
                                      int64_t user_id, struct room *out, struct fail *f);
MUST_CHECK enum err room_view_by_slug(struct db *db, struct arena *a, const char *slug,
                                      int64_t user_id, struct room_view *out, struct fail *f);
MUST_CHECK enum err room_by_direct_key(struct db *db, struct arena *a, const char *key,
                                       struct room *out, struct fail *f);

/* In the caller's write transaction. */
MUST_CHECK enum err room_insert(struct db *db, struct room *r, struct fail *f); /* sets r->id */
MUST_CHECK enum err room_set_direct_key(struct db *db, int64_t id, const char *key, struct fail *f);
/* Title, topic, both policies, owner, slow mode, archived: as in `r`. */
MUST_CHECK enum err room_update(struct db *db, const struct room *r, struct fail *f);
MUST_CHECK enum err room_update_topic(struct db *db, int64_t id, const char *topic, struct fail *f);
MUST_CHECK enum err room_update_archived(struct db *db, int64_t id, int64_t archived_ms,
                                         struct fail *f);
MUST_CHECK enum err room_update_slow(struct db *db, int64_t id, int64_t slow_s, struct fail *f);
/* Makes the row as room_mark_read() does. `until` 0: not muted. */
MUST_CHECK enum err room_mute(struct db *db, int64_t room_id, int64_t user_id, int64_t until,
                              struct fail *f);
/* Raises the user's read mark to `up_to` (never lowers it); makes the row where there is none, but
 * never of somebody who does not belong to a room that is not public. *changed: it rose. */
MUST_CHECK enum err room_mark_read(struct db *db, int64_t room_id, int64_t user_id, int64_t up_to,
                                   bool *changed, struct fail *f);

#endif
