/* The chat page: rows, rooms and people as HTML, or the same object as JSON. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "cgi-bin/page.h"

static const char *room_of(const struct call *c)
{
    return c->captures[0] ? call_text(c, "room") : NULL;
}

enum err handle_page(struct call *c, struct fail *f)
{
    struct page_query q = {room_of(c), call_number(c, "before", 0), call_number(c, "after", -1)};
    struct json_object *data = NULL;
    enum err may_read = identity_may_read(c->chat, &c->actor, f);
    enum err e = OK;

    if (q.room && q.room[0] == '@')
        return fail(f, ERR_ROOM_NOT_FOUND, NULL);
    if (q.before > 0 && q.after >= 0)
        return fail(f, ERR_BAD_REQUEST, "Give before or after, not both.");
    if (!may_read)
        e = page_data(c, &q, &data, f);
    else if (may_read == ERR_AUTH_REQUIRED && auth_is_shell(c))
        data = page_shell_data(c, &q);
    else
        e = may_read;
    if (e)
        return e;
    if (c->guest_cookie_bad)
        auth_set_guest_cookie(c, NULL);
    http_add_header(&c->res, "Vary", "Accept, Cookie, Authorization");
    return call_wants_page(c) ? answer_page(c, 200, "chat", data, f) : answer_json(c, 200, data);
}
