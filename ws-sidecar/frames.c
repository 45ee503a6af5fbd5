#include "ws-sidecar/frames.h"

#include "lib/text.h"
#include "ws-sidecar/request.h"
#include "ws-sidecar/wsframe.h"

#include <stdlib.h>
#include <string.h>

/* Numbers that JavaScript holds exactly. */
static const int64_t number_max = (INT64_C(1) << 53) - 1;

static enum err get_str(const struct client_frame *c, const char *key, const char **out,
                        struct fail *f)
{
    size_t len;

    return json_get_str(c->json, key, out, &len, f);
}

/* A token, ticket or epoch is bounded by the frame; the rest is judged by whoever verifies it. */
static enum err read_hello(struct client_frame *c, struct fail *f)
{
    enum err e = get_str(c, "proto", &c->proto, f);

    if (!e)
        e = get_str(c, "epoch", &c->epoch, f);
    if (!e)
        e = get_str(c, "token", &c->token, f);
    if (!e)
        e = get_str(c, "ticket", &c->ticket, f);
    c->rooms = json_object_object_get(c->json, "rooms");
    if (!e && c->rooms && !json_object_is_type(c->rooms, json_type_object) &&
        !json_object_is_type(c->rooms, json_type_array))
        e = fail(f, ERR_BAD_REQUEST, "rooms is an object of cursors or a list of names.");
    return e;
}

static enum err read_attachments(struct client_frame *c, struct fail *f)
{
    const char *words;
    struct arena a;
    size_t len;
    enum err e;

    arena_init(&a);
    e = json_get_words(c->json, "attachments", &a, &words, &len, f);
    if (!e && len)
        c->attachments = xstrdup(words);
    arena_release(&a);
    return e;
}

static enum err read_message(struct client_frame *c, struct fail *f)
{
    enum err e = json_get_str(c->json, "message", &c->message, &c->message_len, f);

    if (!e && !c->message)
        e = fail(f, ERR_BAD_REQUEST, "A message frame needs the field message.");
    if (!e)
        e = json_get_str(c->json, "username", &c->username, &c->username_len, f);
    if (!e)
        e = get_str(c, "sentiment", &c->sentiment, f);
    if (!e)
        e = get_str(c, "disclosure", &c->disclosure, f);
    if (!e)
        e = json_get_i64(c->json, "reply_to", 1, number_max, &c->reply_to, f);
    if (!e)
        e = read_attachments(c, f);
    return e;
}

static enum err read_act(struct client_frame *c, struct fail *f)
{
    enum err e = json_get_i64(c->json, "msg_id", 1, number_max, &c->msg_id, f);

    if (!e && !c->msg_id)
        e = fail(f, ERR_BAD_REQUEST, "Which message? The field msg_id is missing.");
    return e;
}

static enum err read_edit(struct client_frame *c, struct fail *f)
{
    enum err e = read_act(c, f);

    if (!e)
        e = json_get_str(c->json, "message", &c->message, &c->message_len, f);
    if (!e)
        e = json_get_i64(c->json, "rev", 1, number_max, &c->rev, f);
    if (!e && (!c->message || !c->rev))
        e = fail(f, ERR_BAD_REQUEST, "An edit frame needs message and rev.");
    return e;
}

static enum err read_react(struct client_frame *c, struct fail *f)
{
    enum err e = read_act(c, f);

    if (!e)
        e = get_str(c, "emoji", &c->emoji, f);
    if (!e)
        e = json_get_bool(c->json, "on", &c->on, f);
    if (!e && !c->emoji)
        e = fail(f, ERR_BAD_REQUEST, "A react frame needs emoji and on.");
    return e;
}

static enum err read_pin(struct client_frame *c, struct fail *f)
{
    enum err e = read_act(c, f);

    return e ? e : json_get_bool(c->json, "on", &c->on, f);
}

static enum err read_mark(struct client_frame *c, struct fail *f)
{
    enum err e = json_get_i64(c->json, "up_to", 0, number_max, &c->up_to, f);

    if (!e && !c->room)
        e = fail(f, ERR_BAD_REQUEST, "A read frame needs room and up_to.");
    return e;
}

static enum err read_typing(struct client_frame *c, struct fail *f)
{
    return json_get_bool(c->json, "on", &c->on, f);
}

static enum err read_presence(struct client_frame *c, struct fail *f)
{
    enum err e = get_str(c, "state", &c->state, f);

    if (!e && (!c->state || !request_state(c->state, strlen(c->state))))
        e = fail(f, ERR_BAD_REQUEST, "state is active, idle or invisible.");
    return e;
}

static enum err read_subscribe(struct client_frame *c, struct fail *f)
{
    enum err e = json_get_i64(c->json, "since", 0, number_max, &c->since, f);

    if (!e)
        e = get_str(c, "epoch", &c->epoch, f);
    if (!e && !c->room)
        e = fail(f, ERR_BAD_REQUEST, "Which room? The field room is missing.");
    return e;
}

static enum err read_history(struct client_frame *c, struct fail *f)
{
    enum err e = json_get_i64(c->json, "before", 1, number_max, &c->before, f);

    if (!e)
        e = json_get_i64(c->json, "after", 0, number_max, &c->after, f);
    if (!e)
        e = json_get_i64(c->json, "limit", 1, HISTORY_PAGE_MAX, &c->limit, f);
    return e;
}

static enum err read_auth(struct client_frame *c, struct fail *f)
{
    enum err e = get_str(c, "token", &c->token, f);

    if (!e)
        e = get_str(c, "ticket", &c->ticket, f);
    if (!e && !c->token && !c->ticket)
        e = fail(f, ERR_BAD_REQUEST, "An auth frame needs a token or a ticket.");
    return e;
}

static enum err read_nothing(struct client_frame *c, struct fail *f)
{
    (void)c;
    (void)f;
    return OK;
}

static const struct reader {
    const char *name;
    enum err (*read)(struct client_frame *c, struct fail *f);
} readers[CLIENT_TYPES] = {
    [CLIENT_HELLO] = {"hello", read_hello},
    [CLIENT_MESSAGE] = {"message", read_message},
    [CLIENT_EDIT] = {"edit", read_edit},
    [CLIENT_DELETE] = {"delete", read_act},
    [CLIENT_REACT] = {"react", read_react},
    [CLIENT_PIN] = {"pin", read_pin},
    [CLIENT_READ] = {"read", read_mark},
    [CLIENT_TYPING] = {"typing", read_typing},
    [CLIENT_PRESENCE] = {"presence", read_presence},
    [CLIENT_SUBSCRIBE] = {"subscribe", read_subscribe},
    [CLIENT_UNSUBSCRIBE] = {"unsubscribe", read_subscribe},
    [CLIENT_HISTORY] = {"history", read_history},
    [CLIENT_AUTH] = {"auth", read_auth},
    [CLIENT_PONG] = {"pong", read_nothing},
};

static enum err read_type(struct client_frame *c, struct fail *f)
{
    const char *type = NULL;
    enum err e = get_str(c, "type", &type, f);

    if (e)
        return e;
    if (!type)
        return fail(f, ERR_BAD_REQUEST, "A frame needs the field type.");
    for (size_t i = 0; i < CLIENT_TYPES; i++) {
        if (strcmp(type, readers[i].name) == 0) {
            c->type = (enum client_type)i;
            return OK;
        }
    }
    return fail(f, ERR_UNKNOWN_TYPE, NULL);
}

enum err frames_parse(struct client_frame *out, const char *text, size_t len, struct fail *f)
{
    enum err e;

    *out = (struct client_frame){.since = -1, .after = -1, .limit = HISTORY_PAGE, .on = true};
    e = json_parse(text, len, &out->json, f);
    if (e)
        return e;
    if (!json_object_is_type(out->json, json_type_object))
        return fail(f, ERR_BAD_REQUEST, "A frame is a JSON object.");
    e = get_str(out, "client_id", &out->client_id, f);
    if (!e && out->client_id && !text_is_client_id(out->client_id, strlen(out->client_id))) {
        out->client_id = NULL; /* not to be echoed */
        e = fail(f, ERR_BAD_REQUEST, "client_id is 8 to 64 of A-Z, a-z, 0-9, '_' and '-'.");
    }
    if (!e)
        e = read_type(out, f);
    if (!e)
        e = get_str(out, "room", &out->room, f);
    return e ? e : readers[out->type].read(out, f);
}

bool frames_is_pong(const char *text, size_t len)
{
    static const char pong[] = "{\"type\":\"pong\"}";

    return len == sizeof pong - 1 && memcmp(text, pong, len) == 0;
}

void frames_release(struct client_frame *c)
{
    free(c->attachments);
    json_object_put(c->json);
    c->attachments = NULL;
    c->json = NULL;
}

static enum err rooms_of_list(const struct client_frame *c, struct history_cursor *out,
                              struct fail *f)
{
    for (size_t i = 0; i < json_object_array_length(c->rooms); i++) {
        struct json_object *name = json_object_array_get_idx(c->rooms, i);

        if (!json_object_is_type(name, json_type_string))
            return fail(f, ERR_BAD_REQUEST, "rooms is a list of names.");
        out[i] = (struct history_cursor){.room = json_object_get_string(name), .since = -1};
    }
    return OK;
}

static enum err rooms_of_object(const struct client_frame *c, struct history_cursor *out,
                                struct fail *f)
{
    size_t i = 0;

    json_object_object_foreach(c->rooms, name, value)
    {
        (void)value;
        out[i] = (struct history_cursor){.room = name, .since = -1};
        if (json_get_i64(c->rooms, name, 0, number_max, &out[i].since, f))
            return fail(f, ERR_BAD_REQUEST, "rooms has a cursor that is not a number.");
        i++;
    }
    return OK;
}

enum err frames_rooms(const struct client_frame *c, struct arena *a, struct history_cursor **out,
                      size_t *count, struct fail *f)
{
    bool is_list = c->rooms && json_object_is_type(c->rooms, json_type_array);

    *count = !c->rooms ? 0
             : is_list ? json_object_array_length(c->rooms)
                       : (size_t)json_object_object_length(c->rooms);
    if (*count > FRAMES_ROOMS_MAX)
        return fail(f, ERR_BAD_REQUEST, "At most %d rooms.", (int)FRAMES_ROOMS_MAX);
    *out = arena_alloc(a, (*count + 1) * sizeof(**out));
    if (*count == 0)
        return OK;
    return is_list ? rooms_of_list(c, *out, f) : rooms_of_object(c, *out, f);
}

struct frame *frames_of(struct json_object *o)
{
    size_t len;
    const char *text = json_text(o, &len);
    struct frame *f = wsframe_text(text, len);

    json_object_put(o);
    return f;
}

static struct json_object *object(const char *type)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", type);
    return o;
}

struct frame *frames_error(const struct fail *f, const char *client_id, const char *room)
{
    struct json_object *o = wire_error(f, client_id);

    json_set_str(o, "room", room);
    return frames_of(o);
}

struct frame *frames_read(const struct room_view *v)
{
    return frames_of(wire_read(v));
}

struct frame *frames_typing(const char *room, int64_t user_id, const char *username, bool on)
{
    struct json_object *o = object("typing");

    json_set_str(o, "room", room);
    json_set_i64(o, "user_id", user_id);
    json_set_str(o, "username", username);
    json_set_bool(o, "on", on);
    return frames_of(o);
}

struct frame *frames_ping(int64_t now_ms)
{
    struct json_object *o = object("ping");

    json_set_i64(o, "ts", now_ms);
    return frames_of(o);
}

struct frame *frames_auth_required(int64_t in_ms)
{
    struct json_object *o = object("auth_required");

    json_set_i64(o, "in_ms", in_ms);
    return frames_of(o);
}

struct frame *frames_auth_ok(const struct actor *who)
{
    struct json_object *o = object("auth_ok");

    json_set_i64(o, "exp", who->exp_s);
    json_set(o, "user", wire_user(who));
    return frames_of(o);
}
