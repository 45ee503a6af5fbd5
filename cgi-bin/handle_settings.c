/* What is changed about a room, for everybody or for oneself. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/room_settings.h"
#include "chat/wire_room.h"

struct change {
    const struct call *call;
    struct room_change change;
    int64_t until;
};

static enum err settle(struct chat *chat, void *arg, struct fail *f)
{
    const struct change *ch = arg;
    const struct call *c = ch->call;

    return room_settings_change(chat, c->arena, &c->actor, call_text(c, "slug"), &ch->change, f);
}

static enum err mute(struct chat *chat, void *arg, struct fail *f)
{
    const struct change *ch = arg;
    const struct call *c = ch->call;

    return room_settings_mute(chat, c->arena, &c->actor, call_text(c, "slug"), ch->until, f);
}

static enum err hide(struct chat *chat, void *arg, struct fail *f)
{
    const struct change *ch = arg;
    const struct call *c = ch->call;
    const char *slug = call_text(c, "slug");

    if (!call_number(c, "on", 1))
        return room_settings_show(chat, c->arena, &c->actor, slug, f);
    return room_settings_hide(chat, c->arena, &c->actor, slug, call_number(c, "up_to", -1), f);
}

/* The room as it is now; a form comes back to the page that it stood on. */
static enum err answer_changed(struct call *c, struct fail *f)
{
    struct json_object *o;
    struct room_view v;
    enum err e = rooms_find(c->chat, c->arena, &c->actor, call_text(c, "slug"), &v, f);

    if (e)
        return e;
    if (call_wants_page(c))
        return answer_see_other(c,
                                arena_fmt(c->arena, "%sabout/", answer_room_url(c, v.room.slug)));
    o = json_object_new_object();
    json_set(o, "room", wire_room_settings(&v, &c->actor, c->app->conf->default_room));
    return answer_json(c, 200, o);
}

enum err handle_room_change(struct call *c, struct fail *f)
{
    struct change ch = {.call = c,
                        .change = {.title = call_text(c, "title"),
                                   .topic = call_text(c, "topic"),
                                   .post_policy = call_text(c, "post_policy"),
                                   .invite_policy = call_text(c, "invite_policy"),
                                   .slow_s = call_number(c, "slow_s", -1),
                                   .archived = call_number(c, "archived", -1)}};
    enum err e = chat_write(c->chat, settle, &ch, f);

    return e ? e : answer_changed(c, f);
}

enum err handle_room_mute(struct call *c, struct fail *f)
{
    struct change ch = {.call = c};
    enum err e = room_mute_until(c->chat, call_text(c, "for"), &ch.until, f);

    if (!e)
        e = chat_write(c->chat, mute, &ch, f);
    return e ? e : answer_changed(c, f);
}

/* A form comes back to where the list is as it is now: who hid it is done with the conversation. */
enum err handle_room_hide(struct call *c, struct fail *f)
{
    struct change ch = {.call = c};
    enum err e = chat_write(c->chat, hide, &ch, f);

    if (!e && call_wants_page(c))
        return answer_see_other(
            c, answer_room_url(c, call_number(c, "on", 1) ? NULL : call_text(c, "slug")));
    return e ? e : answer_changed(c, f);
}
