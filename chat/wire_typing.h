/* Who types, as JSON. */
#ifndef CHAT_WIRE_TYPING_H
#define CHAT_WIRE_TYPING_H

#include "chat/typing.h"
#include "lib/json.h"

/* Adds typing [{room, user_id, username}], where there are such. */
void wire_add_typing(struct json_object *o, const char *room, const struct typist *list,
                     size_t count);

#endif
