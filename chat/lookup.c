#include "chat/lookup.h"

#include "chat/act.h"

enum err lookup_message(struct chat *c, struct arena *a, const struct actor *who, int64_t msg_id,
                        struct room_view *room, struct message *out, struct fail *f)
{
    enum err e = message_seen_by_id(c->db, a, msg_id, who->user_id, out, f);

    if (!e)
        e = rooms_find(c, a, who, out->room_slug, room, f);
    if (e == ERR_NOT_FOUND || e == ERR_ROOM_NOT_FOUND)
        return fail(f, ERR_MESSAGE_NOT_FOUND, NULL);
    if (!e && out->seq <= room->room.floor)
        return fail(f, ERR_MESSAGE_NOT_FOUND, NULL);
    return e;
}

enum err lookup_shown(struct chat *c, struct arena *a, const struct actor *who, int64_t msg_id,
                      struct room_view *room, struct message *out, struct fail *f)
{
    struct ignored ignored;
    enum err e = lookup_message(c, a, who, msg_id, room, out, f);

    if (!e)
        e = ignore_load(c, a, who, &ignored, f);
    if (!e && ignored_has(&ignored, out->user_id))
        return fail(f, ERR_MESSAGE_NOT_FOUND, NULL);
    return e ? e : ignore_dress(c, &ignored, a, out, f);
}

enum err lookup_revisions(struct chat *c, struct arena *a, const struct actor *who, int64_t msg_id,
                          struct message *now, struct revision **out, size_t *count, struct fail *f)
{
    struct room_view room;
    enum err e = lookup_shown(c, a, who, msg_id, &room, now, f);

    if (e)
        return e;
    if (!act_rights(c, who, &room.room, now).revisions)
        return fail(f, ERR_MESSAGE_NOT_FOUND, NULL);
    *out = arena_alloc(a, LOOKUP_REVISIONS * sizeof **out);
    return revision_list(c->db, a, msg_id, *out, LOOKUP_REVISIONS, count, f);
}

static enum err load_pins(struct chat *c, struct arena *a, const struct actor *who,
                          const char *room, struct room_view *view, struct pin *out, size_t *count,
                          struct fail *f)
{
    enum err e = rooms_find(c, a, who, room, view, f);
    struct ignored ignored = {0};
    size_t all = 0;

    if (!e)
        e = ignore_load(c, a, who, &ignored, f);
    if (!e)
        e = pin_list(c->db, a, view->room.id, out, &all, f);
    *count = 0;
    for (size_t i = 0; !e && i < all; i++)
        if (out[i].seq > view->room.floor && !ignored_has(&ignored, out[i].user_id))
            out[(*count)++] = out[i];
    return e;
}

enum err lookup_pins(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                     struct room_view *view, struct pin **out, size_t *count, struct fail *f)
{
    enum err e = db_begin_read(c->db, f);

    *out = arena_alloc(a, PIN_MOST * sizeof **out);
    if (e)
        return e;
    e = load_pins(c, a, who, room, view, *out, count, f);
    db_end_read(c->db);
    return e;
}

/* Older ones, the message itself, newer ones: one list. */
static enum err load_context(struct chat *c, struct arena *a, const struct actor *who,
                             int64_t msg_id, size_t around, struct lookup_context *out,
                             struct fail *f)
{
    struct history_page *p = &out->page;
    size_t newer = 0;
    enum err e = lookup_shown(c, a, who, msg_id, &p->room, &out->message, f);

    if (!e)
        e = db_epoch(c->db, a, &p->epoch, f);
    if (!e)
        e = message_list(c->db, a, p->room.room.id, who->user_id, out->message.seq, -1, p->messages,
                         around, &p->count, &p->has_more, f);
    if (e)
        return e;
    p->messages[p->count++] = out->message;
    e = message_list(c->db, a, p->room.room.id, who->user_id, 0, out->message.seq,
                     p->messages + p->count, around, &newer, &out->has_newer, f);
    p->count += newer;
    return e ? e : history_finish(c, a, who, p, f);
}

enum err lookup_context(struct chat *c, struct arena *a, const struct actor *who, int64_t msg_id,
                        size_t around, struct lookup_context *out, struct fail *f)
{
    enum err e;

    *out = (struct lookup_context){.page = {.epoch = ""}};
    out->page.messages = arena_alloc(a, (2 * around + 1) * sizeof *out->page.messages);
    e = db_begin_read(c->db, f);
    if (e)
        return e;
    e = load_context(c, a, who, msg_id, around, out, f);
    db_end_read(c->db);
    return e;
}
