/* The message that a page is about: its mark, and forms for whoever has no script. */
#include "cgi-bin/page.h"

#include "cgi-bin/answer.h"
#include "chat/act.h"
#include "chat/wire.h"
#include "db/reaction.h"

static struct json_object *row_of(struct json_object *o, int64_t id)
{
    struct json_object *rows = json_object_object_get(o, "messages");

    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        struct json_object *row = json_object_array_get_idx(rows, i);

        if (json_object_get_int64(json_object_object_get(row, "id")) == id)
            return row;
    }
    return NULL;
}

/* The quick reactions, and which of them are the reader's own. */
static struct json_object *reaction_buttons(const struct call *c, const struct message *m)
{
    static const char *const quick[] = {"👍", "❤️", "😂", "🚀", "📈", "📉"};
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < ARRAY_LEN(quick); i++) {
        struct json_object *o = json_object_new_object();
        struct fail f;
        bool own = false;

        if (reaction_exists(c->chat->db, m->id, quick[i], c->actor.user_id, &own, &f))
            own = false;
        json_set_str(o, "emoji", quick[i]);
        json_set_i64(o, "on", own ? 0 : 1);
        json_set_str(o, "label", own ? "Take back" : "React with");
        json_object_array_add(list, o);
    }
    return list;
}

static struct json_object *pin_button(const struct call *c, const struct message *m)
{
    struct json_object *o = json_object_new_object();
    struct fail f;
    bool on = false;

    if (pin_exists(c->chat->db, m->room_id, m->id, &on, &f))
        on = false;
    json_set_i64(o, "on", on ? 0 : 1);
    json_set_str(o, "label", on ? "Unpin" : "Pin");
    return o;
}

/* What may be done, as forms. */
static void add_forms(const struct call *c, const struct message *m, const struct act_rights *may,
                      struct json_object *row)
{
    bool other = c->actor.user_id && c->actor.user_id != m->user_id;
    struct json_object *acts;

    if (!may->edit && !may->remove && !may->reply && !may->pin && !other)
        return;
    acts = json_object_new_object();
    json_set_str(acts, "action",
                 arena_fmt(c->arena, "%s/messages/%lld", c->app->conf->api_path, (long long)m->id));
    json_set_bool(acts, "can_reply", may->reply);
    if (may->react)
        json_set(acts, "quick", reaction_buttons(c, m));
    if (may->pin)
        json_set(acts, "pin", pin_button(c, m));
    json_set_bool(acts, "can_ignore", other);
    json_set_bool(acts, "can_edit", may->edit);
    json_set_bool(acts, "can_delete", may->remove);
    json_set(row, "acts", acts);
}

/* What it said before, for whoever may know; a page without it is a page all the same. */
static void add_revisions(struct call *c, const struct message *m, struct json_object *row)
{
    struct json_object *list;
    struct revision *revisions;
    struct message now;
    struct fail f;
    size_t count = 0;

    if (lookup_revisions(c->chat, c->arena, &c->actor, m->id, &now, &revisions, &count, &f) ||
        count == 0)
        return;
    list = wire_revisions(&now, revisions, count);
    for (size_t i = 0; i < json_object_array_length(list); i++)
        page_add_times(c->arena, json_object_array_get_idx(list, i));
    json_set(row, "revisions", list);
    json_set_bool(row, "has_revisions", true);
}

enum err page_add_pins(struct call *c, const struct room *room, struct json_object *o,
                       struct fail *f)
{
    struct room_view view;
    struct pin *list;
    size_t count = 0;
    enum err e = lookup_pins(c->chat, c->arena, &c->actor, room->slug, &view, &list, &count, f);

    if (e)
        return e;
    json_set(o, "pins", wire_pins(list, count));
    json_set_i64(o, "pin_count", (int64_t)count);
    json_set_bool(o, "has_pins", count > 0);
    return OK;
}

void page_add_target(struct call *c, const struct lookup_context *context, struct json_object *o)
{
    const struct message *m = &context->message;
    struct act_rights may = act_rights(c->chat, &c->actor, &context->page.room.room, m);
    struct json_object *row = row_of(o, m->id);

    if (!row)
        return;
    json_set_bool(row, "target", true);
    add_forms(c, m, &may, row);
    if (may.revisions)
        add_revisions(c, m, row);
}
