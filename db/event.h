/*
 * The logs. event_append() gives the next seq of a room (UPDATE room SET head = head + 1 …
 * RETURNING in the caller's transaction, so numbers are gapless and in commit order) and chains the
 * hash.
 */
#ifndef DB_EVENT_H
#define DB_EVENT_H

#include "db/message.h"

struct event {
    int64_t id, room_id, seq, ts_ms;
    const char *kind;    /* the frame's type: message, room, moderation, notice … */
    const char *payload; /* JSON text or NULL; never what somebody wrote */
    int64_t msg_id, actor_id, target_user_id; /* 0: none */
    const char *room_slug;                    /* filled by lists */
    const char *target_name; /* filled by lists where a person got another name: the present one */
    struct message message;  /* filled by lists where msg_id is set (current row) */
    bool withheld;           /* from this reader: only its number is told */
};

/*
 * In the caller's write transaction. Sets id and seq. `body`/`salt` (NULL: none) go into body_hash:
 * SHA-256(salt ‖ body). hash = SHA-256 of these bytes:
 *   the hash of the room's previous event (32 bytes; zeros for the first)
 *   room_id LF seq LF ts_ms LF kind LF msg_id LF actor_id LF target_user_id LF payload LF
 *   body_hash LF
 * Numbers are decimal, 0 for none. A text is its length in bytes, ':' and itself; '-' where it is
 * NULL; body_hash is such a text, in hex. `id` is not in it: it only orders the feed.
 */
MUST_CHECK enum err event_append(struct db *db, struct event *e, const unsigned char *salt,
                                 const char *body, struct fail *f);

/* seq > since of one room, in order, with current message rows. */
MUST_CHECK enum err event_list(struct db *db, struct arena *a, int64_t room_id, int64_t since,
                               struct event *out, size_t max, size_t *count, struct fail *f);
/* id > after of all rooms, in order: the sidecar's feed. */
MUST_CHECK enum err event_feed(struct db *db, struct arena *a, int64_t after, struct event *out,
                               size_t max, size_t *count, struct fail *f);
MUST_CHECK enum err event_newest_id(struct db *db, int64_t *id, struct fail *f);
/* Walks a room's chain from its floor to its head, and compares the texts, those of messages and
 * those kept of edited and deleted ones: OK, or ERR_INTERNAL with the first seq that does not fit.
 * For `outcry verify`. */
MUST_CHECK enum err event_verify(struct db *db, int64_t room_id, int64_t *checked, struct fail *f);

#endif
