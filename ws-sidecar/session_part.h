/* What the session*.c files share. Nobody else includes this. */
#ifndef SIDECAR_SESSION_PART_H
#define SIDECAR_SESSION_PART_H

#include "ws-sidecar/session.h"

/* ----- session.c ----- */

void session_drop_request(struct session *x); /* it was answered */
/* From here on nothing is heard and nothing of the hub goes out. */
void session_close(struct session *x, int code, const char *reason);
void session_link_user(struct session *x, int64_t user_id); /* 0: unlinks */
/* After a change that brings the time nearer at which it is to be looked at. */
void session_watch(struct session *x);

/* ----- what goes out (session_output.c) ----- */

void session_fail(struct session *x, const struct fail *f, const char *client_id, const char *room);
void session_uncork(struct session *x); /* what waits leaves before the close */

/* ----- who it is (session_identity.c) ----- */

enum session_asked { ASKED_AT_UPGRADE, ASKED_BY_HELLO, ASKED_BY_AUTH, ASKED_BY_REQUEST };

void session_identify(struct session *x, enum session_asked why, const struct client_frame *c);

/* ----- whom it ignores (session_ignore.c) ----- */

/* From now on, as the database says of `who`; a copy. */
MUST_CHECK enum err session_ignore(struct session *x, const struct actor *who, struct fail *f);
/* A hub_sink's view(). */
enum err session_view(struct hub_reader *r, int64_t room_id, struct slice *s, struct slice **out);

/* ----- what it says (session_hear.c), and does to messages (session_act.c) ----- */

void session_hear(struct session *x, const char *text, size_t len);
/* Hears what was held, or forgets it. */
void session_unhold(struct session *x);
void session_drop_held(struct session *x);
/* The job, where one more may be asked for; NULL where not, and said why. submit() hands it
 * over. */
struct job *session_job(struct session *x, enum job_kind kind, const struct client_frame *c);
void session_submit(struct session *x, struct job *j, const struct client_frame *c);
/* A refusal by the clock holds for what comes after, too. */
void session_refused(struct session *x, struct job *j, const char *client_id, const char *room);
void session_hear_act(struct session *x, const struct client_frame *c);

/* ----- what it reads (session_read.c) ----- */

void session_welcome(struct session *x, const struct client_frame *hello);
/* A seed socket: where the default room is; and read on from there, once it is known who reads. */
void session_note_default(struct session *x);
void session_read_default(struct session *x);
void session_read_request(struct session *x); /* a stream or a poll */
void session_subscribe(struct session *x, const struct client_frame *c);
void session_unsubscribe(struct session *x, const struct client_frame *c);
void session_history(struct session *x, const struct client_frame *c);
void session_send_presence(struct session *x); /* the full lists of its rooms and the site */

#endif
