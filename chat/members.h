/*
 * Who belongs to a private room: inviting, joining, leaving. Each change is a row, an event in the
 * room and one in the person's "@me" ("membership": what the sidecar acts upon), all or nothing in
 * the caller's write transaction. What is so already is OK again and makes no event.
 */
#ifndef CHAT_MEMBERS_H
#define CHAT_MEMBERS_H

#include "chat/rooms.h"
#include "db/member.h"

enum { MEMBERS_MAX = 500, INVITATIONS_MAX = 100 };

/* ERR_ROOM_NOT_FOUND for whom the room does not exist, ERR_FORBIDDEN, ERR_NOT_FOUND for a person
 * whom the actor may not know of. `address`: for the limits; NULL: none by address. */
MUST_CHECK enum err members_invite(struct chat *c, struct arena *a, const struct actor *who,
                                   const char *room, int64_t user_id, const char *address,
                                   struct fail *f);
/* Accepts an invitation. *out as for rooms_find(). */
MUST_CHECK enum err members_join(struct chat *c, struct arena *a, const struct actor *who,
                                 const char *room, struct room_view *out, struct fail *f);
/* Of oneself: leaves, or declines. Of somebody else: removes, or takes an invitation back. An owner
 * who leaves hands the room over; who leaves last closes it. */
MUST_CHECK enum err members_remove(struct chat *c, struct arena *a, const struct actor *who,
                                   const char *room, int64_t user_id, struct fail *f);

/* Makes somebody a member and tells both logs; for whoever makes a room. `change`: "member_joined",
 * or NULL: the room is told nothing. */
MUST_CHECK enum err members_add(struct chat *c, struct arena *a, const struct room *room,
                                int64_t user_id, int64_t actor_id, const char *change,
                                struct fail *f);

/* Members by name, then the invited; *out lives in `a`. Of a public room there is no list. */
MUST_CHECK enum err members_list(struct chat *c, struct arena *a, const struct actor *who,
                                 const char *room, struct room_view *view, struct member **out,
                                 size_t *count, struct fail *f);
/* What the actor is invited to; *out lives in `a`. */
MUST_CHECK enum err members_invitations(struct chat *c, struct arena *a, const struct actor *who,
                                        struct invitation **out, size_t *count, struct fail *f);

/* What somebody may do in a room that they see, for whoever offers it. The rules ask again. */
struct members_rights {
    bool invite, leave, remove, hide;
    bool settle; /* change title, topic, policies */
};
struct members_rights members_rights(const struct actor *who, const struct room *room);

#endif
