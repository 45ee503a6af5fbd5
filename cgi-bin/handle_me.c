/* session/, me/ and ws-ticket/: who one is here. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
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
    struct room_view self = {0};
    struct json_object *o;
    enum err e = OK;

    if (c->actor.user_id)
        e = rooms_find(c->chat, c->arena, &c->actor, "@me", &self, f);
    if (e)
        return e;
    o = user_json(c, &c->actor);
    if (c->actor.user_id)
        json_set_i64(o, "seq", self.room.head);
    json_set_str(o, "guests", guests[conf->guests]);
    json_set_str(o, "login_url", *conf->login_url ? conf->login_url : NULL);
    return answer_json(c, 200, o);
}

enum err handle_me_rename(struct call *c, struct fail *f)
{
    const struct value *name = call_value(c, "display_name");
    enum err e = identity_rename(c->chat, c->arena, &c->actor, name->text, name->len, f);

    return e ? e : answer_json(c, 200, user_json(c, &c->actor));
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
