/* rooms/<slug>/unread/ and the page r/<room>/unread/: where the reader stopped reading. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/unread.h"
#include "lib/json.h"

enum err handle_unread(struct call *c, struct fail *f)
{
    struct unread_first first;
    struct json_object *o;
    enum err e = unread_find(c->chat, c->arena, &c->actor, call_text(c, "slug"),
                             call_number(c, "after", -1), &first, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set_i64(o, "id", first.id);
    json_set_i64(o, "seq", first.seq);
    json_set_i64(o, "timestamp", first.created_ms);
    return answer_json(c, 200, o);
}

/* A link: on to the message's page, or to the room's where all is read by now. */
enum err handle_unread_page(struct call *c, struct fail *f)
{
    const char *room = call_text(c, "room");
    struct unread_first first;
    enum err e = unread_find(c->chat, c->arena, &c->actor, room, -1, &first, f);

    if (e == ERR_MESSAGE_NOT_FOUND)
        return answer_see_other(c, answer_room_url(c, room));
    return e ? e : answer_see_other(c, answer_message_url(c, first.id, first.seq));
}
