/*
 * The running sidecar: everything that lives as long as the process, on the loop's thread. main.c
 * starts it; the other files take what they need of it.
 */
#ifndef SIDECAR_SIDECAR_H
#define SIDECAR_SIDECAR_H

#include "chat/chat.h"
#include "ws-sidecar/hub.h"
#include "ws-sidecar/listen.h"
#include "ws-sidecar/map.h"
#include "ws-sidecar/presence.h"
#include "ws-sidecar/remembered.h"
#include "ws-sidecar/typing_board.h"
#include "ws-sidecar/wheel.h"
#include "ws-sidecar/writer.h"

#include <uv.h>

struct session;
struct worker;
struct ws;

enum { SIDECAR_TICK_MS = 1000, SIDECAR_STOP_MS = 10000 };

struct sidecar {
    const struct conf *conf;
    struct log *log;
    int lock; /* goes when no socket is ours any more: the next sidecar need not wait for our end */
    uv_loop_t loop;
    char instance[33]; /* names this process in the presence table */
    struct chat chat;  /* read-only: the feed, subscriptions, history */
    struct hub *hub;
    struct writer *writer;
    struct ws *ws;
    struct listener *listener;
    struct presence_board presence;
    struct typing_board typing;
    struct remembered remembered;

    /* sessions, see session.h */
    struct session *sessions; /* all, doubly linked */
    size_t session_count;
    struct wheel wheel; /* their deadlines */
    int64_t next_session;
    struct map by_number, by_user, by_address;
    bool corked; /* what sessions send waits for session_uncork_all() */
    struct session *corked_first;

    /* the web server's programs, see worker.h */
    struct worker *workers;
    size_t worker_count;
    int64_t next_worker;
    int64_t refusals_quiet_ms; /* until then no other is logged */

    /* the feed, see feed.h */
    int64_t fed;          /* id of the newest event that was published */
    int64_t marks_told;   /* id of the newest read mark that was told of */
    int64_t data_version; /* of chat.db when it was read */
    int notify_fd;
    uv_poll_t notify_poll;
    bool feed_due;

    int64_t idle_ms; /* end after so long without a session; 0: stay */
    int64_t busy_ms; /* when there was one, boot time */
    int64_t look_ms; /* when one that rests looks at the databases again */
    bool resting;    /* what can be given back was */

    uv_timer_t tick, expiry;
    uv_idle_t work;             /* runs while the hub has something to send */
    size_t heard, heard_before; /* frames since the hub last sent; as of the loop's last turn */
    bool held_back;             /* what was committed waits for what is being committed */
    uv_signal_t on_term, on_int, on_hup;
    bool stopping;
    int64_t stop_by_ms; /* boot time */
    bool closed_all;    /* while stopping: the closes were sent */
};

/* `lock` as in lib/sidecar_lock.h; the sidecar closes it. */
MUST_CHECK enum err sidecar_start(struct sidecar *s, const struct conf *conf, struct log *log,
                                  int lock, struct fail *f);
void sidecar_run(struct sidecar *s); /* until a signal or idle_ms, and everything is closed */
void sidecar_release(struct sidecar *s);

/* writer_submit(); the thread is woken when what else was said has been read. */
MUST_CHECK bool sidecar_submit(struct sidecar *s, struct job *j);
/* The hub has work: let the loop do it between its events. */
void sidecar_wake(struct sidecar *s);
int64_t sidecar_now(const struct sidecar *s); /* boot ms */

#endif
