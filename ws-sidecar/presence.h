/*
 * Who is online, as the sockets see it. The truth is the presence table of state.db, which polling
 * pages write too: once a second the changes of our own sessions go to the writer's thread, which
 * answers with the list where it changed; what differs from the last one is pushed. A session that
 * stays as it is costs nothing: its row is good for as long as this sidecar's lease.
 */
#ifndef SIDECAR_PRESENCE_H
#define SIDECAR_PRESENCE_H

#include "ws-sidecar/frame.h"
#include "ws-sidecar/job.h"
#include "ws-sidecar/presence_tab.h"
#include "ws-sidecar/roster.h"

struct sidecar;
struct session;

enum { PRESENCE_FULL_CACHE = 32 };

/* A closed session whose row shall expire. */
struct presence_leaver {
    int64_t session, user_id;
};

/* A full list as a frame, until the list changes. */
struct presence_cached {
    int64_t room_id;
    struct frame *frame;
};

struct presence_board {
    struct presence_tabs tabs;
    struct job *list; /* owns the strings of the roster; NULL before the first list */
    struct roster roster;
    bool asked;         /* an answer is on its way */
    struct job *failed; /* its changes were not stored: it is asked again */
    int64_t pushed_ms;  /* when the last difference went out, boot time */
    int64_t *changed;   /* numbers of sessions whose row shall be written */
    size_t changed_count, changed_cap;
    struct presence_leaver *left;
    size_t left_count, left_cap;
    struct presence_cached full[PRESENCE_FULL_CACHE];
    size_t full_count;
};

void presence_tick(struct sidecar *s, int64_t now);
/* The writer's answer; takes the job over. */
void presence_answer(struct sidecar *s, struct job *j);
/* The session's row shall be written at the next tick, or let go (it closes). */
void presence_changed(struct session *x);
void presence_left(struct sidecar *s, struct session *x);
/* The whole list of a room as one frame ("full":true); room_id 0 is the site, named "*". */
struct frame *presence_full(struct sidecar *s, int64_t room_id, const char *room);
void presence_release(struct sidecar *s);

#endif
