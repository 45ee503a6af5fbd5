#include "chat/handover.h"

#include "chat/wire.h"

enum { ANSWER_MS = 3000 };

struct json_object *handover_posted(const struct posted *p)
{
    struct json_object *o = json_object_new_object();

    json_set(o, "message", wire_message(&p->message, p->message.room_slug));
    if (p->duplicate)
        json_set_bool(o, "duplicate", true);
    return o;
}

/* ----- the worker's end ----- */

static struct json_object *actor_json(const struct actor *who)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "kind", who->kind);
    json_set_i64(o, "user_id", who->user_id);
    json_set_str(o, "ext_id", who->ext_id);
    json_set_str(o, "username", who->username);
    json_set_str(o, "role", who->role);
    json_set_i64(o, "exp_s", who->exp_s);
    json_set_i64(o, "issued_ms", who->issued_ms);
    json_set_i64(o, "muted_until", who->muted_until);
    json_set_i64(o, "banned_until", who->banned_until);
    return o;
}

static struct json_object *question_json(const struct chat *c, const struct post *p, int64_t until)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "file", (int64_t)db_file(c->db));
    json_set_i64(o, "until", until);
    json_set(o, "actor", actor_json(p->actor));
    json_set_str(o, "room", p->room);
    json_set(o, "text", json_object_new_string_len(p->text, (int)p->text_len));
    json_set_str(o, "client_id", p->client_id);
    json_set_str(o, "sentiment", p->sentiment);
    json_set_str(o, "disclosure", p->disclosure);
    json_set_str(o, "attachments", p->attachments);
    json_set_i64(o, "reply_to", p->reply_to);
    json_set_str(o, "via", p->via);
    json_set_str(o, "address", p->address);
    return o;
}

/* What the sidecar refused, as we would have. */
static enum err refusal(struct json_object *o, struct fail *f)
{
    const char *code = NULL, *message = NULL;
    size_t len;
    int64_t later_ms = 0;
    enum err e = json_get_str(o, "code", &code, &len, f);

    if (!e)
        e = json_get_str(o, "message", &message, &len, f);
    if (!e)
        e = json_get_i64(o, "retry_after_ms", 0, INT64_MAX, &later_ms, f);
    return e ? e : fail_later(f, err_by_code(code), later_ms, "%s", message);
}

/* Whom nobody answers still has to do it himself before the watchdog ends him. */
static int64_t patience_ms(const struct conf *conf)
{
    int64_t third = conf->request_timeout_s * 1000 / 3;

    return third < ANSWER_MS ? third : ANSWER_MS;
}

/* An answer that we do not understand is as good as none. */
static enum hotline_end ask(struct chat *c, const struct post *p, struct json_object **answer)
{
    int64_t until = clock_boot_ms(&c->clock) + patience_ms(c->conf);
    struct json_object *o = question_json(c, p, until);
    char said[HOTLINE_PACKET_MAX];
    size_t len, said_len = 0;
    const char *question = json_text(o, &len);
    enum hotline_end end =
        hotline_ask(&c->hotline, &c->notify, &c->clock, until, question, len, said, &said_len);
    struct fail f;

    json_object_put(o);
    if (end == HOTLINE_ANSWER && json_parse(said, said_len, answer, &f))
        return HOTLINE_SILENCE;
    return end;
}

static enum hotline_end hand_over(struct chat *c, const struct post *p, struct json_object **answer)
{
    return p->text && p->text_len <= HOTLINE_PACKET_MAX ? ask(c, p, answer) : HOTLINE_NOBODY;
}

/* Takes a refusal over. */
static enum err judge(struct json_object *answer, struct fail *f)
{
    enum err e;

    if (json_object_object_get_ex(answer, "message", NULL) &&
        !json_object_object_get_ex(answer, "code", NULL))
        return OK;
    e = refusal(answer, f);
    json_object_put(answer);
    return e;
}

enum err handover_post(struct chat *c, struct arena *a, const struct post *p,
                       struct json_object **answer, struct fail *f)
{
    struct post named = *p;
    int64_t began = clock_wall_ms(&c->clock);
    struct posted posted;
    enum hotline_end end;
    enum err e;

    if (!named.client_id)
        named.client_id = chat_client_id(a);
    end = hand_over(c, &named, answer);
    if (end == HOTLINE_ANSWER)
        return judge(*answer, f);
    e = chat_post_now(c, a, &named, &posted, f);
    if (e)
        return e;
    /* A sidecar that could not say so any more had stored it: for who asked us it is the first. */
    if (end == HOTLINE_SILENCE && posted.message.created_ms >= began)
        posted.duplicate = false;
    *answer = handover_posted(&posted);
    return OK;
}

/* ----- the sidecar's end ----- */

static enum err get_str(struct json_object *o, struct arena *a, const char *key, const char **out,
                        struct fail *f)
{
    size_t len;
    const char *s = NULL;
    enum err e = json_get_str(o, key, &s, &len, f);

    *out = arena_str(a, s);
    return e;
}

static enum err get_i64(struct json_object *o, const char *key, int64_t *out, struct fail *f)
{
    return json_get_i64(o, key, INT64_MIN, INT64_MAX, out, f);
}

static enum err read_actor(struct json_object *o, struct arena *a, struct actor *out,
                           struct fail *f)
{
    int64_t kind = ACTOR_ANONYMOUS;
    enum err e = json_get_i64(o, "kind", ACTOR_ANONYMOUS, ACTOR_USER, &kind, f);

    out->kind = (enum actor_kind)kind;
    if (!e)
        e = get_i64(o, "user_id", &out->user_id, f);
    if (!e)
        e = get_str(o, a, "ext_id", &out->ext_id, f);
    if (!e)
        e = get_str(o, a, "username", &out->username, f);
    if (!e)
        e = get_str(o, a, "role", &out->role, f);
    if (!e)
        e = get_i64(o, "exp_s", &out->exp_s, f);
    if (!e)
        e = get_i64(o, "issued_ms", &out->issued_ms, f);
    if (!e)
        e = get_i64(o, "muted_until", &out->muted_until, f);
    return e ? e : get_i64(o, "banned_until", &out->banned_until, f);
}

static enum err read_post(struct json_object *o, struct arena *a, struct post *out, struct fail *f)
{
    const char *text = NULL;
    enum err e = json_get_str(o, "text", &text, &out->text_len, f);

    out->text = arena_strn(a, text ? text : "", out->text_len);
    if (!e)
        e = get_str(o, a, "room", &out->room, f);
    if (!e)
        e = get_str(o, a, "client_id", &out->client_id, f);
    if (!e)
        e = get_str(o, a, "sentiment", &out->sentiment, f);
    if (!e)
        e = get_str(o, a, "disclosure", &out->disclosure, f);
    if (!e)
        e = get_str(o, a, "attachments", &out->attachments, f);
    if (!e)
        e = get_i64(o, "reply_to", &out->reply_to, f);
    if (!e)
        e = get_str(o, a, "via", &out->via, f);
    return e ? e : get_str(o, a, "address", &out->address, f);
}

enum err handover_read(struct arena *a, const char *question, size_t len, struct handed *out,
                       struct fail *f)
{
    struct json_object *o, *actor;
    int64_t file = 0;
    enum err e = json_parse(question, len, &o, f);

    *out = (struct handed){0};
    if (e)
        return e;
    e = json_object_object_get_ex(o, "actor", &actor)
            ? read_actor(actor, a, &out->actor, f)
            : fail(f, ERR_BAD_REQUEST, "Nobody posts this.");
    if (!e)
        e = read_post(o, a, &out->post, f);
    if (!e)
        e = get_i64(o, "file", &file, f);
    if (!e)
        e = get_i64(o, "until", &out->until_ms, f);
    out->file = (uint64_t)file;
    json_object_put(o);
    return e;
}
