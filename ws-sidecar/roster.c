#include "ws-sidecar/roster.h"

#include <stdlib.h>
#include <string.h>

static int rank(const char *state)
{
    return strcmp(state, "active") == 0;
}

static int by_place(const void *a, const void *b)
{
    const struct roster_seat *x = a, *y = b;

    if (x->room_id != y->room_id)
        return x->room_id < y->room_id ? -1 : 1;
    if (x->user_id != y->user_id)
        return x->user_id < y->user_id ? -1 : 1;
    return rank(y->state) - rank(x->state); /* the most present first: it is kept */
}

static bool is_same_place(const struct roster_seat *x, const struct roster_seat *y)
{
    return x->room_id == y->room_id && x->user_id == y->user_id;
}

/* Each row is a seat in its room and one on the site. */
void roster_init(struct roster *r, const struct presence *rows, size_t count)
{
    struct roster_seat *seats = xcalloc(2 * count + 1, sizeof *seats);
    size_t all = 0, kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct presence *p = &rows[i];

        seats[all++] = (struct roster_seat){0, p->user_id, p->username, p->state};
        if (p->room_id)
            seats[all++] = (struct roster_seat){p->room_id, p->user_id, p->username, p->state};
    }
    qsort(seats, all, sizeof *seats, by_place);
    for (size_t i = 0; i < all; i++) {
        if (kept == 0 || !is_same_place(&seats[kept - 1], &seats[i]))
            seats[kept++] = seats[i];
    }
    *r = (struct roster){seats, kept};
}

void roster_release(struct roster *r)
{
    free(r->seats);
    *r = (struct roster){0};
}

/* The first seat of a room that is not before `room_id`. */
static size_t lower_bound(const struct roster *r, int64_t room_id)
{
    size_t from = 0, to = r->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (r->seats[middle].room_id < room_id)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct roster_room roster_room(const struct roster *r, int64_t room_id)
{
    size_t from = lower_bound(r, room_id), to = lower_bound(r, room_id + 1);

    return (struct roster_room){r->seats + from, to - from};
}

static size_t named(struct roster_room room)
{
    return room.count < ROSTER_NAMED ? room.count : ROSTER_NAMED;
}

static struct json_object *person(const struct roster_seat *seat)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "user_id", seat->user_id);
    json_set_str(o, "username", seat->username);
    json_set_str(o, "state", seat->state);
    return o;
}

static struct json_object *list_object(const char *name, struct json_object *join,
                                       struct json_object *leave, size_t count)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", "presence");
    json_set_str(o, "room", name);
    json_set(o, "join", join);
    json_set(o, "leave", leave);
    json_set_i64(o, "count", (int64_t)count);
    return o;
}

struct json_object *roster_full(struct roster_room room, const char *name)
{
    struct json_object *join = json_object_new_array(), *o;

    for (size_t i = 0; i < named(room); i++)
        json_object_array_add(join, person(&room.seats[i]));
    o = list_object(name, join, json_object_new_array(), room.count);
    json_set_bool(o, "full", true);
    return o;
}

static bool is_unchanged(const struct roster_seat *was, const struct roster_seat *is)
{
    return strcmp(was->state, is->state) == 0 && strcmp(was->username, is->username) == 0;
}

/* Walks the named ones of both, who stand by user id. */
static void compare(struct roster_room was, struct roster_room is, struct json_object *join,
                    struct json_object *leave)
{
    const struct roster_seat *old = was.seats, *old_end = old + named(was);
    const struct roster_seat *now = is.seats, *now_end = now + named(is);

    while (old < old_end || now < now_end) {
        if (now == now_end || (old < old_end && old->user_id < now->user_id)) {
            json_object_array_add(leave, json_object_new_int64(old++->user_id));
        } else if (old == old_end || now->user_id < old->user_id) {
            json_object_array_add(join, person(now++));
        } else {
            if (!is_unchanged(old, now))
                json_object_array_add(join, person(now));
            old++;
            now++;
        }
    }
}

struct json_object *roster_change(struct roster_room was, struct roster_room is, const char *name)
{
    struct json_object *join = json_object_new_array(), *leave = json_object_new_array();

    compare(was, is, join, leave);
    if (was.count != is.count || json_object_array_length(join) || json_object_array_length(leave))
        return list_object(name, join, leave, is.count);
    json_object_put(join);
    json_object_put(leave);
    return NULL;
}
