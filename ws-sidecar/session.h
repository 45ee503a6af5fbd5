/*
 * One reader, be it a socket, a stream or a long-poll: who it is, what it reads, and of a socket
 * what it said. Frames of the client come in through session_heard(), events go out through the
 * hub, everything else through session_send().
 *
 * Modes: a seed socket (no subprotocol) reads the default room from the start and gets `message`
 * and `error` frames only; one that asked for chat.v1 gets nothing before `welcome`; `hello` makes
 * either a chat socket. A stream said its hello with its request. A poll gets one answer.
 */
#ifndef SIDECAR_SESSION_H
#define SIDECAR_SESSION_H

#include "chat/identity.h"
#include "db/ignored.h"
#include "ws-sidecar/conn.h"
#include "ws-sidecar/frames.h"
#include "ws-sidecar/hub.h"
#include "ws-sidecar/job.h"
#include "ws-sidecar/sidecar.h"

struct session_held;

/* What a stream or a poll asked for, copied. */
struct session_request {
    struct arena arena;
    struct request wants;
};

enum {
    SESSION_STUCK_MS = 30000, /* an unfinished write for so long ends it */
    SESSION_TYPING_ROOM = 300 /* in a larger room nobody could make use of who types */
};

enum session_mode { SESSION_SEED, SESSION_WAITING, SESSION_CHAT, SESSION_POLL };

enum {
    CLOSE_GOING_AWAY = 1001,
    CLOSE_TOO_BIG = 1009,
    CLOSE_EXPIRED = 4001,
    CLOSE_TOO_SLOW = 4002,
    CLOSE_RESYNC = 4003,
    CLOSE_NO_PONG = 4005,
    CLOSE_AUTH = 4500,
    CLOSE_PROTOCOL = 4502
};

struct session {
    struct hub_reader reader; /* first: the hub's sinks lead back here */
    struct sidecar *sidecar;
    struct conn *conn; /* NULL before and after it */
    enum handshake_kind kind;
    int64_t number;
    struct session *prev, *next, *prev_of_user, *next_of_user;

    enum session_mode mode;
    bool known;       /* the first identification is done */
    bool identifying; /* what is heard is held until it is known who speaks */
    bool closing;
    char *address;
    struct job *upgrade;             /* holds the credentials of the handshake; NULL: it had none */
    struct session_request *request; /* of a stream or a poll, until it is answered */
    char *epoch;                     /* of its cursors; NULL before that, and of sockets */
    char *tab;                       /* of those: whose presence it is, see presence_tab.h; NULL */
    struct actor actor;              /* its strings are one block, `actor_text` */
    char *actor_text;
    struct ignored ignored;     /* whom it does not want to hear; its ids are the session's own */
    int64_t user_key;           /* whose socket it is in by_user; 0: nobody's */
    char *guest_name;           /* a seed socket without identity: whom it last posted as */
    struct client_frame *hello; /* while it waits for the identification */
    struct session_held *held;  /* a list */
    size_t held_bytes, jobs;

    struct frame **outbox; /* NULL while the socket takes everything */
    size_t outbox_count;
    bool corked;
    struct session *next_corked;

    struct wheel_entry watch; /* when it is looked at next */
    /* boot time; 0: not. */
    int64_t opened_ms, heard_ms, pinged_ms, stuck_ms, closing_ms, typed_ms;
    int64_t frames_due_us;           /* when its allowance of frames is whole again */
    int64_t quiet_ms, quiet_acts_ms; /* the writer refuses its posts, its acts, until then */
    int64_t warn_ms, expire_ms;      /* wall time; 0: never */
    int64_t seed_from; /* of a seed socket: the default room's head when it opened; -1: unknown */

    /* the row in the presence table: user_key's, or none */
    int64_t present_room;
    const char *present_state;
    bool presence_dirty;   /* it shall be written */
    bool presence_written; /* it is there */
    bool presence_stale;   /* a push was missed: a full list is due */
    bool holds_tab;        /* counted in its tab's streams */
};

/* A session for a handshake that was accepted. */
struct session *session_new(struct sidecar *s, const struct handshake *h);
void session_free(struct session *x); /* one that no connection has */
size_t session_count_of_address(const struct sidecar *s, const char *address);
const char *session_name(const struct session *x); /* what the others see; "" for nobody */

/* The connection calls these. */
void session_opened(struct session *x, struct conn *conn);
void session_heard(struct session *x, const char *text, size_t len); /* a whole text message */
void session_heard_pong(struct session *x);
void session_writable(struct session *x);
void session_closed(struct session *x); /* frees it */

/* Looks at those whose time has come: pings, silences, expiries, stuck writes. At each tick. */
void session_sweep(struct sidecar *s, int64_t now);
void session_close_all(struct sidecar *s, int code, const char *reason);
void session_kill_all(struct sidecar *s);

/* ----- what goes out (session_output.c) ----- */

extern const struct hub_sink session_seed_sink, session_chat_sink, session_poll_sink;

/* Takes the frame over. It goes out at once, or waits; too much that waits ends the session. */
void session_send(struct session *x, struct frame *f);
void session_uncork_all(struct sidecar *s);
/* It could not take a difference: the whole list follows as soon as it can. */
void session_missed_presence(struct hub_reader *r);

/* ----- the writer's answers; the caller frees the job ----- */

void session_identified(struct session *x, struct job *j);
void session_posted(struct session *x, struct job *j);
void session_acted(struct session *x, struct job *j);
void session_marked(struct session *x, struct job *j);

/* ----- what the feed read ----- */

/* Something was written in a user's own log: name, role, sanctions and whom they ignore are read
 * again. */
void session_sanctioned(struct sidecar *s, int64_t user_id);
/* A "membership" event: who is out of a room reads no later event of it. */
void session_membership(struct sidecar *s, int64_t user_id, const char *payload);
/* Tells of the marks that rose by other ways, since the last time. */
void session_read_marks(struct sidecar *s);

#endif
