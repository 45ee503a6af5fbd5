#include "chat/day.h"

#include "db/event_time.h"

static enum err find(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                     int64_t wall_ms, struct message *out, struct fail *f)
{
    struct room_view view;
    int64_t seq = 0;
    size_t count = 0;
    bool more;
    enum err e = rooms_find(c, a, who, room, &view, f);

    if (!e)
        e = event_seq_at(c->db, &view.room, wall_ms, &seq, f);
    if (!e)
        e = message_list(c->db, a, view.room.id, who->user_id, 0, seq, out, 1, &count, &more, f);
    if (!e && count == 0)
        e = message_list(c->db, a, view.room.id, who->user_id, 0, -1, out, 1, &count, &more, f);
    if (!e && (count == 0 || out->seq <= view.room.floor))
        return fail(f, ERR_MESSAGE_NOT_FOUND, "Nothing was said in this room yet.");
    return e;
}

enum err day_find(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                  int64_t wall_ms, struct message *out, struct fail *f)
{
    enum err e = db_begin_read(c->db, f);

    *out = (struct message){0};
    if (e)
        return e;
    e = find(c, a, who, room, wall_ms, out, f);
    db_end_read(c->db);
    return e;
}
