/*
 * The `id:` of an event in a stream: where the reader stands in all its rooms, in the order in
 * which it asked for them. request.c reads it back from Last-Event-ID.
 */
#ifndef SIDECAR_EVENT_ID_H
#define SIDECAR_EVENT_ID_H

#include "ws-sidecar/hub.h"

enum { EVENT_ID_MAX = 16384 }; /* ROOMS_MAX names and numbers fit */

struct event_id {
    size_t len;
    int64_t room_id, reached;
    char text[EVENT_ID_MAX]; /* of `len` bytes, no NUL */
};

/* "id: <epoch> general:42,@me:7\n", with the room `room_id` (0: none) as far as `reached` and the
 * others as they are. Empty where no room is read: then there is nothing to resume. */
void event_id_make(struct event_id *id, const struct hub_reader *r, const char *epoch,
                   int64_t room_id, int64_t reached);

#endif
