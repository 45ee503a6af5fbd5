/* The page of a thread: its room's, with the thread beside it. */
#include "cgi-bin/page.h"

#include "cgi-bin/answer.h"
#include "chat/act.h"
#include "chat/thread.h"

/* Why nobody answers here; NULL: the reader may. */
static const char *why_closed(const struct call *c, const struct thread *t)
{
    if (t->root.deleted_ms)
        return "The message that this thread began with was removed: it cannot be answered.";
    if (!act_rights(c->chat, &c->actor, &t->page.room.room, &t->root).reply)
        return "You can read here, but not write.";
    return NULL;
}

static void add_paging(const struct call *c, const struct page_query *q, const struct thread *t,
                       struct json_object *o)
{
    const struct history_page *p = &t->page;
    const char *url = answer_thread_url(c, t->root.id);
    bool forward = q->after >= 0;
    int64_t first = p->count ? p->messages[0].seq : q->after + 1;
    int64_t last = p->count ? p->messages[p->count - 1].seq : q->before - 1;

    if (forward ? q->after >= t->root.seq : p->has_more)
        json_set_str(o, "older", arena_fmt(c->arena, "%s?before=%lld", url, (long long)first));
    if (forward ? p->has_more : q->before > 0)
        json_set_str(o, "newer", arena_fmt(c->arena, "%s?after=%lld", url, (long long)last));
}

/* What all of them answer is in sight; other quotes stay. */
static void drop_quotes_of(int64_t root, struct json_object *rows)
{
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        struct json_object *row = json_object_array_get_idx(rows, i);

        if (json_object_get_int64(json_object_object_get(row, "reply_to")) == root)
            json_object_object_del(row, "quote");
    }
}

static void add_thread(const struct call *c, const struct page_query *q, const struct thread *t,
                       struct json_object *o)
{
    struct json_object *thread = json_object_new_object();
    const char *closed = why_closed(c, t);

    page_add_messages(c, &t->page, thread);
    drop_quotes_of(t->root.id, json_object_object_get(thread, "messages"));
    add_paging(c, q, t, thread);
    json_set_i64(thread, "root_id", t->root.id);
    json_set_str(thread, "count_label", page_replies_label(c->arena, t->root.replies));
    json_set_bool(thread, "in_thread", true);
    json_set_str(thread, "closed", closed);
    json_set(o, "thread", thread);
}

/* All of one moment, so that nothing is missing between the two lists. */
enum err page_thread_data(struct call *c, const struct page_query *q, struct json_object **out,
                          struct fail *f)
{
    struct page_query room = {.after = -1};
    struct thread t;
    enum err e = db_begin_read(c->chat->db, f);

    if (e)
        return e;
    e = thread_messages(c->chat, c->arena, &c->actor, q->thread_id, q->before, q->after,
                        HISTORY_PAGE, &t, f);
    if (!e) {
        room.room = t.page.room.room.slug;
        room.thread_id = t.root.id;
        e = page_data(c, &room, out, f);
    }
    db_end_read(c->chat->db);
    if (!e)
        add_thread(c, q, &t, *out);
    return e;
}
