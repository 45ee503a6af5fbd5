/* The chat page: rows, rooms and people as HTML, or the same object as JSON. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "cgi-bin/page.h"

static enum err answer(struct call *c, const struct page_query *q, struct fail *f)
{
    struct json_object *data = NULL;
    enum err may_read = identity_may_read(c->chat, &c->actor, f);
    enum err e = OK;

    if (!may_read)
        e = q->thread_id ? page_thread_data(c, q, &data, f) : page_data(c, q, &data, f);
    else if (may_read == ERR_AUTH_REQUIRED && auth_is_shell(c))
        data = page_shell_data(c, q);
    else
        e = may_read;
    if (e)
        return e;
    if (c->guest_cookie_bad)
        auth_set_guest_cookie(c, NULL);
    http_add_header(&c->res, "Vary", "Accept, Cookie, Authorization");
    return call_wants_page(c) ? answer_page(c, 200, "chat", data, f) : answer_json(c, 200, data);
}

enum err handle_page(struct call *c, struct fail *f)
{
    const struct page_query q = {
        .room = c->captures[0] ? call_text(c, "room") : NULL,
        .before = call_number(c, "before", 0),
        .after = call_number(c, "after", -1),
        .embed = call_number(c, "embed", 0) && *c->app->conf->embed_origins,
    };

    if (q.room && q.room[0] == '@')
        return fail(f, ERR_ROOM_NOT_FOUND, NULL);
    if (q.before > 0 && q.after >= 0)
        return fail(f, ERR_BAD_REQUEST, "Give before or after, not both.");
    return answer(c, &q, f);
}

enum err handle_message_page(struct call *c, struct fail *f)
{
    const struct page_query q = {.after = -1, .message_id = call_number(c, "id", 0)};

    return answer(c, &q, f);
}

enum err handle_thread_page(struct call *c, struct fail *f)
{
    const struct page_query q = {
        .before = call_number(c, "before", 0),
        .after = call_number(c, "after", -1),
        .thread_id = call_number(c, "id", 0),
    };

    if (q.before > 0 && q.after >= 0)
        return fail(f, ERR_BAD_REQUEST, "Give before or after, not both.");
    return answer(c, &q, f);
}

/* Nothing of what people wrote is in it: see add_frame_policy() in answer.c. */
enum err handle_emoji_page(struct call *c, struct fail *f)
{
    struct json_object *data = json_object_new_object();
    enum err e;

    page_add_site(c, data);
    e = answer_page(c, 200, "emoji", data, f);
    c->res.in_frame = !e;
    return e;
}

/* ----- beside the chat: for whoever has no script ----- */

static enum err answer_beside(struct call *c, const char *view, struct json_object *data,
                              struct fail *f)
{
    http_add_header(&c->res, "Vary", "Accept, Cookie, Authorization");
    return call_wants_page(c) ? answer_page(c, 200, view, data, f) : answer_json(c, 200, data);
}

enum err handle_room_about_page(struct call *c, struct fail *f)
{
    struct json_object *data;
    enum err e = page_room_data(c, call_text(c, "room"), &data, f);

    return e ? e : answer_beside(c, "room_about", data, f);
}

enum err handle_person_page(struct call *c, struct fail *f)
{
    struct json_object *data;
    enum err e = page_person_data(c, call_number(c, "id", 0), &data, f);

    return e ? e : answer_beside(c, "person_about", data, f);
}

enum err handle_new_room_page(struct call *c, struct fail *f)
{
    return answer_beside(c, "new_room", page_new_room_data(c), f);
}
