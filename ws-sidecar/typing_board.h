/*
 * Who types by other ways than sockets: what sockets say goes to state.db with the presence job,
 * once a second, for polls; what was said by HTTP comes back with its answer, for sockets and
 * streams. What long-polls are told is the last answer.
 */
#ifndef SIDECAR_TYPING_BOARD_H
#define SIDECAR_TYPING_BOARD_H

#include "chat/typing.h"
#include "ws-sidecar/job.h"

struct sidecar;
struct session;

enum { TYPING_SAID_MAX = 256 }; /* in one second; further words fade unheard */

struct typing_board {
    struct typing_change *said; /* by sockets, since the last job */
    struct typist *list;        /* the last answer */
    size_t said_count, count;
};

void typing_board_note(struct sidecar *s, int64_t room_id, const struct actor *who, bool on);
/* Into the presence job, and out of its answer. */
void typing_board_collect(struct sidecar *s, struct job *j);
void typing_board_answer(struct sidecar *s, const struct job *j);
/* Those whom this reader is to see in the room; `out` holds TYPING_ROOM_MAX. */
size_t typing_board_in(const struct session *x, int64_t room_id, struct typist *out);
void typing_board_release(struct sidecar *s);

#endif
