#include "cgi-bin/page.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "chat/open_room.h"
#include "chat/prefs.h"
#include "chat/wire.h"
#include "lib/secure.h"

#include <string.h>

void page_add_site(const struct call *c, struct json_object *o)
{
    const struct conf *conf = c->app->conf;

    json_set_str(o, "site_name", conf->site_name);
    json_set_str(o, "language", conf->language);
    json_set_str(o, "page_path", conf->page_path);
    json_set_str(o, "api_path", conf->api_path);
    json_set_str(o, "ws_path", conf->ws_path);
    json_set_str(o, "static_path", conf->static_path);
    json_set_str(o, "asset_version", asset_version);
    json_set_bool(o, "can_search", conf->search != SEARCH_OFF);
    if (c->app->site_version[0])
        json_set_str(o, "site_version", c->app->site_version);
}

static void add_paging(const struct call *c, const struct page_query *q,
                       const struct lookup_context *context, struct json_object *o)
{
    const struct history_page *page = &context->page;
    const char *url = answer_room_url(c, page->room.room.slug);
    int64_t first = page->count ? page->messages[0].seq : q->after + 1;
    int64_t last = page->count ? page->messages[page->count - 1].seq : q->before - 1;
    bool forward = q->after >= 0;
    bool has_newer = forward ? page->has_more : q->before > 0 || context->has_newer;

    json_set_bool(o, "paging", forward || has_newer);
    json_set_bool(o, "has_older", forward ? q->after > page->room.room.floor : page->has_more);
    json_set_str(o, "older_url", arena_fmt(c->arena, "%s?before=%lld", url, (long long)first));
    json_set_bool(o, "has_newer", has_newer);
    json_set_str(o, "newer_url", arena_fmt(c->arena, "%s?after=%lld", url, (long long)last));
}

void page_add_me(struct call *c, struct json_object *o)
{
    const struct conf *conf = c->app->conf;
    const struct actor *who = &c->actor;
    struct json_object *me = wire_user(who), *form = json_object_new_object();
    const char *login = answer_login_url(c, c->req.target);
    bool anonymous = who->kind == ACTOR_ANONYMOUS;
    bool can_join = anonymous && conf->guests == GUESTS_WRITE;

    if (me)
        json_set_str(me, "initial", page_initial(c->arena, who->username));
    json_set(o, "me", me);
    json_set_bool(o, "signed_in", !anonymous);
    json_set_bool(o, "can_talk", who->kind == ACTOR_USER); /* in private: not guests */
    json_set_bool(o, "can_post",
                  who->kind == ACTOR_USER ||
                      (who->kind == ACTOR_GUEST && conf->guests == GUESTS_WRITE));
    json_set_bool(o, "can_join", can_join);
    json_set_bool(o, "must_login", anonymous && !can_join && login);
    json_set_str(o, "login_url", login ? login : "");
    json_set_bool(o, "shell", auth_is_shell(c));
    json_set_str(o, "csrf", anonymous ? "" : identity_csrf(c->chat, c->arena, who));
    secure_random_hex(c->res.once, 12);
    json_set_str(form, "client_id", c->res.once);
    json_set(o, "form", form); /* apart: a row without a client_id must not find this one */
    json_set_i64(o, "message_max_chars", conf->message_max_chars);
    json_set_bool(o, "can_attach", conf->file_max_mb > 0);
}

static const char *guests_name(enum conf_guests g)
{
    return g == GUESTS_WRITE ? "write" : g == GUESTS_READ ? "read" : "off";
}

static const char *browser_token_name(enum conf_browser_token kind)
{
    return kind == BROWSER_TOKEN_COOKIE    ? "cookie"
           : kind == BROWSER_TOKEN_STORAGE ? "storage"
                                           : "none";
}

static void add_cursor(struct json_object *cursors, const char *room, int64_t seq,
                       int64_t last_read)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "seq", seq);
    json_set_i64(o, "last_read_seq", last_read);
    json_set(cursors, room, o);
}

static void add_cursors(struct json_object *cursors, struct json_object *rooms,
                        const struct room *current)
{
    for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++) {
        struct json_object *room = json_object_array_get_idx(rooms, i);
        const char *slug = json_object_get_string(json_object_object_get(room, "id"));
        int64_t head = json_object_get_int64(json_object_object_get(room, "seq"));

        add_cursor(cursors, slug, strcmp(slug, current->slug) == 0 ? current->head : head,
                   json_object_get_int64(json_object_object_get(room, "last_read_seq")));
    }
}

/* {slug: {seq, last_read_seq}} of the rooms on the page; the one being
 * read as its rows were read. */
static struct json_object *cursors(struct json_object *page, const struct room *current)
{
    struct json_object *o = json_object_new_object();

    add_cursors(o, json_object_object_get(page, "rooms"), current);
    add_cursors(o, json_object_object_get(page, "direct"), current);
    add_cursors(o, json_object_object_get(page, "away"), current);
    return o;
}

/* The reader's own log, as of before anything on the page was read. */
static enum err add_self(struct call *c, struct json_object *o, struct fail *f)
{
    struct room_view self;
    enum err e;

    if (c->actor.kind == ACTOR_ANONYMOUS)
        return OK;
    e = rooms_find(c->chat, c->arena, &c->actor, "@me", &self, f);
    if (!e)
        json_set_i64(o, "self_seq", self.room.head);
    return e;
}

static enum err add_prefs(struct call *c, struct json_object *o, struct fail *f)
{
    struct json_object *prefs;
    enum err e;

    if (c->actor.kind == ACTOR_ANONYMOUS)
        return OK;
    e = prefs_load(c->chat, c->arena, &c->actor, &prefs, f);
    if (!e)
        json_set(o, "prefs", prefs);
    return e;
}

/* What the script needs to know, as JSON text for one attribute. */
static void add_config(struct call *c, const struct page_query *q, const char *epoch,
                       const struct room *room, struct json_object *o)
{
    const struct conf *conf = c->app->conf;
    struct json_object *config = json_object_new_object(), *self, *cursor_list;
    size_t len;

    json_set_str(config, "api", conf->api_path);
    json_set_str(config, "ws", conf->sidecar == SIDECAR_OFF ? "" : conf->ws_path);
    json_set_str(config, "page", conf->page_path);
    json_set_str(config, "static", conf->static_path);
    json_set_str(config, "epoch", epoch);
    json_set_str(config, "room", room->slug);
    json_set_i64(config, "seq", room->head);
    json_set_i64(config, "floor", room->floor);
    cursor_list = cursors(o, room);
    if (json_object_object_get_ex(o, "self_seq", &self))
        add_cursor(cursor_list, "@me", json_object_get_int64(self), 0);
    json_set(config, "rooms", cursor_list);
    json_set(config, "user", wire_user(&c->actor));
    json_set(config, "prefs", json_object_get(json_object_object_get(o, "prefs")));
    json_set(config, "csrf", json_object_get(json_object_object_get(o, "csrf")));
    json_set_str(config, "guests", guests_name(conf->guests));
    json_set_str(config, "browser_token", browser_token_name(conf->browser_token_kind));
    if (conf->browser_token_kind == BROWSER_TOKEN_STORAGE)
        json_set_str(config, "token_key", conf->browser_token_name);
    json_set_str(config, "refresh_url", conf->refresh_url);
    json_set_str(config, "login_url", conf->login_url);
    json_set_i64(config, "max_chars", conf->message_max_chars);
    json_set_i64(config, "edit_minutes", conf->edit_minutes);
    json_set_i64(config, "file_max_mb", conf->file_max_mb);
    json_set_bool(config, "opens_rooms", open_may_private(conf, &c->actor));
    if (q->message_id)
        json_set_i64(config, "message", q->message_id);
    if (q->thread_id)
        json_set_i64(config, "thread", q->thread_id);
    if (q->embed) {
        json_set_bool(o, "embed", true);
        json_set_str(config, "embed", conf->embed_origins);
    }
    json_set_i64(config, "heartbeat_ms", conf->ws_heartbeat_ms);
    json_set_bool(config, "paging", json_object_get_boolean(json_object_object_get(o, "paging")));
    json_set_str(o, "config", json_text(config, &len));
    json_object_put(config);
}

static void add_room(const struct call *c, const struct room_view *view, const char *epoch,
                     struct json_object *o)
{
    struct json_object *room = wire_room(view);

    json_set_str(room, "url", answer_room_url(c, view->room.slug));
    json_set(o, "room", room);
    json_set_str(o, "epoch", epoch);
    json_set_i64(o, "seq", view->room.head);
}

static void add_notice(const struct call *c, struct json_object *o)
{
    struct json_object *notice;

    if (c->actor.muted_until <= clock_wall_ms(&c->chat->clock))
        return;
    notice = json_object_new_object();
    json_set_str(notice, "text", "You are muted: you can read, but not write.");
    json_set(o, "notice", notice);
}

static enum err load(struct call *c, const struct page_query *q, struct lookup_context *out,
                     struct fail *f)
{
    if (q->message_id)
        return lookup_context(c->chat, c->arena, &c->actor, q->message_id, LOOKUP_AROUND, out, f);
    return history_messages(c->chat, c->arena, &c->actor, q->room, q->before, q->after,
                            HISTORY_PAGE, &out->page, f);
}

enum err page_data(struct call *c, const struct page_query *q, struct json_object **out,
                   struct fail *f)
{
    struct json_object *o = json_object_new_object();
    struct lookup_context context = {0};
    const struct history_page *page = &context.page;
    enum err e = add_self(c, o, f);

    if (!e)
        e = load(c, q, &context, f);
    if (!e) {
        page_add_site(c, o);
        add_room(c, &page->room, page->epoch, o);
        page_add_messages(c, page, o);
        add_paging(c, q, &context, o);
        page_add_me(c, o);
        if (q->message_id)
            page_add_target(c, &context, o);
        add_notice(c, o);
        e = page_add_unread(c, &page->room, o, f);
    }
    if (!e)
        e = page_add_rooms(c, &page->room.room, o, f);
    if (!e)
        e = page_add_pins(c, &page->room.room, o, f);
    if (!e)
        e = page_add_online(c, page->room.room.id, o, f);
    if (!e)
        e = add_prefs(c, o, f);
    if (e) {
        json_object_put(o);
        return e;
    }
    add_config(c, q, page->epoch, &page->room.room, o);
    *out = o;
    return OK;
}

struct json_object *page_shell_data(struct call *c, const struct page_query *q)
{
    const char *slug = q->room ? q->room : c->app->conf->default_room;
    struct room_view view = {.room = {.slug = slug, .kind = "public", .title = slug, .topic = ""}};
    struct json_object *o = json_object_new_object();

    page_add_site(c, o);
    add_room(c, &view, "", o);
    json_set(o, "messages", json_object_new_array());
    json_set(o, "rooms", json_object_new_array());
    json_set(o, "online", json_object_new_array());
    json_set_i64(o, "online_count", 0);
    json_set_i64(o, "online_total", 0);
    json_set_bool(o, "paging", q->before > 0 || q->after >= 0 || q->message_id);
    page_add_me(c, o);
    add_config(c, q, "", &view.room, o);
    return o;
}
