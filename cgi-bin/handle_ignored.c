/* me/ignored/: whom the reader does not want to hear. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/wire.h"

enum err handle_ignored(struct call *c, struct fail *f)
{
    struct ignored_user *list = arena_alloc(c->arena, IGNORED_MOST * sizeof *list);
    struct json_object *o;
    size_t count = 0;
    enum err e = ignored_list(c->chat->db, c->arena, c->actor.user_id, list, &count, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set(o, "ignored", wire_ignored(list, count));
    return answer_json(c, 200, o);
}

static enum err set(struct call *c, bool on, struct fail *f)
{
    return ignore_set(c->chat, c->arena, &c->actor, call_number(c, "id", 0), on, f);
}

enum err handle_ignored_put(struct call *c, struct fail *f)
{
    enum err e = set(c, true, f);

    return e ? e : answer_empty(c, 204);
}

enum err handle_ignored_delete(struct call *c, struct fail *f)
{
    enum err e = set(c, false, f);

    return e ? e : answer_empty(c, 204);
}

/* Of the page of a message, which is not there any more, and of the account's page. */
enum err handle_ignored_form(struct call *c, struct fail *f)
{
    enum err e = set(c, call_number(c, "on", 1) != 0, f);

    if (e)
        return e;
    if (call_wants_page(c))
        return answer_see_other(c, answer_account_url(c));
    return answer_empty(c, 204);
}
