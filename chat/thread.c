#include "chat/thread.h"

#include "chat/lookup.h"

static enum err find_root(struct chat *c, struct arena *a, const struct actor *who, int64_t msg_id,
                          struct thread *out, struct fail *f)
{
    struct room_view *room = &out->page.room;
    enum err e = lookup_shown(c, a, who, msg_id, room, &out->root, f);

    if (!e && out->root.thread_root)
        e = lookup_shown(c, a, who, out->root.thread_root, room, &out->root, f);
    return e;
}

static enum err load(struct chat *c, struct arena *a, const struct actor *who, int64_t msg_id,
                     int64_t before, int64_t after, size_t limit, struct thread *out,
                     struct fail *f)
{
    struct history_page *p = &out->page;
    bool reaches_root;
    enum err e = find_root(c, a, who, msg_id, out, f);

    if (!e)
        e = db_epoch(c->db, a, &p->epoch, f);
    if (!e)
        e = message_list_thread(c->db, a, out->root.id, who->user_id, before, after,
                                p->messages + 1, limit, &p->count, &p->has_more, f);
    if (e)
        return e;
    reaches_root = after >= 0 ? after < out->root.seq
                              : !p->has_more && (before <= 0 || out->root.seq < before);
    if (reaches_root) {
        p->messages[0] = out->root;
        p->count++;
    } else {
        p->messages++;
    }
    return history_finish(c, a, who, p, f);
}

enum err thread_messages(struct chat *c, struct arena *a, const struct actor *who, int64_t msg_id,
                         int64_t before, int64_t after, size_t limit, struct thread *out,
                         struct fail *f)
{
    enum err e;

    if (limit < 1 || limit > HISTORY_PAGE_MAX)
        limit = HISTORY_PAGE_MAX;
    *out = (struct thread){.page = {.epoch = ""}};
    out->page.messages = arena_alloc(a, (limit + 1) * sizeof *out->page.messages);
    e = db_begin_read(c->db, f);
    if (e)
        return e;
    e = load(c, a, who, msg_id, before, after, limit, out, f);
    db_end_read(c->db);
    return e;
}
