/* The message that a page is about: its mark, and forms for whoever has no script. */
#include "cgi-bin/page.h"

#include "cgi-bin/answer.h"
#include "chat/act.h"
#include "lib/json.h"

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

void page_add_target(struct call *c, const struct history_context *context, struct json_object *o)
{
    const struct message *m = &context->message;
    struct act_rights may = act_rights(c->chat, &c->actor, &context->page.room.room, m);
    struct json_object *row = row_of(o, m->id), *acts;

    if (!row)
        return;
    json_set_bool(row, "target", true);
    if (!may.remove)
        return;
    acts = json_object_new_object();
    json_set_str(acts, "action",
                 arena_fmt(c->arena, "%s/messages/%lld", c->app->conf->api_path, (long long)m->id));
    json_set_bool(acts, "can_delete", may.remove);
    json_set(row, "acts", acts);
}
