/* The life of a reader: registers, output, timers. */
#include "ws-sidecar/session.h"

#include "ws-sidecar/wsframe.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

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
    detach(x);
    session_uncork(x);
    if (x->conn)
        x->conn->ops->close(x->conn, code, reason);
}

/* ----- input ----- */

void session_opened(struct session *x, struct conn *conn)
{
    x->conn = conn;
    if (x->kind != HANDSHAKE_SOCKET)
        session_identify(x, ASKED_BY_REQUEST, NULL);
    else if (x->mode == SESSION_SEED)
        session_identify(x, ASKED_AT_UPGRADE, NULL);
}

void session_heard(struct session *x, const char *text, size_t len)
{
    x->heard_ms = sidecar_now(x->sidecar);
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
static bool is_silent(const struct session *x, int64_t now)
{
    return x->kind == HANDSHAKE_SOCKET && now - x->heard_ms > x->sidecar->conf->ws_idle_timeout_ms;
}

static bool is_ping_due(const struct session *x, int64_t now)
{
    return (x->kind == HANDSHAKE_SOCKET || x->mode == SESSION_CHAT) && !x->reader.blocked &&
           now - x->pinged_ms >= x->sidecar->conf->ws_heartbeat_ms;
}

static void sweep_one(struct session *x, int64_t now, struct frame **json, struct frame **control)
{
    if (x->closing) {
        if (x->conn && now - x->closing_ms > SESSION_CLOSE_MS)
            x->conn->ops->kill(x->conn);
    } else if (x->stuck_ms && now - x->stuck_ms > SESSION_STUCK_MS) {
        session_close(x, CLOSE_TOO_SLOW, "too slow");
    } else if (is_silent(x, now)) {
        session_close(x, CLOSE_NO_PONG, "no pong");
    } else if (x->mode == SESSION_WAITING && now - x->opened_ms > SESSION_HELLO_MS) {
        session_close(x, CLOSE_PROTOCOL, "no hello");
    } else if (is_ping_due(x, now)) {
        ping(x, now, json, control);
    }
}

void session_sweep(struct sidecar *s, int64_t now)
{
    struct frame *json = NULL, *control = NULL;

    for (struct session *x = s->sessions; x; x = x->next)
        sweep_one(x, now, &json, &control);
    frame_unref(json);
    frame_unref(control);
}

static void expire_one(struct session *x, int64_t wall)
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

static void on_expiry(uv_timer_t *timer)
{
    session_expire(timer->data);
}

/* The tick looks at all; the timer is for those that end within the second. */
static void arm(struct sidecar *s, int64_t at, int64_t wall)
{
    uint64_t in = at > wall ? (uint64_t)(at - wall) : 1;

    if (!at || in > SIDECAR_TICK_MS)
        return;
    if (!uv_is_active((uv_handle_t *)&s->expiry) || uv_timer_get_due_in(&s->expiry) > in)
        uv_timer_start(&s->expiry, on_expiry, in, 0);
}

void session_arm_expiry(struct session *x)
{
    int64_t wall = clock_wall_ms(&x->sidecar->chat.clock);

    arm(x->sidecar, x->expire_ms, wall);
    arm(x->sidecar, x->warn_ms, wall);
}

void session_expire(struct sidecar *s)
{
    int64_t wall = clock_wall_ms(&s->chat.clock);

    for (struct session *x = s->sessions; x; x = x->next) {
        if (x->closing || !x->expire_ms)
            continue;
        expire_one(x, wall);
        if (!x->closing)
            session_arm_expiry(x);
    }
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
