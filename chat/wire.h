/*
 * Rows → JSON: the one shape out. The API prints these objects, pages render them, the sidecar
 * pushes the same bytes. The caller owns what is returned (json_object_put).
 */
#ifndef CHAT_WIRE_H
#define CHAT_WIRE_H

#include "chat/act.h"
#include "chat/lookup.h"
#include "chat/online.h"
#include "chat/post.h"
#include "chat/thread.h"
#include "lib/json.h"

/* {type:"message", room, seq, id, user_id, username, message, timestamp, rev, client_id, …}; a
 * deleted one has deleted:true and no body. Lists of messages use the same object. */
struct json_object *wire_message(const struct message *m, const char *room);
/* {type:"ack", client_id?, msg_id, room, seq?, timestamp?}: seq where something changed */
struct json_object *wire_acted(const struct acted *done, const char *client_id);
/* The frame of any durable event; `room` is the wire name. One that is withheld is a `skip`. */
struct json_object *wire_event(const struct event *e, const char *room);
/* {messages, room, epoch, seq, floor, has_more} */
struct json_object *wire_page(const struct history_page *p);
/* The same with thread {id, replies}: its root, and how many replies there are. */
struct json_object *wire_thread_page(const struct thread *t);
/* [{rev, message, html?, disclosure?, editor_id, timestamp}], and what
 * it says now unless deleted */
struct json_object *wire_revisions(const struct message *now, const struct revision *list,
                                   size_t count);
/* [{id, seq, user_id, username, excerpt, pinned_by, pinned_at}] */
struct json_object *wire_pins(const struct pin *list, size_t count);
/* {id (slug), title, topic, kind, seq (head), floor, unread, mentions, last_read_seq, owner_id?,
 * muted_until?} */
struct json_object *wire_room(const struct room_view *v);
/* {seq, floor, unread, mentions, last_read_seq}: the value in welcome.rooms and events.rooms */
struct json_object *wire_room_state(const struct room_view *v);
/* {type:"read", room, up_to, unread, mentions, head}: what is unread as of the event `head` */
struct json_object *wire_read(const struct room_view *v);
/* {id, username, role, guest} or null for the anonymous */
struct json_object *wire_user(const struct actor *who);
/* [{user_id, username, since}] */
struct json_object *wire_ignored(const struct ignored_user *list, size_t count);
/* [{user_id, username, state}] */
struct json_object *wire_online(const struct online *list, size_t count);
/* {type:"error", code, message, retryable, retry_after_ms?, client_id?} */
struct json_object *wire_error(const struct fail *f, const char *client_id);
/* {type:"ack", client_id, msg_id, room, seq, timestamp, duplicate?} */
struct json_object *wire_ack(const struct posted *p, const char *room);
/* {type:"resync", room, epoch, seq, floor, reason} */
struct json_object *wire_resync(const char *room, const char *epoch, int64_t head, int64_t floor,
                                const char *reason);
/* {error, resync:[…]} of those cursors that must be loaded again; NULL where none must. */
struct json_object *wire_resyncs(const struct history_cursor *cursors, size_t count,
                                 const char *epoch);
/* Adds `missing`, the names of the rooms that are not there (any more), where there are such. */
void wire_add_missing(struct json_object *o, const struct history_cursor *cursors, size_t count);

#endif
