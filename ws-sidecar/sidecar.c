#include "ws-sidecar/sidecar.h"

#include "lib/footprint.h"
#include "lib/secure.h"
#include "lib/sidecar_lock.h"
#include "ws-sidecar/feed.h"
#include "ws-sidecar/session.h"
#include "ws-sidecar/worker.h"
#include "ws-sidecar/ws.h"
#include "ws-sidecar/wsframe.h"

#include <signal.h>
#include <stdlib.h>

enum {
    MINUTE_MS = 60000,
    STEP_BUDGET = 512,
    HEAR_FIRST = 64, /* what was said is heard before more is sent, up to so many frames */
    STOP_TICK_MS = 10,
    REST_MS = 10000, /* without a session */
    LOOK_MS = 25000, /* between two looks at the databases while it rests */
    CLOSE_TIME_MS = 3000
};

int64_t sidecar_now(const struct sidecar *s)
{
    return clock_boot_ms(&s->chat.clock);
}

/* Whoever speaks may have more to say, and is read a kilobyte at a time: what is heard before the
 * next stretch of sends is committed together and goes out as one frame. */
static bool hears_more(struct sidecar *s)
{
    bool more = s->heard > s->heard_before && s->heard < HEAR_FIRST;

    s->heard_before = s->heard;
    return more;
}

static void on_work(uv_idle_t *idle)
{
    struct sidecar *s = idle->data;

    if (hears_more(s))
        return;
    s->heard = s->heard_before = 0;
    writer_wake(s->writer);
    if (!hub_step(s->hub, STEP_BUDGET))
        uv_idle_stop(idle);
}

void sidecar_wake(struct sidecar *s)
{
    if (!uv_is_closing((uv_handle_t *)&s->work))
        uv_idle_start(&s->work, on_work);
}

/* ----- the writer's thread ----- */

bool sidecar_submit(struct sidecar *s, struct job *j)
{
    if (!writer_submit(s->writer, j))
        return false;
    sidecar_wake(s);
    return true;
}

/* Where more is being committed already, both go out together: a pass over a room costs nearly the
 * same for one message and for many. Only once: a message waits for one commit beside its own. */
static void end_of_answers(struct sidecar *s)
{
    bool news = s->corked || s->held_back; /* who is online is none, and is asked at each look */

    s->corked = false;
    session_uncork_all(s);
    s->held_back = news && writer_pending(s->writer) > 0 && !s->held_back;
    if (news && !s->held_back)
        feed_news(s);
}

static void on_answer(void *ctx, struct job *j)
{
    struct sidecar *s = ctx;
    struct session *x = j && j->session ? map_get_id(&s->by_number, j->session) : NULL;

    if (!j) {
        end_of_answers(s);
        return;
    }
    if (j->kind == JOB_PRESENCE) {
        presence_answer(s, j); /* keeps it */
        return;
    }
    s->corked = true; /* the acks of one socket leave together */
    if (j->worker)
        worker_answer(s, j);
    else if (x && j->kind == JOB_IDENTIFY)
        session_identified(x, j);
    else if (x && j->kind == JOB_POST)
        session_posted(x, j);
    else if (x && j->kind == JOB_ACT)
        session_acted(x, j);
    else if (x && j->kind == JOB_READ)
        session_marked(x, j);
    job_free(j);
}

/* ----- stopping: no more from outside, what was asked is answered, then everybody is told ----- */

static void close_handles(struct sidecar *s)
{
    uv_close((uv_handle_t *)&s->tick, NULL);
    uv_close((uv_handle_t *)&s->expiry, NULL);
    uv_close((uv_handle_t *)&s->work, NULL);
    uv_close((uv_handle_t *)&s->on_term, NULL);
    uv_close((uv_handle_t *)&s->on_int, NULL);
    uv_close((uv_handle_t *)&s->on_hup, NULL);
    writer_free(s->writer);
    s->writer = NULL;
    ws_stop(s->ws);
}

/* Looks again and again until the next step can be taken; each has the same deadline. */
static void on_stop_tick(uv_timer_t *timer)
{
    struct sidecar *s = timer->data;
    bool late = sidecar_now(s) > s->stop_by_ms;

    feed_tick(s);
    if (!s->closed_all && (writer_pending(s->writer) == 0 || late)) {
        feed_poll(s);
        while (hub_step(s->hub, STEP_BUDGET))
            ;
        session_close_all(s, CLOSE_GOING_AWAY, "restarting");
        worker_close_all(s);
        s->closed_all = true;
        s->stop_by_ms = sidecar_now(s) + CLOSE_TIME_MS;
    } else if (s->closed_all && ((ws_gone(s->ws) && s->session_count == 0) || late)) {
        session_kill_all(s); /* who did not go in time */
        close_handles(s);
    }
}

static void stop(struct sidecar *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->stop_by_ms = sidecar_now(s) + SIDECAR_STOP_MS;
    log_event(s->log, LOG_INFO, "stopping", LOG_N("sessions", s->session_count),
              LOG_N("waiting", writer_pending(s->writer)));
    listen_stop(s->listener);
    feed_stop(s);
    sidecar_lock_let_go(s->lock);
    uv_timer_start(&s->tick, on_stop_tick, 0, STOP_TICK_MS);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct sidecar *s = handle->data;

    if (signum != SIGHUP)
        stop(s);
    else if (!log_reopen(s->log))
        log_event(s->log, LOG_ERROR, "log_not_reopened", LOG_S("path", s->log->path));
}

static void look(struct sidecar *s, int64_t now)
{
    feed_tick(s);
    sidecar_wake(s); /* those whose source could not answer */
    session_sweep(s, now);
    presence_tick(s, now);
}

/* Nobody has been here for a while, and nobody said a thing: the databases are looked
 * at now and then, and what that took is given back a tick later, when the writer's
 * thread has done its part. */
static void rest(struct sidecar *s, int64_t now)
{
    if (now >= s->look_ms) {
        look(s, now);
        s->look_ms = now + LOOK_MS;
        s->resting = false;
    } else if (!s->resting) {
        chat_rest(&s->chat);
        writer_rest(s->writer);
        footprint_trim();
        s->resting = true;
    }
}

/* One that was started on demand is started again when somebody comes. */
static void end_if_idle(struct sidecar *s, int64_t now)
{
    if (!s->idle_ms || now - s->busy_ms < s->idle_ms)
        return;
    log_event(s->log, LOG_INFO, "idle", LOG_N("minutes", s->idle_ms / MINUTE_MS));
    stop(s);
}

static void on_tick(uv_timer_t *timer)
{
    struct sidecar *s = timer->data;
    int64_t now = sidecar_now(s);

    if (s->session_count > 0)
        s->busy_ms = now;
    if (now - s->busy_ms >= REST_MS && !s->feed_due)
        rest(s, now);
    else
        look(s, now);
    listen_tick(s->listener, now);
    end_if_idle(s, now);
}

/* ----- starting ----- */

static void start_handles(struct sidecar *s)
{
    uv_timer_init(&s->loop, &s->tick);
    uv_timer_init(&s->loop, &s->expiry);
    uv_idle_init(&s->loop, &s->work);
    uv_signal_init(&s->loop, &s->on_term);
    uv_signal_init(&s->loop, &s->on_int);
    uv_signal_init(&s->loop, &s->on_hup);
    s->tick.data = s->expiry.data = s->work.data = s;
    s->on_term.data = s->on_int.data = s->on_hup.data = s;
    uv_timer_start(&s->tick, on_tick, 0, SIDECAR_TICK_MS);
    uv_signal_start(&s->on_term, on_signal, SIGTERM);
    uv_signal_start(&s->on_int, on_signal, SIGINT);
    uv_signal_start(&s->on_hup, on_signal, SIGHUP);
}

static void start_hub(struct sidecar *s)
{
    struct hub_setup setup = {
        .formats = {[WSFRAME_SEED] = wsframe_seed,
                    [WSFRAME_CHAT] = wsframe_chat,
                    [WSFRAME_ARRAY] = wsframe_array},
        .load = feed_load,
        .load_ctx = s,
        .max_lag = s->conf->ws_max_lag_events,
    };

    s->hub = hub_new(&setup);
    map_init(&s->by_number);
    map_init(&s->by_user);
    map_init(&s->by_address);
    wheel_init(&s->wheel, sidecar_now(s));
    presence_tabs_init(&s->presence.tabs);
    remembered_init(&s->remembered);
}

enum err sidecar_start(struct sidecar *s, const struct conf *conf, struct log *log, int lock,
                       struct fail *f)
{
    enum err e;

    *s = (struct sidecar){.conf = conf, .log = log, .lock = lock};
    s->busy_ms = sidecar_now(s);
    secure_random_hex(s->instance, sizeof s->instance / 2);
    if (uv_loop_init(&s->loop) != 0)
        die("no event loop");
    e = chat_open(&s->chat, conf, log, DB_READ_ONLY, f);
    if (!e)
        e = writer_new(&s->writer, conf, log, s->instance, &s->loop, on_answer, s, f);
    if (!e)
        e = feed_start(s, f);
    if (!e)
        e = ws_new(&s->ws, s, f);
    if (e)
        return e;
    start_hub(s);
    start_handles(s);
    return listen_start(&s->listener, s, f);
}

void sidecar_run(struct sidecar *s)
{
    uv_run(&s->loop, UV_RUN_DEFAULT);
}

void sidecar_release(struct sidecar *s)
{
    while (s->sessions) /* those whose sockets did not close in time */
        session_free(s->sessions);
    listen_free(s->listener);
    ws_free(s->ws);
    presence_release(s);
    remembered_release(&s->remembered);
    hub_free(s->hub);
    map_release(&s->by_number);
    map_release(&s->by_user);
    map_release(&s->by_address);
    chat_close(&s->chat);
    uv_loop_close(&s->loop);
}
