/* What a search found → JSON. */
#ifndef CHAT_WIRE_SEARCH_H
#define CHAT_WIRE_SEARCH_H

#include "chat/search.h"
#include "lib/json.h"

/*
 * {results: [{id, room, room_title, seq, user_id, username, timestamp, edited_at?, snippet}],
 * total, page, has_more, partial, as_parts, asked, notes: [sentence]}. A snippet is the text's part
 * with what was found, in pieces: [{text, hit?}]; none of it is markup. The caller owns it.
 */
struct json_object *wire_search(const struct search *s, const struct search_result *r);

#endif
