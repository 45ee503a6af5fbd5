/* session/, me/ and ws-ticket/: who one is here. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "chat/prefs.h"
#include "chat/wire.h"

static struct json_object *user_json(const struct call *c, const struct actor *who)
{
    struct json_object *o = json_object_new_object();

    json_set(o, "user", wire_user(who));
    json_set_str(o, "csrf",
                 who->kind == ACTOR_ANONYMOUS ? "" : identity_csrf(c->chat, c->arena, who));
    return o;
}

enum err handle_session(struct call *c, struct fail *f)
{
    const struct value *name = call_value(c, "username");
    struct actor guest;
    char *token;
    enum err e;

    if (c->actor.kind == ACTOR_USER)
        return fail(f, ERR_FORBIDDEN, "You are signed in already.");
    e = identity_start_guest(c->chat, c->arena, &c->actor, c->req.address, name->text, name->len,
                             &guest, &token, f);
    if (e)
        return e;
    auth_set_guest_cookie(c, token);
    if (call_wants_page(c))
        return answer_see_other(c, answer_room_url(c, call_text(c, "next_room")));
    return answer_json(c, 200, user_json(c, &guest));
}

enum err handle_me(struct call *c, struct fail *f)
{
    static const char *const guests[] = {
        [GUESTS_OFF] = "off", [GUESTS_READ] = "read", [GUESTS_WRITE] = "write"};
    const struct conf *conf = c->app->conf;
    struct json_object *o, *prefs = NULL;
    struct room_view self = {0};
    enum err e = OK;

    if (c->actor.user_id)
        e = rooms_find(c->chat, c->arena, &c->actor, "@me", &self, f);
    if (!e && c->actor.user_id)
        e = prefs_load(c->chat, c->arena, &c->actor, &prefs, f);
    if (e)
        return e;
    o = user_json(c, &c->actor);
    if (c->actor.user_id)
        json_set_i64(o, "seq", self.room.head);
    if (prefs)
        json_set(o, "prefs", prefs);
    json_set_str(o, "guests", guests[conf->guests]);
    json_set_str(o, "login_url", *conf->login_url ? conf->login_url : NULL);
    return answer_json(c, 200, o);
}

/* {prefs?, display_name?}. */
enum err handle_me_change(struct call *c, struct fail *f)
{
    const struct value *name = call_value(c, "display_name");
    struct json_object *prefs = c->body.json ? json_object_object_get(c->body.json, "prefs") : NULL;
    struct json_object *o;
    enum err e = OK;

    if (!prefs && !name->given)
        return fail(f, ERR_BAD_REQUEST, "Give display_name or prefs.");
    if (name->given)
        e = identity_rename(c->chat, c->arena, &c->actor, name->text, name->len, f);
    if (!e && prefs)
        e = prefs_set(c->chat, c->arena, &c->actor, prefs, f);
    if (!e)
        e = prefs_load(c->chat, c->arena, &c->actor, &prefs, f);
    if (e)
        return e;
    if (call_wants_page(c)) {
        json_object_put(prefs);
        return answer_see_other(c, answer_account_url(c));
    }
    o = user_json(c, &c->actor);
    json_set(o, "prefs", prefs);
    return answer_json(c, 200, o);
}

/* The settings as fields of a form. */
enum err handle_prefs_form(struct call *c, struct fail *f)
{
    struct json_object *changes = json_object_new_object();
    enum err e;

    for (size_t i = 0; prefs_names[i]; i++)
        if (call_text(c, prefs_names[i]))
            json_set_str(changes, prefs_names[i], call_text(c, prefs_names[i]));
    e = prefs_set(c->chat, c->arena, &c->actor, changes, f);
    json_object_put(changes);
    if (e)
        return e;
    return call_wants_page(c) ? answer_see_other(c, answer_account_url(c)) : answer_empty(c, 204);
}

enum err handle_ticket(struct call *c, struct fail *f)
{
    struct json_object *o;
    char *ticket;
    enum err e = identity_make_ticket(c->chat, c->arena, &c->actor, &ticket, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set_str(o, "ticket", ticket);
    json_set_i64(o, "expires_in_ms", 30000);
    return answer_json(c, 200, o);
}
