/*
 * Which rooms an actor may see, and what of them. A room one may not see answers exactly as one
 * that does not exist. "@me" is the actor's own log.
 */
#ifndef CHAT_ROOMS_H
#define CHAT_ROOMS_H

#include "chat/identity.h"
#include "db/room.h"

enum { ROOMS_MAX = 200 };

/* By slug (NULL or "": the default room; "@me": the actor's own). ERR_ROOM_NOT_FOUND. The floor is
 * the actor's: one who joined late has a higher one than the room. */
MUST_CHECK enum err rooms_find(struct chat *c, struct arena *a, const struct actor *who,
                               const char *slug, struct room_view *out, struct fail *f);
/* The same without the actor's mark: all that posting needs. */
MUST_CHECK enum err rooms_find_bare(struct chat *c, struct arena *a, const struct actor *who,
                                    const char *slug, struct room *out, struct fail *f);
/* Those listed for the actor: public ones by position, then what they belong to. `out` holds
 * ROOMS_MAX. */
MUST_CHECK enum err rooms_list(struct chat *c, struct arena *a, const struct actor *who,
                               struct room_view *out, size_t *count, struct fail *f);
/* What is out of that list: archived rooms, and what the actor hid; at most `max`. */
MUST_CHECK enum err rooms_list_away(struct chat *c, struct arena *a, const struct actor *who,
                                    struct room_view *out, size_t max, size_t *count,
                                    struct fail *f);
/* The name on the wire: "@me" for a person's own log, else the slug. */
const char *rooms_wire_name(const struct room *r);

/* Inside the caller's write transaction. Raises the read mark; up_to is capped at the head. */
MUST_CHECK enum err rooms_mark_read(struct chat *c, const struct actor *who,
                                    const struct room_view *room, int64_t up_to, bool *changed,
                                    struct fail *f);

/* A mark that rose: the sidecar tells the person's other devices. */
MUST_CHECK enum err rooms_tell_read(struct chat *c, const struct actor *who,
                                    const struct room_view *room, struct fail *f);

/* Inside the caller's write transaction: a public room with its "created"
 * event. `actor_id` 0: CLI. */
MUST_CHECK enum err rooms_create(struct chat *c, struct arena *a, const char *slug,
                                 const char *title, int64_t position, int64_t actor_id,
                                 struct room *out, struct fail *f);
/* The same of a private or direct one. Its slug is random: whether a name is taken tells nothing.
 * `title` NULL: it has none. */
MUST_CHECK enum err rooms_create_hidden(struct chat *c, struct arena *a, const char *kind,
                                        const char *title, int64_t owner_id, struct room *out,
                                        struct fail *f);
/* A "room" event; target_id 0: none. */
MUST_CHECK enum err rooms_tell(struct chat *c, int64_t room_id, const char *payload,
                               int64_t actor_id, int64_t target_id, struct fail *f);
/* Both change *room too. post: all, members or moderators; invite: members or owner. */
MUST_CHECK enum err rooms_set_title(struct chat *c, struct arena *a, struct room *room,
                                    const char *title, int64_t actor_id, struct fail *f);
MUST_CHECK enum err rooms_set_policies(struct chat *c, struct room *room, const char *post_policy,
                                       const char *invite_policy, int64_t actor_id, struct fail *f);
MUST_CHECK enum err rooms_set_topic(struct chat *c, const struct room *room, const char *topic,
                                    int64_t actor_id, struct fail *f);
/* An archived room is listed apart, and nobody posts to it; its log stays. */
MUST_CHECK enum err rooms_set_archived(struct chat *c, const struct room *room, bool archived,
                                       int64_t actor_id, struct fail *f);
/* Slow mode: at least so many seconds between two messages of one person; 0: off. */
MUST_CHECK enum err rooms_set_slow(struct chat *c, struct arena *a, const struct room *room,
                                   int64_t seconds, int64_t actor_id, struct fail *f);
/* The rooms of conf->rooms that do not exist yet, and the epoch where there is none. */
MUST_CHECK enum err rooms_init(struct chat *c, struct arena *a, int *created, struct fail *f);

#endif
