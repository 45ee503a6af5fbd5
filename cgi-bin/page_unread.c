/* The page's mark where the unread begin, and the way there. */
#include "cgi-bin/page.h"

#include "cgi-bin/answer.h"
#include "chat/unread.h"

/* True where the message is on the page; its row begins anew below the mark. */
static bool mark_row(struct json_object *rows, int64_t seq)
{
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        struct json_object *row = json_object_array_get_idx(rows, i);

        if (json_object_get_int64(json_object_object_get(row, "seq")) == seq) {
            json_set_bool(row, "unread_begins", true);
            json_set_bool(row, "continued", false);
            return true;
        }
    }
    return false;
}

static const char *label(struct arena *a, int64_t unread)
{
    if (unread > 99)
        return "More than 99 new messages";
    if (unread == 1)
        return "1 new message";
    return arena_fmt(a, "%lld new messages", (long long)unread);
}

static struct json_object *bar(const struct call *c, const struct room_view *view,
                               const struct unread_first *first, bool on_page)
{
    struct json_object *o = json_object_new_object();
    const char *room = answer_room_url(c, view->room.slug);

    json_set_str(o, "label", label(c->arena, view->unread));
    json_set_i64(o, "count", view->unread);
    json_set_str(o, "url",
                 on_page ? arena_fmt(c->arena, "#m%lld", (long long)first->seq)
                         : arena_fmt(c->arena, "%sunread/", room));
    json_set_i64(o, "head", view->room.head);
    return o;
}

enum err page_add_unread(struct call *c, const struct room_view *view, struct json_object *o,
                         struct fail *f)
{
    struct unread_first first;
    bool on_page;
    enum err e;

    if (view->unread <= 0)
        return OK;
    e = unread_in(c->chat, &c->actor, view, -1, &first, f);
    if (e)
        return e == ERR_MESSAGE_NOT_FOUND ? OK : e;
    json_set_bool(o, "has_unread", true);
    on_page = mark_row(json_object_object_get(o, "messages"), first.seq);
    json_set(o, "unread_bar", bar(c, view, &first, on_page));
    return OK;
}
