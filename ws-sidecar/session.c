/* The life of a reader: registers, output, timers. */
#include "ws-sidecar/session_part.h"

#include "ws-sidecar/wsframe.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
    HELLO_MS = 20000, /* a chat.v1 socket says hello within */
    CLOSE_MS = 5000   /* a close that cannot be finished ends then */
};

/* ----- registers ----- */

/* Whoever has one IPv6 address has its /64: that is what is counted. */
static size_t address_key(const char *address, unsigned char key[INET6_ADDRSTRLEN])
{
    size_t len = strnlen(address, INET6_ADDRSTRLEN - 1);

    if (inet_pton(AF_INET6, address, key) == 1)
        return 8;
    memcpy(key, address, len);
    return len;
}

static void count_address(struct sidecar *s, const char *address, ptrdiff_t by)
{
    unsigned char key[INET6_ADDRSTRLEN];
    size_t len = address_key(address, key);
    uintptr_t count = (uintptr_t)map_get(&s->by_address, key, len) + (uintptr_t)by;

    if (count == 0)
        map_remove(&s->by_address, key, len);
    else
        map_put(&s->by_address, key, len, (void *)count);
}

size_t session_count_of_address(const struct sidecar *s, const char *address)
{
    unsigned char key[INET6_ADDRSTRLEN];
    size_t len = address_key(address, key);

    return (size_t)(uintptr_t)map_get(&s->by_address, key, len);
}

static struct job *keep_credentials(const struct handshake *h)
{
    struct job *j;

    if (h->credential_count == 0)
        return NULL;
    j = job_new(JOB_IDENTIFY, 0);
    for (size_t i = 0; i < h->credential_count; i++)
        j->u.identify.credentials[i] = (struct credential){
            h->credentials[i].kind, arena_str(&j->arena, h->credentials[i].value)};
    j->u.identify.count = h->credential_count;
    return j;
}

static struct session_request *keep_request(const struct request *wants)
{
    struct session_request *r = xcalloc(1, sizeof *r);

    arena_init(&r->arena);
    request_copy(&r->arena, &r->wants, wants);
    return r;
}

void session_drop_request(struct session *x)
{
    if (!x->request)
        return;
    arena_release(&x->request->arena);
    free(x->request);
    x->request = NULL;
}

static enum session_mode first_mode(const struct handshake *h)
{
    if (h->kind == HANDSHAKE_POLL)
        return SESSION_POLL;
    return h->kind == HANDSHAKE_STREAM || h->chat_v1 ? SESSION_WAITING : SESSION_SEED;
}

struct session *session_new(struct sidecar *s, const struct handshake *h)
{
    struct session *x = xcalloc(1, sizeof *x);

    x->sidecar = s;
    x->number = ++s->next_session;
    x->kind = h->kind;
    x->mode = first_mode(h);
    x->reader.sink = &session_seed_sink;
    x->address = xstrdup(h->address);
    x->upgrade = keep_credentials(h);
    x->actor = (struct actor){.kind = ACTOR_ANONYMOUS, .ext_id = "", .username = "", .role = ""};
    x->present_state = "active";
    if (h->kind != HANDSHAKE_SOCKET) {
        x->request = keep_request(&h->request);
        x->present_state = h->request.state;
        x->tab = h->request.conn ? xstrdup(h->request.conn) : NULL;
    }
    x->opened_ms = x->heard_ms = x->pinged_ms = sidecar_now(s);
    x->next = s->sessions;
    if (s->sessions)
        s->sessions->prev = x;
    s->sessions = x;
    s->session_count++;
    map_put_id(&s->by_number, x->number, x);
    session_watch(x);
    count_address(s, x->address, 1);
    return x;
}

void session_link_user(struct session *x, int64_t user_id)
{
    struct map *users = &x->sidecar->by_user;
    struct session *first;

    if (x->user_key == user_id)
        return;
    if (x->user_key) {
        if (x->prev_of_user)
            x->prev_of_user->next_of_user = x->next_of_user;
        else if (x->next_of_user)
            map_put_id(users, x->user_key, x->next_of_user);
        else
            map_remove_id(users, x->user_key);
        if (x->next_of_user)
            x->next_of_user->prev_of_user = x->prev_of_user;
    }
    x->prev_of_user = x->next_of_user = NULL;
    x->user_key = user_id;
    if (!user_id)
        return;
    first = map_get_id(users, user_id);
    x->next_of_user = first;
    if (first)
        first->prev_of_user = x;
    map_put_id(users, user_id, x);
}

/* Out of everything that would still reach it; what waits to go out stays. */
static void detach(struct session *x)
{
    hub_leave(x->sidecar->hub, &x->reader);
    if (x->user_key)
        presence_left(x->sidecar, x);
    session_link_user(x, 0);
    session_drop_held(x);
    if (x->hello) {
        frames_release(x->hello);
        free(x->hello);
        x->hello = NULL;
    }
}

void session_free(struct session *x)
{
    struct sidecar *s = x->sidecar;

    detach(x);
    session_uncork(x);
    wheel_remove(&x->watch);
    if (x->prev)
        x->prev->next = x->next;
    else
        s->sessions = x->next;
    if (x->next)
        x->next->prev = x->prev;
    s->session_count--;
    map_remove_id(&s->by_number, x->number);
    count_address(s, x->address, -1);
    for (size_t i = 0; i < x->outbox_count; i++)
        frame_unref(x->outbox[i]);
    free(x->outbox);
    job_free(x->upgrade);
    session_drop_request(x);
    free(x->address);
    free(x->epoch);
    free(x->tab);
    free(x->actor_text);
    free((void *)(uintptr_t)x->ignored.ids);
    free(x->guest_name);
    free(x);
}

const char *session_name(const struct session *x)
{
    return x->guest_name ? x->guest_name : x->actor.username;
}

/* ----- the end ----- */

void session_close(struct session *x, int code, const char *reason)
{
    if (x->closing)
        return;
    log_event(x->sidecar->log, LOG_INFO, "ws_close", LOG_N("session", x->number),
              LOG_N("code", code), LOG_S("reason", reason), LOG_N("user", x->user_key));
    x->closing = true;
    x->closing_ms = sidecar_now(x->sidecar);
    session_watch(x);
    detach(x);
    session_uncork(x);
    if (x->conn)
        x->conn->ops->close(x->conn, code, reason);
}

/* ----- input ----- */

void session_opened(struct session *x, struct conn *conn)
{
    x->conn = conn;
    if (x->kind != HANDSHAKE_SOCKET) {
        session_identify(x, ASKED_BY_REQUEST, NULL);
    } else if (x->mode == SESSION_SEED) {
        session_note_default(x);
        session_identify(x, ASKED_AT_UPGRADE, NULL);
    }
}

void session_heard(struct session *x, const char *text, size_t len)
{
    x->heard_ms = sidecar_now(x->sidecar);
    x->sidecar->heard++;
    if (!x->closing && !x->sidecar->stopping)
        session_hear(x, text, len);
}

void session_heard_pong(struct session *x)
{
    x->heard_ms = sidecar_now(x->sidecar);
}

void session_closed(struct session *x)
{
    x->conn = NULL;
    x->closing = true;
    session_free(x);
}

/* ----- time ----- */

static void ping(struct session *x, int64_t now, struct frame **json, struct frame **control)
{
    struct frame **f = x->mode == SESSION_CHAT ? json : control;

    x->pinged_ms = now;
    if (!*f)
        *f = x->mode == SESSION_CHAT ? frames_ping(clock_wall_ms(&x->sidecar->chat.clock))
                                     : wsframe_ping();
    session_send(x, frame_ref(*f));
}

/* Only a socket can answer a ping. A stream's own events are its signs of life; a poll is short. */
static int64_t silent_at(const struct session *x)
{
    return x->kind == HANDSHAKE_SOCKET ? x->heard_ms + x->sidecar->conf->ws_idle_timeout_ms + 1
                                       : INT64_MAX;
}

static int64_t ping_at(const struct session *x)
{
    return x->kind == HANDSHAKE_SOCKET || x->mode == SESSION_CHAT
               ? x->pinged_ms + x->sidecar->conf->ws_heartbeat_ms
               : INT64_MAX;
}

static int64_t hello_until(const struct session *x)
{
    return x->mode == SESSION_WAITING ? x->opened_ms + HELLO_MS : INT64_MAX;
}

static int64_t stuck_until(const struct session *x)
{
    return x->stuck_ms ? x->stuck_ms + SESSION_STUCK_MS : INT64_MAX;
}

static void expire(struct session *x, int64_t wall)
{
    if (x->expire_ms && wall >= x->expire_ms) {
        session_close(x, CLOSE_EXPIRED, "token expired");
    } else if (x->warn_ms && wall >= x->warn_ms) {
        int64_t left = x->actor.exp_s * 1000 - wall;

        x->warn_ms = 0;
        if (x->mode == SESSION_CHAT)
            session_send(x, frames_auth_required(left > 0 ? left : 0));
    }
}

static void look_at(struct session *x, int64_t now, struct frame **json, struct frame **control)
{
    if (!x->closing)
        expire(x, clock_wall_ms(&x->sidecar->chat.clock));
    if (x->closing) {
        if (x->conn && now - x->closing_ms > CLOSE_MS)
            x->conn->ops->kill(x->conn);
    } else if (now > stuck_until(x)) {
        session_close(x, CLOSE_TOO_SLOW, "too slow");
    } else if (now >= silent_at(x)) {
        session_close(x, CLOSE_NO_PONG, "no pong");
    } else if (now > hello_until(x)) {
        session_close(x, CLOSE_PROTOCOL, "no hello");
    } else if (now >= ping_at(x) && !x->reader.blocked) {
        ping(x, now, json, control);
    }
}

static void on_expiry(uv_timer_t *timer)
{
    struct sidecar *s = timer->data;

    session_sweep(s, sidecar_now(s));
}

/* The tick looks at what is due by then; the timer is for a token that ends within the second. */
static void arm(struct sidecar *s, int64_t in_ms)
{
    uint64_t in = (uint64_t)in_ms + 1;

    uv_update_time(&s->loop); /* it must not come too soon */
    if (!uv_is_active((uv_handle_t *)&s->expiry) || uv_timer_get_due_in(&s->expiry) > in)
        uv_timer_start(&s->expiry, on_expiry, in, 0);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When its token asks for something, boot time: a second before that the timer is armed. */
static int64_t expiry_at(struct session *x, int64_t now)
{
    int64_t at = x->warn_ms ? earlier(x->warn_ms, x->expire_ms) : x->expire_ms, left;

    if (!at)
        return INT64_MAX;
    left = at - clock_wall_ms(&x->sidecar->chat.clock);
    if (left > SIDECAR_TICK_MS)
        return now + left - SIDECAR_TICK_MS;
    if (left > 0)
        arm(x->sidecar, left);
    return now + left;
}

void session_watch(struct session *x)
{
    int64_t now = sidecar_now(x->sidecar), at;

    if (x->closing) {
        at = earlier(x->closing_ms + CLOSE_MS + 1, now + WHEEL_MAX_MS);
    } else {
        at = earlier(earlier(stuck_until(x), hello_until(x)), silent_at(x));
        /* Who cannot be pinged yet is asked again at the next tick. */
        at = earlier(at, x->reader.blocked && ping_at(x) <= now ? now + 1 : ping_at(x));
        at = earlier(at, expiry_at(x, now));
    }
    wheel_put(&x->sidecar->wheel, &x->watch, at);
}

void session_sweep(struct sidecar *s, int64_t now)
{
    struct frame *json = NULL, *control = NULL;
    struct wheel_entry *due;

    wheel_turn(&s->wheel, now);
    while ((due = wheel_next(&s->wheel))) {
        struct session *x =
            (struct session *)(void *)((char *)due - offsetof(struct session, watch));

        look_at(x, now, &json, &control);
        session_watch(x);
    }
    frame_unref(json);
    frame_unref(control);
}

void session_close_all(struct sidecar *s, int code, const char *reason)
{
    for (struct session *x = s->sessions; x; x = x->next)
        session_close(x, code, reason);
}

void session_kill_all(struct sidecar *s)
{
    for (struct session *x = s->sessions; x; x = x->next) {
        if (x->conn)
            x->conn->ops->kill(x->conn);
    }
}
