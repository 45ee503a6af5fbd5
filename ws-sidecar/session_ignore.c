/* Whom a reader ignores: what of the rooms' slices it sees. */
#include "ws-sidecar/session_part.h"

#include "chat/ignore.h"
#include "ws-sidecar/feed.h"

#include <stdlib.h>
#include <string.h>

enum err session_ignore(struct session *x, const struct actor *who, struct fail *f)
{
    struct ignored found;
    int64_t *ids = NULL;
    struct arena a;
    enum err e;

    arena_init(&a);
    e = ignore_load(&x->sidecar->chat, &a, who, &found, f);
    if (!e) {
        if (found.count > 0) {
            ids = xmalloc(found.count * sizeof *ids);
            memcpy(ids, found.ids, found.count * sizeof *ids);
        }
        free((void *)(uintptr_t)x->ignored.ids);
        x->ignored = found;
        x->ignored.ids = ids;
        x->reader.choosy = found.count > 0;
    }
    arena_release(&a);
    return e;
}

/* The event once more, dressed for this reader. What is not there any more is withheld. */
static enum err own_slice(struct session *x, int64_t room_id, const struct slice *s,
                          struct slice **out)
{
    struct sidecar *sidecar = x->sidecar;
    const char *room = hub_room_name(sidecar->hub, room_id);
    struct event event;
    struct arena a;
    struct fail f;
    size_t count = 0;
    enum err e;

    arena_init(&a);
    e = event_list(sidecar->chat.db, &a, room_id, s->seq - 1, &event, 1, &count, &f);
    if (!e && count == 1 && event.seq == s->seq) {
        e = ignore_dress_event(&sidecar->chat, &x->ignored, &a, &event, &f);
        if (!e)
            *out = feed_slice(&event, room);
    }
    arena_release(&a);
    return e;
}

/* Whether the thread's count has replies that this reader does not see. */
static bool counts_ignored(struct session *x, const struct slice *s)
{
    int64_t count = 0;
    struct fail f;

    return s->thread &&
           !message_ignored_replies(x->sidecar->chat.db, s->thread, x->ignored.user_id, &count,
                                    &f) &&
           count > 0;
}

enum err session_view(struct hub_reader *r, int64_t room_id, struct slice *s, struct slice **out)
{
    struct session *x = (struct session *)(void *)r;

    *out = NULL;
    for (size_t i = 0; i < ARRAY_LEN(s->parties); i++)
        if (ignored_has(&x->ignored, s->parties[i]))
            return OK;
    if (s->reacted || ignored_has(&x->ignored, s->quoted_user_id) || counts_ignored(x, s))
        return own_slice(x, room_id, s, out);
    *out = slice_ref(s);
    return OK;
}
