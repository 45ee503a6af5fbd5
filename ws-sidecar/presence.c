#include "ws-sidecar/presence.h"

#include "ws-sidecar/session.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PUSH_MS = 1000, SESSIONS_PER_PUSH_S = 1000 };

/* ----- our own rows ----- */

static const char *connection_of(struct arena *a, const struct sidecar *s, int64_t session)
{
    return arena_fmt(a, "%s-%" PRId64, s->instance, session);
}

/* Polls, and streams whose page has a row of its own, are the tabs' affair. */
static bool has_row(const struct session *x)
{
    return !x->closing && x->user_key && x->kind != HANDSHAKE_POLL && !x->tab;
}

void presence_changed(struct session *x)
{
    struct presence_board *b = &x->sidecar->presence;

    presence_tab_renamed(x);
    if (x->presence_dirty || !has_row(x))
        return;
    x->presence_dirty = true;
    if (b->changed_count == b->changed_cap) {
        b->changed_cap = b->changed_cap ? b->changed_cap * 2 : 16;
        b->changed = xrealloc(b->changed, b->changed_cap * sizeof(*b->changed));
    }
    b->changed[b->changed_count++] = x->number;
}

void presence_left(struct sidecar *s, struct session *x)
{
    struct presence_board *b = &s->presence;

    presence_tab_left(x);
    if (!x->presence_written)
        return;
    if (b->left_count == b->left_cap) {
        b->left_cap = b->left_cap ? b->left_cap * 2 : 16;
        b->left = xrealloc(b->left, b->left_cap * sizeof(*b->left));
    }
    b->left[b->left_count++] = (struct presence_leaver){x->number, x->user_key};
    x->presence_written = false;
}

static struct presence_change let_go(const struct sidecar *s, struct arena *a,
                                     const struct presence_leaver *l)
{
    return (struct presence_change){PRESENCE_LET_GO,
                                    {.connection = connection_of(a, s, l->session),
                                     .user_id = l->user_id,
                                     .expires_ms = s->conf->presence_grace_ms}};
}

static struct presence_change put(struct session *x, struct arena *a)
{
    x->presence_dirty = false;
    x->presence_written = true;
    return (struct presence_change){PRESENCE_PUT,
                                    {.connection = connection_of(a, x->sidecar, x->number),
                                     .username = arena_str(a, session_name(x)),
                                     .state = x->present_state,
                                     .user_id = x->user_key,
                                     .room_id = x->present_room,
                                     .expires_ms = PRESENCE_LEASED}};
}

static void collect(struct sidecar *s, struct job *j, int64_t now)
{
    struct presence_board *b = &s->presence;
    struct job_presence *p = &j->u.presence;
    size_t max = b->left_count + presence_tabs_count(&b->tabs) + b->changed_count;

    p->changes = arena_alloc(&j->arena, max * sizeof(*p->changes));
    for (size_t i = 0; i < b->left_count; i++)
        p->changes[p->count++] = let_go(s, &j->arena, &b->left[i]);
    p->count += presence_tabs_collect(&b->tabs, &j->arena, s->conf, now, &p->changes[p->count]);
    for (size_t i = 0; i < b->changed_count; i++) {
        struct session *x = map_get_id(&s->by_number, b->changed[i]);

        if (x && has_row(x))
            p->changes[p->count++] = put(x, &j->arena);
    }
    b->left_count = b->changed_count = 0;
}

/* With many sockets a push is dear: then the pushes, and the lists they need, are fewer. */
static bool may_push(const struct sidecar *s, int64_t now)
{
    int64_t pause = PUSH_MS * (int64_t)(s->session_count / SESSIONS_PER_PUSH_S);

    return now - s->presence.pushed_ms >= pause;
}

void presence_tick(struct sidecar *s, int64_t now)
{
    struct presence_board *b = &s->presence;
    struct job *j = b->failed;

    if (b->asked || writer_is_full(s->writer))
        return;
    if (!j) {
        j = job_new(JOB_PRESENCE, 0);
        collect(s, j, now);
        typing_board_collect(s, j);
    }
    b->failed = NULL;
    j->err = OK;
    j->u.presence.unlisted = !may_push(s, now);
    b->asked = sidecar_submit(s, j);
}

/* ----- what differs ----- */

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

static void push_room(struct sidecar *s, const struct roster *is, int64_t room_id)
{
    const char *name = room_id ? hub_room_name(s->hub, room_id) : "*";
    struct json_object *change = NULL;
    struct frame *f;

    if (name)
        change = roster_change(roster_room(&s->presence.roster, room_id), roster_room(is, room_id),
                               name);
    if (!change)
        return;
    f = frames_of(change);
    if (room_id)
        hub_broadcast(s->hub, room_id, session_chat_sink.format, f, NULL, NULL,
                      session_missed_presence);
    else
        push_to_site(s, f);
    frame_unref(f);
}

/* Each room that has people in the old list or in the new one. */
static void push_changes(struct sidecar *s, const struct roster *is)
{
    const struct roster *was = &s->presence.roster;
    size_t i = 0, k = 0;

    while (i < was->count || k < is->count) {
        int64_t old = i < was->count ? was->seats[i].room_id : INT64_MAX;
        int64_t now = k < is->count ? is->seats[k].room_id : INT64_MAX;

        push_room(s, is, old < now ? old : now);
        if (old <= now)
            i += roster_room(was, old).count;
        if (now <= old)
            k += roster_room(is, now).count;
    }
}

static void drop_full(struct presence_board *b)
{
    for (size_t i = 0; i < b->full_count; i++)
        frame_unref(b->full[i].frame);
    b->full_count = 0;
}

static void put_all_again(struct sidecar *s)
{
    for (struct session *x = s->sessions; x; x = x->next)
        presence_changed(x);
}

void presence_answer(struct sidecar *s, struct job *j)
{
    struct presence_board *b = &s->presence;
    struct roster is;

    b->asked = false;
    if (j->u.presence.lapsed)
        put_all_again(s);
    if (j->err) {
        log_event(s->log, LOG_WARN, "presence_failed", LOG_S("why", j->fail.message));
        b->failed = j;
        return;
    }
    typing_board_answer(s, j);
    if (!j->u.presence.listed) {
        job_free(j);
        return;
    }
    roster_init(&is, j->u.presence.rows, j->u.presence.row_count);
    b->pushed_ms = sidecar_now(s);
    push_changes(s, &is);
    drop_full(b);
    roster_release(&b->roster);
    job_free(b->list);
    b->roster = is;
    b->list = j;
}

struct frame *presence_full(struct sidecar *s, int64_t room_id, const char *room)
{
    struct presence_board *b = &s->presence;
    struct frame *f;

    for (size_t i = 0; i < b->full_count; i++) {
        if (b->full[i].room_id == room_id)
            return frame_ref(b->full[i].frame);
    }
    f = frames_of(roster_full(roster_room(&b->roster, room_id), room));
    if (b->full_count < PRESENCE_FULL_CACHE)
        b->full[b->full_count++] = (struct presence_cached){room_id, frame_ref(f)};
    return f;
}

void presence_release(struct sidecar *s)
{
    struct presence_board *b = &s->presence;

    drop_full(b);
    roster_release(&b->roster);
    free(b->changed);
    free(b->left);
    job_free(b->list);
    job_free(b->failed);
    presence_tabs_release(&b->tabs);
    typing_board_release(s);
    *b = (struct presence_board){0};
}
