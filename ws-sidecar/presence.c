#include "ws-sidecar/presence.h"

#include "ws-sidecar/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PUSH_MS = 1000, SESSIONS_PER_PUSH_S = 1000 };

/* ----- our own rows ----- */

static const char *connection_of(struct arena *a, const struct session *x)
{
    return arena_fmt(a, "%s-%" PRId64, x->sidecar->instance, x->number);
}

void presence_changed(struct session *x)
{
    x->presence_dirty = true;
    presence_tab_renamed(x);
}

void presence_left(struct sidecar *s, struct session *x)
{
    struct presence_board *b = &s->presence;

    presence_tab_left(x);
    if (!x->renew_ms) /* never written */
        return;
    if (b->left_count == b->left_cap) {
        b->left_cap = b->left_cap ? b->left_cap * 2 : 16;
        b->left = xrealloc(b->left, b->left_cap * sizeof(*b->left));
    }
    b->left[b->left_count++] = (struct presence_leaver){x->number, x->user_key};
    x->renew_ms = 0;
}

static struct presence row_of(struct session *x, struct arena *a)
{
    return (struct presence){
        .connection = connection_of(a, x),
        .username = arena_str(a, session_name(x)),
        .state = x->present_state,
        .user_id = x->user_key,
        .room_id = x->present_room,
        .expires_ms = x->sidecar->conf->presence_ttl_ms,
    };
}

/* Polls, and streams whose page has a row of its own, are the tabs' affair. */
static bool is_due(const struct session *x, int64_t now)
{
    return !x->closing && x->user_key && x->kind != HANDSHAKE_POLL && !x->tab &&
           (x->presence_dirty || now >= x->renew_ms);
}

static void collect(struct sidecar *s, struct job *j, int64_t now)
{
    struct presence_board *b = &s->presence;
    struct job_presence *p = &j->u.presence;
    size_t max = b->left_count + presence_tabs_count(&b->tabs);

    for (const struct session *x = s->sessions; x; x = x->next)
        max += is_due(x, now);
    p->changes = arena_alloc(&j->arena, max * sizeof(*p->changes));
    for (size_t i = 0; i < b->left_count; i++)
        p->changes[p->count++] = (struct presence_change){
            PRESENCE_LET_GO,
            {
                .connection = arena_fmt(&j->arena, "%s-%" PRId64, s->instance, b->left[i].session),
                .user_id = b->left[i].user_id,
                .expires_ms = s->conf->presence_grace_ms,
            }};
    b->left_count = 0;
    p->count += presence_tabs_collect(&b->tabs, &j->arena, s->conf, now, &p->changes[p->count]);
    for (struct session *x = s->sessions; x && p->count < max; x = x->next) {
        if (!is_due(x, now))
            continue;
        p->changes[p->count++] = (struct presence_change){PRESENCE_PUT, row_of(x, &j->arena)};
        x->presence_dirty = false;
        x->renew_ms = now + PRESENCE_RENEW_MS;
    }
}

void presence_tick(struct sidecar *s, int64_t now)
{
    struct presence_board *b = &s->presence;
    struct job *j;

    if (b->asked)
        return;
    j = job_new(JOB_PRESENCE, 0);
    collect(s, j, now);
    j->u.presence.list_anyway = b->missed;
    b->asked = writer_submit(s->writer, j);
}

/* ----- the list ----- */

static int rank(const char *state)
{
    return strcmp(state, "active") == 0;
}

static int by_place(const void *a, const void *b)
{
    const struct presence_seat *x = a, *y = b;

    if (x->room_id != y->room_id)
        return x->room_id < y->room_id ? -1 : 1;
    if (x->user_id != y->user_id)
        return x->user_id < y->user_id ? -1 : 1;
    return rank(y->state) - rank(x->state); /* the most present first: it is kept */
}

/* Each row is a seat in its room and one on the site; of several the most present counts. */
static size_t seats_of(const struct job_presence *p, struct presence_seat *seats)
{
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < p->row_count; i++) {
        const struct presence *r = &p->rows[i];

        seats[count++] = (struct presence_seat){0, r->user_id, r->username, r->state};
        if (r->room_id)
            seats[count++] = (struct presence_seat){r->room_id, r->user_id, r->username, r->state};
    }
    qsort(seats, count, sizeof(*seats), by_place);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && seats[kept - 1].room_id == seats[i].room_id &&
            seats[kept - 1].user_id == seats[i].user_id)
            continue;
        seats[kept++] = seats[i];
    }
    return kept;
}

static struct json_object *person(const struct presence_seat *seat)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "user_id", seat->user_id);
    json_set_str(o, "username", seat->username);
    json_set_str(o, "state", seat->state);
    return o;
}

static struct json_object *frame_object(const char *room)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", "presence");
    json_set_str(o, "room", room);
    json_set(o, "join", json_object_new_array());
    json_set(o, "leave", json_object_new_array());
    return o;
}

/* What changed in one room. */
struct difference {
    struct json_object *frame; /* NULL: nothing yet */
    struct json_object *join, *leave;
    size_t count;
};

static void begin_difference(struct difference *d, const char *room)
{
    if (d->frame)
        return;
    d->frame = frame_object(room);
    d->join = json_object_object_get(d->frame, "join");
    d->leave = json_object_object_get(d->frame, "leave");
}

static void push_to_site(struct sidecar *s, struct frame *f)
{
    for (struct session *x = s->sessions; x; x = x->next) {
        if (x->mode != SESSION_CHAT || x->closing)
            continue;
        if (x->reader.blocked)
            x->presence_stale = true;
        else
            session_send(x, frame_ref(f));
    }
}

/* A blocked reader misses it and gets the whole list when it can take it. */
static void push_to_room(struct sidecar *s, int64_t room_id, struct frame *f)
{
    for (struct session *x = s->sessions; x; x = x->next) {
        if (x->reader.blocked && hub_is_subscribed(&x->reader, room_id))
            x->presence_stale = true;
    }
    hub_broadcast(s->hub, room_id, session_chat_sink.format, f, NULL);
}

static void push(struct sidecar *s, int64_t room_id, struct difference *d)
{
    struct frame *f;

    if (!d->frame)
        return;
    json_set_i64(d->frame, "count", (int64_t)d->count);
    f = frames_of(d->frame);
    if (room_id == 0)
        push_to_site(s, f);
    else
        push_to_room(s, room_id, f);
    frame_unref(f);
}

static bool is_in(const struct presence_seat *seat, const struct presence_seat *end,
                  int64_t room_id)
{
    return seat < end && seat->room_id == room_id;
}

/* Walks one room of the old and the new list, both sorted by person. */
static void compare_room(struct sidecar *s, int64_t room_id, const struct presence_seat **was,
                         const struct presence_seat *was_end, const struct presence_seat **is,
                         const struct presence_seat *is_end)
{
    const char *room = room_id ? hub_room_name(s->hub, room_id) : "*";
    struct difference d = {0};

    while (is_in(*was, was_end, room_id) || is_in(*is, is_end, room_id)) {
        bool old = is_in(*was, was_end, room_id), new = is_in(*is, is_end, room_id);
        int64_t order = !new ? -1 : !old ? 1 : (*was)->user_id - (*is)->user_id;
        bool same = order == 0 && strcmp((*was)->state, (*is)->state) == 0 &&
                    strcmp((*was)->username, (*is)->username) == 0;

        if (room && !same)
            begin_difference(&d, room);
        if (room && order < 0)
            json_object_array_add(d.leave, json_object_new_int64((*was)->user_id));
        else if (room && !same)
            json_object_array_add(d.join, person(*is));
        if (order >= 0)
            d.count++;
        *was += order <= 0;
        *is += order >= 0;
    }
    push(s, room_id, &d);
}

static void compare(struct sidecar *s, const struct presence_seat *was, size_t was_count,
                    const struct presence_seat *is, size_t is_count)
{
    const struct presence_seat *was_end = was + was_count, *is_end = is + is_count;

    while (was < was_end || is < is_end) {
        int64_t room = was == was_end               ? is->room_id
                       : is == is_end               ? was->room_id
                       : was->room_id < is->room_id ? was->room_id
                                                    : is->room_id;

        compare_room(s, room, &was, was_end, &is, is_end);
    }
}

static void drop_full(struct presence_board *b)
{
    for (size_t i = 0; i < b->full_count; i++)
        frame_unref(b->full[i].frame);
    b->full_count = 0;
}

/* With many sockets a push is dear: then the pushes are fewer. */
static bool may_push(const struct sidecar *s, int64_t now)
{
    int64_t pause = PUSH_MS * (int64_t)(s->session_count / SESSIONS_PER_PUSH_S);

    return now - s->presence.pushed_ms >= pause;
}

void presence_answer(struct sidecar *s, struct job *j)
{
    struct presence_board *b = &s->presence;
    struct job_presence *p = &j->u.presence;
    struct presence_seat *seats;
    int64_t now = sidecar_now(s);
    size_t count;

    b->asked = false;
    if (j->err)
        log_event(s->log, LOG_WARN, "presence_failed", LOG_S("why", j->fail.message));
    b->missed = j->err || (p->listed && !may_push(s, now));
    if (!p->listed || b->missed) {
        job_free(j);
        return;
    }
    seats = xcalloc(2 * p->row_count + 1, sizeof(*seats));
    count = seats_of(p, seats);
    drop_full(b);
    b->pushed_ms = now;
    compare(s, b->seats, b->count, seats, count);
    free(b->seats);
    job_free(b->list);
    b->seats = seats;
    b->count = count;
    b->list = j;
}

struct frame *presence_full(struct sidecar *s, int64_t room_id, const char *room)
{
    struct presence_board *b = &s->presence;
    struct json_object *o, *join;
    int64_t count = 0;
    struct frame *f;

    for (size_t i = 0; i < b->full_count; i++) {
        if (b->full[i].room_id == room_id)
            return frame_ref(b->full[i].frame);
    }
    o = frame_object(room);
    join = json_object_object_get(o, "join");
    for (size_t i = 0; i < b->count; i++) {
        if (b->seats[i].room_id != room_id)
            continue;
        if (count++ < PRESENCE_FULL_MAX)
            json_object_array_add(join, person(&b->seats[i]));
    }
    json_set_i64(o, "count", count);
    json_set_bool(o, "full", true);
    f = frames_of(o);
    if (b->full_count < PRESENCE_FULL_CACHE)
        b->full[b->full_count++] = (struct presence_cached){room_id, frame_ref(f)};
    return f;
}

void presence_release(struct sidecar *s)
{
    struct presence_board *b = &s->presence;

    drop_full(b);
    free(b->seats);
    free(b->left);
    job_free(b->list);
    presence_tabs_release(&b->tabs);
    *b = (struct presence_board){0};
}
