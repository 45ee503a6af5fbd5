/* Pinning a message in its room: by moderators and by whoever owns the room. */
#include "chat/act_rule.h"

#include "db/pin.h"

enum err act_judge_pin(struct chat *c, struct act_way *w, struct fail *f)
{
    const struct message *m = w->message;
    bool on = false;
    int64_t count = 0;
    enum err e;

    if (!w->moderator && w->room.owner_id != w->user.id)
        return fail(f, ERR_FORBIDDEN, "Only moderators and the room's owner pin messages.");
    e = pin_exists(c->db, w->room.id, m->id, &on, f);
    if (e)
        return e;
    w->changes = on != w->act->on;
    if (!w->changes || !w->act->on)
        return OK;
    if (m->deleted_ms)
        return fail(f, ERR_MESSAGE_NOT_FOUND, "The message was removed.");
    e = pin_count(c->db, w->room.id, &count, f);
    if (!e && count >= PIN_MOST)
        e = fail(f, ERR_FORBIDDEN, "A room has at most %d pinned messages.", PIN_MOST);
    return e;
}

enum err act_store_pin(struct chat *c, struct act_way *w, struct fail *f)
{
    w->payload = w->act->on ? "{\"on\":true}" : "{\"on\":false}";
    return w->act->on ? pin_insert(c->db, w->room.id, w->message->id, w->user.id, w->now_ms, f)
                      : pin_delete(c->db, w->room.id, w->message->id, f);
}
