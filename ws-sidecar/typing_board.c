#include "ws-sidecar/typing_board.h"

#include "ws-sidecar/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void typing_board_note(struct sidecar *s, int64_t room_id, const struct actor *who, bool on)
{
    struct typing_board *b = &s->typing;
    struct typing_change *c;

    if (b->said_count == TYPING_SAID_MAX)
        return;
    if (!b->said)
        b->said = xcalloc(TYPING_SAID_MAX, sizeof *b->said);
    c = &b->said[b->said_count++];
    *c = (struct typing_change){.on = on, .who = {.room_id = room_id, .user_id = who->user_id}};
    snprintf(c->who.username, sizeof c->who.username, "%s", who->username);
}

void typing_board_collect(struct sidecar *s, struct job *j)
{
    struct typing_board *b = &s->typing;
    struct job_presence *p = &j->u.presence;

    if (b->said_count > 0) {
        p->said = arena_alloc(&j->arena, b->said_count * sizeof *p->said);
        memcpy(p->said, b->said, b->said_count * sizeof *p->said);
    }
    p->said_count = b->said_count;
    b->said_count = 0;
}

static const struct typist *find(const struct typist *list, size_t count, const struct typist *t)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].room_id == t->room_id && list[i].user_id == t->user_id)
            return &list[i];
    return NULL;
}

/* Who ignores them need not know it, nor they themselves. */
static bool spares(const void *ctx, const struct hub_reader *r)
{
    const struct typist *t = ctx;
    const struct session *x = (const struct session *)(const void *)r;

    return x->actor.user_id == t->user_id || ignored_has(&x->ignored, t->user_id);
}

static void push(struct sidecar *s, const struct typist *t, bool on)
{
    const char *room = hub_room_name(s->hub, t->room_id);
    struct frame *f;

    if (!room || hub_room_readers(s->hub, t->room_id) > SESSION_TYPING_ROOM)
        return;
    f = frames_typing(room, t->user_id, t->username, on);
    hub_broadcast(s->hub, t->room_id, session_chat_sink.format, f, spares, t, NULL);
    frame_unref(f);
}

void typing_board_answer(struct sidecar *s, const struct job *j)
{
    struct typing_board *b = &s->typing;
    const struct job_presence *p = &j->u.presence;

    for (size_t i = 0; i < p->typist_count; i++) {
        const struct typist *t = &p->typists[i], *was = find(b->list, b->count, t);

        if (t->posted && (!was || was->expires_ms < t->expires_ms))
            push(s, t, true);
    }
    for (size_t i = 0; i < b->count; i++)
        if (b->list[i].posted && !find(p->typists, p->typist_count, &b->list[i]))
            push(s, &b->list[i], false);
    free(b->list);
    b->list = NULL;
    b->count = p->typist_count;
    if (b->count > 0) {
        b->list = xmalloc(b->count * sizeof *b->list);
        memcpy(b->list, p->typists, b->count * sizeof *b->list);
    }
}

size_t typing_board_in(const struct session *x, int64_t room_id, struct typist *out)
{
    const struct typing_board *b = &x->sidecar->typing;
    size_t count = 0;

    for (size_t i = 0; i < b->count && count < TYPING_ROOM_MAX; i++)
        if (b->list[i].room_id == room_id && b->list[i].user_id != x->actor.user_id &&
            !ignored_has(&x->ignored, b->list[i].user_id))
            out[count++] = b->list[i];
    return count;
}

void typing_board_release(struct sidecar *s)
{
    free(s->typing.said);
    free(s->typing.list);
    s->typing = (struct typing_board){0};
}
