/* Read marks: a person's devices hear how far the others of them came, and
 * what that leaves unread. */
#include "ws-sidecar/session_part.h"

#include "chat/wire.h"
#include "db/mark.h"

enum { MARKS_PAGE = 100 };

/* To those of the person's sessions that are not `x`, which knows. */
static void tell(struct sidecar *s, int64_t user_id, const struct session *x,
                 const struct room_view *v)
{
    struct session *y = map_get_id(&s->by_user, user_id), *next;
    struct frame *f = frames_read(v);

    for (; y; y = next) {
        next = y->next_of_user;
        if (y == x || y->closing)
            continue;
        if (y->mode == SESSION_CHAT)
            session_send(y, frame_ref(f));
        else if (y->conn && y->conn->ops->marked)
            y->conn->ops->marked(y->conn, v);
    }
    frame_unref(f);
}

void session_marked(struct session *x, struct job *j)
{
    struct job_read *in = &j->u.read;

    x->jobs--;
    if (j->err) {
        if (j->fail.err != j->err)
            fail(&j->fail, j->err, NULL);
        session_fail(x, &j->fail, NULL, in->room);
    } else if (in->changed && x->user_key) {
        tell(x->sidecar, x->user_key, x, &in->view);
    }
}

static void tell_news(struct sidecar *s, const struct mark_news *news)
{
    struct room_view v;
    struct arena a;
    struct fail f;

    if (!map_get_id(&s->by_user, news->user_id))
        return;
    arena_init(&a);
    if (room_view(s->chat.db, &a, news->room_id, news->user_id, &v, &f) == OK)
        tell(s, news->user_id, NULL, &v);
    arena_release(&a);
}

void session_read_marks(struct sidecar *s)
{
    struct mark_news news[MARKS_PAGE];
    struct fail f;
    size_t count = 0;

    do {
        if (mark_list(s->chat.db, s->marks_told, news, MARKS_PAGE, &count, &f))
            return; /* with the next wake-up */
        for (size_t i = 0; i < count; i++)
            tell_news(s, &news[i]);
        if (count > 0)
            s->marks_told = news[count - 1].id;
    } while (count == MARKS_PAGE);
}
