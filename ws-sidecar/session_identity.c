/* Who speaks: credentials to the writer's thread, its answer, and what changes later. */
#include "ws-sidecar/session_part.h"

#include <stdlib.h>
#include <string.h>

enum { WARN_MS = 60000 };

/* When the actor's token is not good any more, wall ms. */
static int64_t end_of(const struct sidecar *s, const struct actor *who)
{
    return who->exp_s ? (who->exp_s + s->conf->jwt_leeway_s) * 1000 : INT64_MAX;
}

/* Strings into one block of the session's own: actors change rarely and sessions are many. */
static void set_actor(struct session *x, const struct actor *actor)
{
    size_t ext = strlen(actor->ext_id) + 1, name = strlen(actor->username) + 1;
    size_t role = strlen(actor->role) + 1;
    char *text = xmalloc(ext + name + role);

    memcpy(text, actor->ext_id, ext);
    memcpy(text + ext, actor->username, name);
    memcpy(text + ext + name, actor->role, role);
    x->actor = *actor;
    x->actor.ext_id = text;
    x->actor.username = text + ext;
    x->actor.role = text + ext + name;
    free(x->actor_text);
    x->actor_text = text;
}

static void set_expiry(struct session *x)
{
    const struct sidecar *s = x->sidecar;
    int64_t wall = clock_wall_ms(&s->chat.clock), end = x->actor.exp_s * 1000;
    int64_t left = end - wall;

    x->warn_ms = x->expire_ms = 0;
    if (!x->actor.exp_s)
        return;
    x->expire_ms = end_of(s, &x->actor);
    x->warn_ms = end - (left / 2 < WARN_MS ? left / 2 : WARN_MS);
    session_watch(x);
}

static size_t count_of_user(const struct sidecar *s, int64_t user_id)
{
    size_t count = 0;

    for (const struct session *x = map_get_id(&s->by_user, user_id); x; x = x->next_of_user)
        count++;
    return count;
}

/* The answer is older than this moment: what happened to the user since is read again. */
static enum err refresh(struct session *x, struct actor *actor, struct arena *a, struct fail *f)
{
    struct sidecar *s = x->sidecar;
    enum err e = identity_refresh(&s->chat, a, actor, f);

    if (!e && actor->user_id && x->user_key != actor->user_id &&
        count_of_user(s, actor->user_id) >= (size_t)s->conf->ws_max_per_user)
        e = fail(f, ERR_TOO_MANY_CONNECTIONS, NULL);
    return e ? e : session_ignore(x, actor, f);
}

/* The refusal, and the close where the table has a code for it. */
static void refuse(struct session *x, struct job *j)
{
    int code = err_row(j->err)->close_code;

    if (j->fail.err != j->err)
        fail(&j->fail, j->err, NULL);
    x->known = true;
    if (j->purpose == ASKED_AT_UPGRADE && j->err == ERR_AUTH_REQUIRED)
        return; /* nobody, where guests may not read: a hello may still come */
    session_fail(x, &j->fail, NULL, NULL);
    if (j->purpose == ASKED_BY_AUTH)
        return; /* the token that it has is good to its end */
    if (code)
        session_close(x, code, err_row(j->err)->code);
}

static void become(struct session *x, const struct actor *actor)
{
    set_actor(x, actor);
    session_link_user(x, actor->user_id);
    set_expiry(x);
    presence_changed(x);
}

static void answer_hello(struct session *x)
{
    struct client_frame *hello = x->hello;

    x->hello = NULL;
    session_welcome(x, hello);
    frames_release(hello);
    free(hello);
}

static void let_in(struct session *x, struct job *j)
{
    const struct actor *actor = &j->u.identify.actor;

    if (x->actor.user_id && x->actor.user_id != actor->user_id) {
        fail(&j->fail, ERR_TOKEN_INVALID, "This token is another user's.");
        session_fail(x, &j->fail, NULL, NULL);
        session_close(x, CLOSE_AUTH, "another user's token");
        return;
    }
    become(x, actor);
    x->known = true;
    if (x->actor.user_id) { /* its credentials have done their work */
        job_free(x->upgrade);
        x->upgrade = NULL;
    }
    if (j->purpose == ASKED_BY_AUTH)
        session_send(x, frames_auth_ok(&x->actor));
    else if (j->purpose == ASKED_BY_HELLO)
        answer_hello(x);
    else if (j->purpose == ASKED_BY_REQUEST)
        session_read_request(x);
    else
        session_read_default(x);
}

/* Who it is and what it reads, as of one moment. */
static void admit(struct session *x, struct job *j)
{
    struct db *db = x->sidecar->chat.db;

    j->err = db_begin_read(db, &j->fail);
    if (!j->err) {
        j->err = refresh(x, &j->u.identify.actor, &j->arena, &j->fail);
        if (!j->err)
            let_in(x, j);
        db_end_read(db);
    }
    if (j->err)
        refuse(x, j);
}

static void answer(struct session *x, struct job *j)
{
    if (j->err)
        refuse(x, j);
    else
        admit(x, j);
}

static void add_credential(struct job *j, enum credential_kind kind, const char *value)
{
    if (value && *value && j->u.identify.count < CREDENTIALS_MAX)
        j->u.identify.credentials[j->u.identify.count++] =
            (struct credential){kind, arena_str(&j->arena, value)};
}

/* Who is known already and shows nothing new stays who it is. */
static bool stays(const struct session *x, enum session_asked why, const struct client_frame *c)
{
    return why == ASKED_BY_HELLO && x->actor.user_id && !c->token && !c->ticket;
}

/* What a poll shows was mostly shown a moment ago. Fills the job's answer. */
static bool is_remembered(struct session *x, struct job *j)
{
    struct sidecar *s = x->sidecar;
    struct job_identify *in = &j->u.identify;
    struct remembered_key key;

    if (in->count == 0) {
        j->err = identity_anonymous(&s->chat, &in->actor, &j->fail);
        return true;
    }
    key = remembered_key(in->credentials, in->count);
    return remembered_find(&s->remembered, &key, sidecar_now(s), &j->arena, &in->actor) &&
           end_of(s, &in->actor) > clock_wall_ms(&s->chat.clock);
}

static void remember(struct session *x, const struct job *j)
{
    const struct job_identify *in = &j->u.identify;
    struct remembered_key key;

    if (in->count == 0 || !in->actor.user_id)
        return;
    key = remembered_key(in->credentials, in->count);
    remembered_put(&x->sidecar->remembered, &key, sidecar_now(x->sidecar), &in->actor);
}

void session_identify(struct session *x, enum session_asked why, const struct client_frame *c)
{
    struct fail f;
    struct job *j;

    if (stays(x, why, c)) {
        answer_hello(x);
        return;
    }
    j = job_new(JOB_IDENTIFY, x->number);
    j->purpose = (int)why;
    if (why != ASKED_BY_AUTH && x->upgrade) {
        const struct job_identify *kept = &x->upgrade->u.identify;

        for (size_t i = 0; i < kept->count; i++)
            add_credential(j, kept->credentials[i].kind, kept->credentials[i].value);
    }
    if (c) {
        add_credential(j, CREDENTIAL_TOKEN, c->token);
        add_credential(j, CREDENTIAL_TICKET, c->ticket);
    }
    if (x->kind == HANDSHAKE_POLL && is_remembered(x, j)) {
        answer(x, j);
        job_free(j);
        return;
    }
    x->identifying = true;
    if (sidecar_submit(x->sidecar, j))
        return;
    x->identifying = false;
    fail_later(&f, ERR_BUSY, 1000, NULL);
    session_fail(x, &f, NULL, NULL);
    session_close(x, CLOSE_TOO_SLOW, "busy");
}

void session_identified(struct session *x, struct job *j)
{
    x->identifying = false;
    if (x->closing)
        return;
    if (x->kind == HANDSHAKE_POLL && !j->err)
        remember(x, j);
    answer(x, j);
    if (x->hello) { /* refused, and the socket stays open */
        frames_release(x->hello);
        free(x->hello);
        x->hello = NULL;
    }
    session_unhold(x);
}

static void refresh_one(struct session *x, struct arena *a)
{
    struct sidecar *s = x->sidecar;
    struct actor actor = x->actor;
    struct fail f = {0};
    enum err e;

    if (actor.kind == ACTOR_ANONYMOUS) { /* a seed guest, known by what it posted */
        actor.kind = ACTOR_GUEST;
        actor.user_id = x->user_key;
        e = identity_refresh(&s->chat, a, &actor, &f);
    } else {
        e = identity_refresh(&s->chat, a, &actor, &f);
        if (!e)
            e = session_ignore(x, &actor, &f);
        if (!e)
            become(x, &actor);
    }
    if (!e || !err_row(e)->close_code)
        return;
    session_fail(x, &f, NULL, NULL);
    session_close(x, err_row(e)->close_code, err_row(e)->code);
}

void session_sanctioned(struct sidecar *s, int64_t user_id)
{
    struct session *x = map_get_id(&s->by_user, user_id), *next;
    struct arena a;

    arena_init(&a);
    for (; x; x = next) {
        next = x->next_of_user;
        refresh_one(x, &a);
    }
    arena_release(&a);
}
