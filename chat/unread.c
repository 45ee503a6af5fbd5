#include "chat/unread.h"

/* Read up to there: what was said before one joined is nobody's to catch up on. */
static int64_t mark_of(const struct room_view *view)
{
    return view->last_read_seq > view->joined_seq ? view->last_read_seq : view->joined_seq;
}

enum err unread_in(struct chat *c, const struct actor *who, const struct room_view *view,
                   int64_t after, struct unread_first *out, struct fail *f)
{
    enum err e = ERR_NOT_FOUND;

    *out = (struct unread_first){0};
    if (after < 0 && view->unread > 0)
        after = mark_of(view);
    if (after >= 0 && after < view->room.floor)
        after = view->room.floor;
    if (after >= 0)
        e = unread_find_first(c->db, view->room.id, who->user_id, after, out, f);
    if (e == ERR_NOT_FOUND)
        return fail(f, ERR_MESSAGE_NOT_FOUND, "Nothing in this room is unread.");
    return e;
}

enum err unread_find(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                     int64_t after, struct unread_first *out, struct fail *f)
{
    struct room_view view;
    enum err e = db_begin_read(c->db, f);

    *out = (struct unread_first){0};
    if (e)
        return e;
    e = rooms_find(c, a, who, room, &view, f);
    if (!e)
        e = unread_in(c, who, &view, after, out, f);
    db_end_read(c->db);
    return e;
}
