/* Whom a message mentions, and what mentioned somebody, as JSON. */
#ifndef CHAT_WIRE_MENTION_H
#define CHAT_WIRE_MENTION_H

#include "chat/mentioned.h"
#include "lib/json.h"

/* Adds mentions [{user_id, username}], each person once, and mentions_all, where there are such. */
void wire_add_mentions(struct json_object *o, const struct message *m);
/* {mentions:[{…wire_message, room_title, unread?}], page, has_more} */
struct json_object *wire_mentioned(const struct mentioned_page *p, int64_t page);

#endif
