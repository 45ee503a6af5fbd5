/* messages/<id>/…: one message, what is around it, and what is done to it. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/wire.h"

enum err handle_message(struct call *c, struct fail *f)
{
    struct room_view room;
    struct message m;
    struct json_object *o;
    enum err e = lookup_shown(c->chat, c->arena, &c->actor, call_number(c, "id", 0), &room, &m, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set(o, "message", wire_message(&m, rooms_wire_name(&room.room)));
    return answer_json(c, 200, o);
}

enum err handle_message_context(struct call *c, struct fail *f)
{
    struct lookup_context context;
    struct json_object *o;
    enum err e = lookup_context(c->chat, c->arena, &c->actor, call_number(c, "id", 0),
                                LOOKUP_AROUND, &context, f);

    if (e)
        return e;
    o = wire_page(&context.page);
    json_set_bool(o, "has_newer", context.has_newer);
    json_set_i64(o, "id", context.message.id);
    return answer_json(c, 200, o);
}

enum err handle_message_revisions(struct call *c, struct fail *f)
{
    struct revision *list;
    struct message now;
    struct json_object *o;
    size_t count = 0;
    enum err e = lookup_revisions(c->chat, c->arena, &c->actor, call_number(c, "id", 0), &now,
                                  &list, &count, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set(o, "revisions", wire_revisions(&now, list, count));
    return answer_json(c, 200, o);
}

/* An edit that came too late: what stands there now comes with the refusal. */
static enum err answer_conflict(struct call *c, const struct message *now, const struct fail *f)
{
    struct json_object *o = json_object_new_object(), *error = wire_error(f, NULL);

    json_object_object_del(error, "type");
    json_set(o, "error", error);
    json_set(o, "current", wire_message(now, now->room_slug));
    return answer_json(c, err_row(f->err)->http_status, o);
}

/* Does it, and answers with the message as it is now; a form comes back to the message's page. */
static enum err act(struct call *c, struct act *act, struct fail *f)
{
    struct acted done;
    struct json_object *o;
    enum err e;

    act->actor = &c->actor;
    act->msg_id = call_number(c, "id", 0);
    act->address = *c->req.address ? c->req.address : NULL;
    e = chat_act_now(c->chat, c->arena, act, &done, f);
    if (!e)
        e = ignore_dress_for(c->chat, c->arena, &c->actor, &done.message, f);
    if (e == ERR_EDIT_CONFLICT && done.message.id && !call_wants_page(c))
        return answer_conflict(c, &done.message, f);
    if (e)
        return e;
    if (call_wants_page(c))
        return answer_see_other(c, answer_message_url(c, done.message.id, done.message.seq));
    o = json_object_new_object();
    json_set(o, "message", wire_message(&done.message, done.message.room_slug));
    if (done.seq)
        json_set_i64(o, "seq", done.seq);
    return answer_json(c, 200, o);
}

enum err handle_message_edit(struct call *c, struct fail *f)
{
    struct act edit = {
        .kind = ACT_EDIT,
        .text = call_text(c, "message"),
        .text_len = call_value(c, "message")->len,
        .rev = call_number(c, "rev", 0),
    };

    return act(c, &edit, f);
}

enum err handle_message_delete(struct call *c, struct fail *f)
{
    struct act deletion = {.kind = ACT_DELETE};

    return act(c, &deletion, f);
}

static enum err react(struct call *c, bool on, struct fail *f)
{
    struct act reaction = {.kind = ACT_REACT, .emoji = call_text(c, "emoji"), .on = on};

    return act(c, &reaction, f);
}

enum err handle_reaction_put(struct call *c, struct fail *f)
{
    return react(c, true, f);
}

enum err handle_reaction_delete(struct call *c, struct fail *f)
{
    return react(c, false, f);
}

enum err handle_message_react(struct call *c, struct fail *f)
{
    return react(c, call_number(c, "on", 1) != 0, f);
}

static enum err pin(struct call *c, bool on, struct fail *f)
{
    struct act pinning = {.kind = ACT_PIN, .on = on};

    return act(c, &pinning, f);
}

enum err handle_pin_put(struct call *c, struct fail *f)
{
    return pin(c, true, f);
}

enum err handle_pin_delete(struct call *c, struct fail *f)
{
    return pin(c, false, f);
}

enum err handle_message_pin(struct call *c, struct fail *f)
{
    return pin(c, call_number(c, "on", 1) != 0, f);
}

enum err handle_pins(struct call *c, struct fail *f)
{
    struct room_view room;
    struct json_object *o;
    struct pin *list;
    size_t count = 0;
    enum err e =
        lookup_pins(c->chat, c->arena, &c->actor, call_text(c, "slug"), &room, &list, &count, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set_str(o, "room", rooms_wire_name(&room.room));
    json_set_i64(o, "seq", room.room.head);
    json_set(o, "pins", wire_pins(list, count));
    return answer_json(c, 200, o);
}
