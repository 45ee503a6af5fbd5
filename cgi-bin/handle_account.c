/* me/: the account's page. It works without a script, and has none. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/page.h"
#include "chat/wire.h"

static enum err add_ignored(struct call *c, struct json_object *o, struct fail *f)
{
    struct ignored_user *list = arena_alloc(c->arena, IGNORED_MOST * sizeof *list);
    size_t count = 0;
    enum err e = ignored_list(c->chat->db, c->arena, c->actor.user_id, list, &count, f);

    json_set(o, "ignored", wire_ignored(list, e ? 0 : count));
    return e;
}

enum err handle_account_page(struct call *c, struct fail *f)
{
    struct json_object *o = json_object_new_object();
    enum err e;

    page_add_site(c, o);
    json_set(o, "me", wire_user(&c->actor));
    json_set_str(o, "csrf", identity_csrf(c->chat, c->arena, &c->actor));
    e = add_ignored(c, o, f);
    if (e) {
        json_object_put(o);
        return e;
    }
    http_add_header(&c->res, "Vary", "Accept, Cookie, Authorization");
    return call_wants_page(c) ? answer_page(c, 200, "account", o, f) : answer_json(c, 200, o);
}
