#include "chat/mydata.h"

#include "chat/limits.h"
#include "chat/wire.h"
#include "db/mine.h"
#include "db/revision.h"
#include "lib/text.h"

#include <string.h>

enum { PAGE = 200, REACTIONS_MAX = 20000, MENTIONED_MAX = 20000, REVISIONS_MAX = 200 };

struct walk {
    struct chat *chat;
    const struct actor *who;
    struct buf *out;
    int64_t room_id, seq; /* of the last message that was written */
    size_t written;
    bool more;
};

/* Takes the object over. */
static void put(struct buf *out, struct json_object *o)
{
    size_t len;
    const char *text = json_text(o, &len);

    buf_add(out, text, len);
    json_object_put(o);
}

/* Another object at the end of a list, which owns it. */
static struct json_object *added(struct json_object *list)
{
    struct json_object *o = json_object_new_object();

    json_object_array_add(list, o);
    return o;
}

/* "12:345": room and seq of the last message that the person has. */
static enum err parse_after(const char *after, struct walk *w, struct fail *f)
{
    const char *colon = after ? strchr(after, ':') : NULL;

    if (!after)
        return OK;
    if (!colon || !text_to_i64(after, (size_t)(colon - after), 1, INT64_MAX, &w->room_id) ||
        !text_to_i64(colon + 1, strlen(colon + 1), 0, INT64_MAX, &w->seq))
        return fail(f, ERR_BAD_REQUEST, "after is the `next` of the part before.");
    return OK;
}

/* ----- what is not a message ----- */

/* Takes the list over. */
static void put_list(struct walk *w, const char *name, struct json_object *list)
{
    buf_fmt(w->out, ",\"%s\":", name);
    put(w->out, list);
}

static enum err put_rooms(struct walk *w, struct arena *a, struct fail *f)
{
    struct my_room *list = arena_alloc(a, ROOMS_MAX * sizeof *list);
    struct json_object *rooms = json_object_new_array();
    size_t count = 0;
    enum err e = mine_rooms(w->chat->db, a, w->who->user_id, list, ROOMS_MAX, &count, f);

    for (size_t i = 0; i < count; i++) {
        struct json_object *o = added(rooms);

        json_set_str(o, "id", list[i].slug);
        json_set_str(o, "kind", list[i].kind);
        json_set_i64(o, "joined_seq", list[i].joined_seq);
        json_set_i64(o, "last_read_seq", list[i].last_read_seq);
    }
    put_list(w, "rooms", rooms);
    return e;
}

static enum err put_ignored(struct walk *w, struct arena *a, struct fail *f)
{
    struct ignored_user *list = arena_alloc(a, IGNORED_MOST * sizeof *list);
    size_t count = 0;
    enum err e = ignored_list(w->chat->db, a, w->who->user_id, list, &count, f);

    put_list(w, "ignored", wire_ignored(list, count));
    return e;
}

static enum err put_reactions(struct walk *w, struct arena *a, struct fail *f)
{
    struct my_reaction *list = arena_alloc(a, REACTIONS_MAX * sizeof *list);
    struct json_object *all = json_object_new_array();
    size_t count = 0;
    enum err e = mine_reactions(w->chat->db, a, w->who->user_id, list, REACTIONS_MAX, &count, f);

    for (size_t i = 0; i < count; i++) {
        struct json_object *o = added(all);

        json_set_i64(o, "msg_id", list[i].msg_id);
        json_set_str(o, "emoji", list[i].emoji);
        json_set_i64(o, "timestamp", list[i].ts_ms);
    }
    put_list(w, "reactions", all);
    return e;
}

static enum err put_mentions(struct walk *w, struct arena *a, struct fail *f)
{
    struct my_mention *list = arena_alloc(a, MENTIONED_MAX * sizeof *list);
    struct json_object *all = json_object_new_array();
    size_t count = 0;
    enum err e = mine_mentions(w->chat->db, w->who->user_id, list, MENTIONED_MAX, &count, f);

    for (size_t i = 0; i < count; i++) {
        struct json_object *o = added(all);

        json_set_i64(o, "msg_id", list[i].msg_id);
        json_set_i64(o, "timestamp", list[i].ts_ms);
    }
    put_list(w, "mentions", all);
    return e;
}

static enum err put_person(struct walk *w, struct arena *a, struct fail *f)
{
    struct user user;
    struct json_object *o;
    const char *prefs = "{}";
    enum err e = user_by_id(w->chat->db, a, w->who->user_id, &user, f);

    if (!e)
        e = mine_prefs(w->chat->db, a, w->who->user_id, &prefs, f);
    if (e)
        return e;
    o = wire_user(w->who);
    json_set_str(o, "login", user.ext_id);
    json_set_i64(o, "first_seen", user.first_seen_ms);
    buf_str(w->out, "\"user\":");
    put(w->out, o);
    buf_fmt(w->out, ",\"prefs\":%s", prefs);
    e = put_rooms(w, a, f);
    if (!e)
        e = put_ignored(w, a, f);
    if (!e)
        e = put_reactions(w, a, f);
    if (!e)
        e = put_mentions(w, a, f);
    buf_str(w->out, ",");
    return e;
}

/* ----- messages ----- */

static enum err put_message(struct walk *w, struct arena *a, const struct message *m,
                            struct fail *f)
{
    struct json_object *o = wire_message(m, m->room_slug);
    enum err e = OK;

    if (m->edited_ms || m->deleted_ms) {
        struct revision *list = arena_alloc(a, REVISIONS_MAX * sizeof *list);
        size_t count = 0;

        e = revision_list(w->chat->db, a, m->id, list, REVISIONS_MAX, &count, f);
        json_set(o, "revisions", wire_revisions(m, list, count));
    }
    if (w->written++)
        buf_str(w->out, ",\n");
    put(w->out, o);
    w->room_id = m->room_id;
    w->seq = m->seq;
    return e;
}

/* A page with its own arena, so that a long list needs no more than its text. */
static enum err put_page(struct walk *w, struct arena *a, struct fail *f)
{
    struct message *list = arena_alloc(a, PAGE * sizeof *list);
    size_t count = 0;
    enum err e =
        mine_messages(w->chat->db, a, w->who->user_id, w->room_id, w->seq, list, PAGE, &count, f);

    for (size_t i = 0; !e && i < count; i++)
        e = put_message(w, a, &list[i], f);
    w->more = count == PAGE;
    return e;
}

static enum err put_messages(struct walk *w, struct fail *f)
{
    struct arena a;
    enum err e;

    arena_init(&a);
    buf_str(w->out, "\"messages\":[");
    do {
        e = put_page(w, &a, f);
        arena_clear(&a);
    } while (!e && w->more && w->written < MYDATA_PART);
    arena_release(&a);
    if (w->more)
        buf_fmt(w->out, "],\"next\":\"%lld:%lld\"}\n", (long long)w->room_id, (long long)w->seq);
    else
        buf_str(w->out, "],\"next\":null}\n");
    return e;
}

enum err mydata_write(struct chat *c, struct arena *a, const struct actor *who, const char *after,
                      struct buf *out, struct fail *f)
{
    struct walk w = {.chat = c, .who = who, .out = out};
    enum err e = parse_after(after, &w, f);

    if (!e)
        e = limits_take_export(c, who, f);
    if (e)
        return e;
    buf_str(out, "{");
    if (!after)
        e = put_person(&w, a, f);
    return e ? e : put_messages(&w, f);
}
