#include "cgi-bin/error_page.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/handle.h"
#include "cgi-bin/page.h"
#include "lib/secure.h"
#include "lib/text.h"

#include <string.h>

static const char *title(int status)
{
    switch (status) {
    case 401:
        return "Please sign in";
    case 403:
        return "Not allowed";
    case 404:
        return "Not found";
    case 405:
        return "This does not work here";
    case 413:
        return "Too long";
    case 429:
        return "One moment";
    case 503:
        return "Busy";
    default:
        return status >= 500 ? "Something went wrong" : "That did not work";
    }
}

/* A field of the form as typed, where it can be shown at all. */
static const char *typed(const struct call *c, const char *name)
{
    const struct form_field *field = NULL;

    if (form_find(&c->body, name, &field) == 0 || field->value_len == 0 ||
        memchr(field->value, '\0', field->value_len) ||
        !text_is_utf8(field->value, field->value_len))
        return NULL;
    return field->value;
}

/* The seal that the form needs next time: the actor's, or none where nobody is known. */
static const char *seal(struct call *c)
{
    return c->actor.user_id ? identity_csrf(c->chat, c->arena, &c->actor) : "";
}

/* The same client id again makes a message that was stored after all a duplicate, not a double;
 * only one that belongs to another message must change. */
static const char *next_client_id(const struct call *c, enum err e)
{
    const char *id = typed(c, "client_id");
    char fresh[25];

    if (id && text_is_client_id(id, strlen(id)) && e != ERR_CLIENT_ID_CONFLICT)
        return id;
    secure_random_hex(fresh, 12);
    return arena_str(c->arena, fresh);
}

static struct json_object *retry_form(struct call *c, enum err e, const char *text)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "action", arena_fmt(c->arena, "%s/messages/create/", c->app->conf->api_path));
    json_set_str(o, "csrf", seal(c));
    json_set_str(o, "room", typed(c, "room") ? typed(c, "room") : c->app->conf->default_room);
    json_set_str(o, "client_id", next_client_id(c, e));
    json_set_str(o, "reply_to", typed(c, "reply_to"));
    json_set_str(o, "back", typed(c, "back"));
    json_set_str(o, "username", typed(c, "username"));
    json_set_str(o, "text", text);
    return o;
}

/* An edit that was refused, to be sent again over what stands there now. */
static struct json_object *edit_form(struct call *c, const char *text)
{
    struct json_object *o = json_object_new_object();
    struct room_view room;
    struct message now;
    struct fail f;

    json_set_str(o, "action", c->req.path);
    json_set_str(o, "csrf", seal(c));
    json_set_str(o, "text", text);
    if (!lookup_message(c->chat, c->arena, &c->actor, call_number(c, "id", 0), &room, &now, &f)) {
        json_set_i64(o, "rev", now.rev);
        if (!now.deleted_ms)
            json_set_str(o, "current", now.body);
    }
    return o;
}

static struct json_object *join_form(struct call *c)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "action", arena_fmt(c->arena, "%s/session/", c->app->conf->api_path));
    json_set_str(o, "csrf", seal(c));
    json_set_str(o, "next_room", typed(c, "next_room") ? typed(c, "next_room") : "");
    json_set_str(o, "username", typed(c, "username") ? typed(c, "username") : "");
    return o;
}

struct json_object *error_page_data(struct call *c, const struct fail *f)
{
    const struct err_row *row = err_row(f->err);
    struct json_object *o = json_object_new_object();
    const char *text = typed(c, "message");

    page_add_site(c, o);
    json_set_i64(o, "status", row->http_status);
    json_set_str(o, "title", title(row->http_status));
    json_set_str(o, "message", f->message);
    if (c->actor.kind == ACTOR_ANONYMOUS)
        json_set_str(o, "login_url", answer_login_url(c, answer_next_url(c)));
    if (row->http_status == 500)
        json_set_str(o, "request_id", c->app->log->request_id);
    if (c->route && c->route->handler == handle_message_edit && text)
        json_set(o, "retry", edit_form(c, text));
    else if (c->route && c->route->forms && text)
        json_set(o, "retry", retry_form(c, f->err, text));
    else if (c->route && c->route->forms && typed(c, "username"))
        json_set(o, "join", join_form(c));
    return o;
}
