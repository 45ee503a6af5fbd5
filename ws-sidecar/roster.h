/*
 * Lists of who is online, and what differs between two of them. Pure: no sessions, no frames.
 *
 * A room's list names its first ROSTER_NAMED people, by user id; `count` says how many there are.
 * So what one reader is told has a bound, however many come and go: beyond the named ones it is a
 * number that changes.
 */
#ifndef SIDECAR_ROSTER_H
#define SIDECAR_ROSTER_H

#include "db/state.h"
#include "lib/json.h"

enum { ROSTER_NAMED = 200 };

/* One person in one room; room_id 0: the site. */
struct roster_seat {
    int64_t room_id, user_id;
    const char *username, *state; /* the rows' */
};

/* Everybody, by room, then by user id. */
struct roster {
    struct roster_seat *seats;
    size_t count;
};

/* The people of one room: a stretch of a roster. */
struct roster_room {
    const struct roster_seat *seats;
    size_t count;
};

/* The rows must live as long. Of several in one room the most present counts. */
void roster_init(struct roster *r, const struct presence *rows, size_t count);
void roster_release(struct roster *r);
struct roster_room roster_room(const struct roster *r, int64_t room_id);

/* Both with one reference, the caller's; `name` is the room's on the wire. */
struct json_object *roster_full(struct roster_room room, const char *name);
/* What became of `was`. NULL: nothing that the list tells. */
struct json_object *roster_change(struct roster_room was, struct roster_room is, const char *name);

#endif
