/* What a client says, frame by frame. */
#include "ws-sidecar/session_part.h"

#include "ws-sidecar/wsframe.h"

#include <stdlib.h>
#include <string.h>

enum {
    HELD_MAX = 65536, /* bytes heard while it is not known who speaks */
    JOBS_MAX = 512,   /* posts and marks whose answer is on its way */
    /* Frames a socket may send: so many at once, and so many a minute, for each message that a user
     * may; what is dear counts as several. */
    FRAMES_BASE = 200,
    FRAMES_PER_POST = 20,
    TYPING_EVERY_MS = 1000 /* at most one typing frame in so long, unless it says "off" */
};

struct session_held {
    struct session_held *next;
    size_t len;
    char text[];
};

/* ----- how often ----- */

/* A leaky bucket kept as the time at which it is empty again. `spare` frames must be left. */
static bool takes(struct session *x, int64_t frames, int64_t spare)
{
    const struct conf *conf = x->sidecar->conf;
    int64_t now_us = sidecar_now(x->sidecar) * 1000;
    int64_t each_us =
        INT64_C(60000000) / (6 * FRAMES_BASE + FRAMES_PER_POST * conf->rate_user_per_minute);
    int64_t burst = FRAMES_BASE + FRAMES_PER_POST * conf->rate_user_burst;
    int64_t due = (x->frames_due_us > now_us ? x->frames_due_us : now_us) + frames * each_us;

    if (due - now_us > (burst - spare) * each_us)
        return false;
    x->frames_due_us = due;
    return true;
}

/* ----- held until it is known who speaks ----- */

static void hold(struct session *x, const char *text, size_t len)
{
    struct session_held **place = &x->held, *h;

    if (x->held_bytes + sizeof *h + len > HELD_MAX) {
        session_close(x, CLOSE_PROTOCOL, "too much before hello was answered");
        return;
    }
    while (*place)
        place = &(*place)->next;
    h = xcalloc(1, sizeof *h + len);
    h->len = len;
    memcpy(h->text, text, len);
    *place = h;
    x->held_bytes += sizeof *h + len;
}

static struct session_held *take_held(struct session *x)
{
    struct session_held *h = x->held;

    if (h) {
        x->held = h->next;
        x->held_bytes -= sizeof *h + h->len;
    }
    return h;
}

void session_drop_held(struct session *x)
{
    struct session_held *h;

    while ((h = take_held(x)))
        free(h);
}

/* ----- jobs ----- */

static void refuse(struct session *x, enum err e, const struct client_frame *c)
{
    struct fail f;

    fail_later(&f, e, e == ERR_BUSY || e == ERR_RATE_LIMITED ? 1000 : 0, "%s", err_row(e)->message);
    session_fail(x, &f, c->client_id, c->room);
}

void session_submit(struct session *x, struct job *j, const struct client_frame *c)
{
    if (sidecar_submit(x->sidecar, j))
        x->jobs++;
    else
        refuse(x, ERR_BUSY, c);
}

/* What was refused by the clock is refused here until the clock allows
 * it: a flood costs no round. */
static int64_t *quiet_of(struct session *x, enum job_kind kind)
{
    return kind == JOB_ACT ? &x->quiet_acts_ms : &x->quiet_ms;
}

static bool is_quieted(struct session *x, enum job_kind kind, const struct client_frame *c)
{
    int64_t left = *quiet_of(x, kind) - sidecar_now(x->sidecar);
    struct fail f;

    if (left <= 0)
        return false;
    fail_later(&f, ERR_RATE_LIMITED, left, "%s", err_row(ERR_RATE_LIMITED)->message);
    session_fail(x, &f, c->client_id, c->room);
    return true;
}

static bool may_ask(struct session *x, const struct client_frame *c)
{
    if (x->jobs < JOBS_MAX)
        return true;
    refuse(x, ERR_RATE_LIMITED, c);
    return false;
}

struct job *session_job(struct session *x, enum job_kind kind, const struct client_frame *c)
{
    return is_quieted(x, kind, c) || !may_ask(x, c) ? NULL : job_new(kind, x->number);
}

void session_refused(struct session *x, struct job *j, const char *client_id, const char *room)
{
    if (j->fail.err != j->err)
        fail(&j->fail, j->err, NULL);
    if (j->err == ERR_RATE_LIMITED)
        *quiet_of(x, j->kind) = sidecar_now(x->sidecar) + j->fail.retry_after_ms;
    session_fail(x, &j->fail, client_id, room);
}

/* ----- message ----- */

/* Without an identity a name may be wished for; a chat socket that names none has to sign in. */
static bool posts_by_name(const struct session *x, const struct client_frame *c)
{
    return x->actor.kind == ACTOR_ANONYMOUS && (x->mode == SESSION_SEED || c->username);
}

static void hear_message(struct session *x, const struct client_frame *c)
{
    struct job_post *p;
    struct job *j;

    j = session_job(x, JOB_POST, c);
    if (!j)
        return;
    p = &j->u.post;
    job_copy_actor(j, &p->actor, &x->actor);
    p->by_name = posts_by_name(x, c);
    p->name = arena_strn(&j->arena, c->username ? c->username : "", c->username_len);
    p->name_len = c->username_len;
    p->post = (struct post){
        .room = arena_str(&j->arena, c->room),
        .text = arena_strn(&j->arena, c->message, c->message_len),
        .text_len = c->message_len,
        .client_id = arena_str(&j->arena, c->client_id),
        .sentiment = arena_str(&j->arena, c->sentiment),
        .disclosure = arena_str(&j->arena, c->disclosure),
        .attachments = arena_str(&j->arena, c->attachments),
        .reply_to = c->reply_to,
        .via = "ws",
        .address = *x->address ? arena_str(&j->arena, x->address) : NULL,
    };
    session_submit(x, j, c);
}

/* A seed guest is online as whoever it posted as. */
static void remember_guest(struct session *x, const struct actor *guest)
{
    if (x->actor.kind != ACTOR_ANONYMOUS)
        return;
    free(x->guest_name);
    x->guest_name = xstrdup(guest->username);
    session_link_user(x, guest->user_id);
    presence_changed(x);
}

void session_posted(struct session *x, struct job *j)
{
    struct job_post *p = &j->u.post;

    x->jobs--;
    if (x->closing)
        return;
    if (j->err) {
        session_refused(x, j, p->post.client_id, p->post.room);
        return;
    }
    if (p->by_name)
        remember_guest(x, &p->actor);
    if (sidecar_now(x->sidecar) - x->typed_ms < TYPING_MS) /* the message says that it is over */
        typing_board_note(x->sidecar, p->room_id, &x->actor, false);
    if (x->mode == SESSION_CHAT)
        session_send(x, wsframe_text(p->ack, strlen(p->ack)));
}

/* ----- read ----- */

static void hear_read(struct session *x, const struct client_frame *c)
{
    struct job *j;

    if (x->actor.kind == ACTOR_ANONYMOUS) {
        refuse(x, ERR_AUTH_REQUIRED, c);
        return;
    }
    if (!may_ask(x, c))
        return;
    j = job_new(JOB_READ, x->number);
    job_copy_actor(j, &j->u.read.actor, &x->actor);
    j->u.read.room = arena_str(&j->arena, c->room);
    j->u.read.up_to = c->up_to;
    session_submit(x, j, c);
}

/* ----- typing, presence ----- */

/* Who types knows it, and who ignores them need not. */
static bool spares(const void *ctx, const struct hub_reader *r)
{
    const struct session *typist = ctx, *x = (const struct session *)(const void *)r;

    return x == typist || ignored_has(&x->ignored, typist->actor.user_id);
}

static void hear_typing(struct session *x, const struct client_frame *c)
{
    struct sidecar *s = x->sidecar;
    int64_t now = sidecar_now(s);
    struct room_view room;
    struct arena a;
    struct fail f;
    enum err e;

    if (x->actor.kind == ACTOR_ANONYMOUS) {
        refuse(x, ERR_AUTH_REQUIRED, c);
        return;
    }
    if ((c->on && now - x->typed_ms < TYPING_EVERY_MS) ||
        x->actor.muted_until > clock_wall_ms(&s->chat.clock))
        return;
    x->typed_ms = now;
    arena_init(&a);
    e = rooms_find(&s->chat, &a, &x->actor, c->room, &room, &f);
    if (e) {
        session_fail(x, &f, NULL, c->room);
    } else if (hub_is_subscribed(&x->reader, room.room.id) &&
               hub_room_readers(s->hub, room.room.id) <= SESSION_TYPING_ROOM) {
        struct frame *frame =
            frames_typing(rooms_wire_name(&room.room), x->actor.user_id, x->actor.username, c->on);

        hub_broadcast(s->hub, room.room.id, session_chat_sink.format, frame, spares, x, NULL);
        frame_unref(frame);
        typing_board_note(s, room.room.id, &x->actor, c->on);
    }
    arena_release(&a);
}

static void hear_presence(struct session *x, const struct client_frame *c)
{
    struct room_view room;
    struct arena a;
    struct fail f;
    enum err e = OK;

    x->present_state = request_state(c->state, strlen(c->state)); /* frames.c let it through */
    arena_init(&a);
    if (c->room)
        e = rooms_find(&x->sidecar->chat, &a, &x->actor, c->room, &room, &f);
    if (e)
        session_fail(x, &f, NULL, c->room);
    else if (c->room)
        x->present_room = room.room.id;
    arena_release(&a);
    presence_changed(x);
}

/* ----- hello, auth ----- */

static void hear_hello(struct session *x, struct client_frame *c)
{
    struct fail f;

    if (x->mode == SESSION_CHAT) {
        fail(&f, ERR_BAD_REQUEST, "Hello was said already; subscribe to more rooms.");
        session_fail(x, &f, NULL, NULL);
        return;
    }
    if (c->proto && strcmp(c->proto, "chat.v1") != 0) {
        x->known = true; /* it may hear why */
        fail(&f, ERR_BAD_REQUEST, "This server speaks chat.v1.");
        session_fail(x, &f, NULL, NULL);
        session_close(x, CLOSE_PROTOCOL, "unknown protocol");
        return;
    }
    x->hello = xmalloc(sizeof *x->hello);
    *x->hello = *c;
    c->json = NULL; /* moved */
    session_identify(x, ASKED_BY_HELLO, x->hello);
}

static void hear_pong(struct session *x, const struct client_frame *c)
{
    (void)x; /* that it was heard is all */
    (void)c;
}

static void hear_auth(struct session *x, const struct client_frame *c)
{
    session_identify(x, ASKED_BY_AUTH, c);
}

static const struct hearer {
    void (*hear)(struct session *x, const struct client_frame *c);
    int cost; /* in frames */
} hearers[CLIENT_TYPES] = {
    [CLIENT_HELLO] = {NULL, 10}, /* hear_hello() keeps the frame */
    [CLIENT_MESSAGE] = {hear_message, 1},
    [CLIENT_EDIT] = {session_hear_act, 1},
    [CLIENT_DELETE] = {session_hear_act, 1},
    [CLIENT_REACT] = {session_hear_act, 1},
    [CLIENT_PIN] = {session_hear_act, 1},
    [CLIENT_READ] = {hear_read, 1},
    [CLIENT_TYPING] = {hear_typing, 1},
    [CLIENT_PRESENCE] = {hear_presence, 1},
    [CLIENT_SUBSCRIBE] = {session_subscribe, 3},
    [CLIENT_UNSUBSCRIBE] = {session_unsubscribe, 1},
    [CLIENT_HISTORY] = {session_history, 10},
    [CLIENT_AUTH] = {hear_auth, 10},
    [CLIENT_PONG] = {hear_pong, 1},
};

/* A socket that asked for chat.v1 may only say hello first; a seed socket only posts. */
static bool may_say(struct session *x, const struct client_frame *c)
{
    struct fail f;

    if (x->mode == SESSION_CHAT || c->type == CLIENT_HELLO || c->type == CLIENT_PONG)
        return true;
    if (x->mode == SESSION_WAITING) {
        session_close(x, CLOSE_PROTOCOL, "hello comes first");
        return false;
    }
    if (c->type == CLIENT_MESSAGE)
        return true;
    fail(&f, ERR_BAD_REQUEST, "Say hello first.");
    session_fail(x, &f, c->client_id, NULL);
    return false;
}

static bool can_afford(struct session *x, const struct client_frame *c)
{
    int64_t more = hearers[c->type].cost - 1; /* the first was taken before it was read */

    if (more == 0 || takes(x, more, FRAMES_BASE / 2))
        return true;
    refuse(x, ERR_RATE_LIMITED, c);
    return false;
}

static void understand(struct session *x, struct client_frame *c)
{
    if (!may_say(x, c) || !can_afford(x, c))
        return; /* and said why */
    if (c->type == CLIENT_HELLO)
        hear_hello(x, c);
    else
        hearers[c->type].hear(x, c);
}

static void hear_now(struct session *x, const char *text, size_t len)
{
    struct client_frame c;
    struct fail f;

    if (frames_is_pong(text, len))
        return; /* that it was heard is all */
    if (frames_parse(&c, text, len, &f))
        session_fail(x, &f, c.client_id, NULL);
    else
        understand(x, &c);
    frames_release(&c);
}

void session_hear(struct session *x, const char *text, size_t len)
{
    if (!takes(x, 1, 0)) {
        session_close(x, CLOSE_PROTOCOL, "too many frames");
        return;
    }
    if (x->identifying)
        hold(x, text, len);
    else
        hear_now(x, text, len);
}

void session_unhold(struct session *x)
{
    struct session_held *h;

    while (!x->closing && !x->identifying && (h = take_held(x))) {
        hear_now(x, h->text, h->len);
        free(h);
    }
}
