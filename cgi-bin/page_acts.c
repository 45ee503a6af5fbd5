/* The message that a page is about: its mark, and forms for whoever has no script. */
#include "cgi-bin/page.h"

#include "cgi-bin/answer.h"
#include "chat/act.h"
#include "chat/wire.h"

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

/* What may be done, as forms. */
static void add_forms(const struct call *c, const struct message *m, const struct act_rights *may,
                      struct json_object *row)
{
    struct json_object *acts;

    if (!may->edit && !may->remove && !may->reply)
        return;
    acts = json_object_new_object();
    json_set_str(acts, "action",
                 arena_fmt(c->arena, "%s/messages/%lld", c->app->conf->api_path, (long long)m->id));
    json_set_bool(acts, "can_reply", may->reply);
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

    if (history_revisions(c->chat, c->arena, &c->actor, m->id, &now, &revisions, &count, &f) ||
        count == 0)
        return;
    list = wire_revisions(&now, revisions, count);
    for (size_t i = 0; i < json_object_array_length(list); i++)
        page_add_times(c->arena, json_object_array_get_idx(list, i));
    json_set(row, "revisions", list);
    json_set_bool(row, "has_revisions", true);
}

void page_add_target(struct call *c, const struct history_context *context, struct json_object *o)
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
