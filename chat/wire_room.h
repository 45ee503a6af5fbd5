/* Rows → JSON, of rooms, who is in them, and people: see wire.h. */
#ifndef CHAT_WIRE_ROOM_H
#define CHAT_WIRE_ROOM_H

#include "chat/members.h"
#include "chat/wire.h"

/* wire_room() and {owner_id?, post_policy, invite_policy, slow_s, may:{invite, leave,
 * remove, hide, settle, archive}}; the default room stays open */
struct json_object *wire_room_settings(const struct room_view *v, const struct actor *who,
                                       const char *default_room);
/* [{user_id, username, role, since}]: the members, or where `invited`
 * the others, with inviter_id */
struct json_object *wire_members(const struct member *list, size_t count, bool invited);
/* [{id, title, topic, kind, inviter:{user_id, username}, since}] */
struct json_object *wire_invitations(const struct invitation *list, size_t count);
/* {user_id, username, role, since} */
struct json_object *wire_person(const struct user *u);
struct json_object *wire_people(const struct user *list, size_t count);

#endif
