#include "chat/mydata.h"

#include "chat/limits.h"
#include "chat/wire.h"
#include "chat/wire_file.h"
#include "db/mine.h"
#include "db/revision.h"
#include "lib/text.h"

#include <errno.h>
#include <string.h>

enum { PAGE = 50, REVISIONS_MAX = 200 };

struct walk {
    struct chat *chat;
    const struct actor *who;
    FILE *out;
    struct arena arena;   /* of one page or list */
    size_t items;         /* of the list under way */
    int64_t room_id, seq; /* of the last message that was written */
    int64_t part_bytes;
    bool more;
};

/* Takes the object over. */
static void put(struct walk *w, struct json_object *o)
{
    size_t len;
    const char *text = json_text(o, &len);

    fwrite(text, 1, len, w->out);
    json_object_put(o);
}

/* ----- lists ----- */

static void begin_list(struct walk *w, const char *name)
{
    fprintf(w->out, "\"%s\":[", name);
    w->items = 0;
}

/* Takes the object over. */
static void put_item(struct walk *w, struct json_object *o)
{
    if (w->items++)
        fputs(",\n", w->out);
    put(w, o);
}

static void end_list(struct walk *w)
{
    fputs("],\n", w->out);
    arena_clear(&w->arena);
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

static enum err put_user(struct walk *w, struct fail *f)
{
    struct user user;
    struct json_object *o;
    const char *prefs = "{}";
    enum err e = user_by_id(w->chat->db, &w->arena, w->who->user_id, &user, f);

    if (!e)
        e = mine_prefs(w->chat->db, &w->arena, w->who->user_id, &prefs, f);
    if (e)
        return e;
    o = wire_user(w->who);
    json_set_str(o, "login", user.ext_id);
    json_set_i64(o, "first_seen", user.first_seen_ms);
    fputs("\"user\":", w->out);
    put(w, o);
    fprintf(w->out, ",\"prefs\":%s,\n", prefs);
    arena_clear(&w->arena);
    return OK;
}

static enum err put_rooms(struct walk *w, struct fail *f)
{
    struct my_room *list = arena_alloc(&w->arena, ROOMS_MAX * sizeof *list);
    size_t count = 0;
    enum err e = mine_rooms(w->chat->db, &w->arena, w->who->user_id, list, ROOMS_MAX, &count, f);

    begin_list(w, "rooms");
    for (size_t i = 0; i < count; i++) {
        struct json_object *o = json_object_new_object();

        json_set_str(o, "id", list[i].slug);
        json_set_str(o, "kind", list[i].kind);
        json_set_i64(o, "joined_seq", list[i].joined_seq);
        json_set_i64(o, "last_read_seq", list[i].last_read_seq);
        put_item(w, o);
    }
    end_list(w);
    return e;
}

static enum err put_ignored(struct walk *w, struct fail *f)
{
    struct ignored_user *list = arena_alloc(&w->arena, IGNORED_MOST * sizeof *list);
    size_t count = 0;
    enum err e = ignored_list(w->chat->db, &w->arena, w->who->user_id, list, &count, f);

    fputs("\"ignored\":", w->out);
    put(w, wire_ignored(list, count));
    fputs(",\n", w->out);
    arena_clear(&w->arena);
    return e;
}

static void put_reaction(void *ctx, const struct my_reaction *r)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "msg_id", r->msg_id);
    json_set_str(o, "emoji", r->emoji);
    json_set_i64(o, "timestamp", r->ts_ms);
    put_item(ctx, o);
}

static enum err put_reactions(struct walk *w, struct fail *f)
{
    enum err e;

    begin_list(w, "reactions");
    e = mine_reactions(w->chat->db, w->who->user_id, put_reaction, w, f);
    end_list(w);
    return e;
}

static void put_mention(void *ctx, const struct my_mention *m)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "msg_id", m->msg_id);
    json_set_i64(o, "timestamp", m->ts_ms);
    put_item(ctx, o);
}

static enum err put_mentions(struct walk *w, struct fail *f)
{
    enum err e;

    begin_list(w, "mentions");
    e = mine_mentions(w->chat->db, w->who->user_id, put_mention, w, f);
    end_list(w);
    return e;
}

static void put_file(void *ctx, const struct attachment *file)
{
    struct json_object *o = wire_file(file);

    json_set_str(o, "sha256", file->file.sha256);
    json_set_i64(o, "timestamp", file->created_ms);
    if (file->msg_id)
        json_set_i64(o, "msg_id", file->msg_id);
    put_item(ctx, o);
}

static enum err put_files(struct walk *w, struct fail *f)
{
    enum err e;

    begin_list(w, "files");
    e = attachment_each_of(w->chat->db, w->who->user_id, put_file, w, f);
    end_list(w);
    return e;
}

static enum err put_person(struct walk *w, struct fail *f)
{
    enum err e = put_user(w, f);

    if (!e)
        e = put_rooms(w, f);
    if (!e)
        e = put_ignored(w, f);
    if (!e)
        e = put_reactions(w, f);
    if (!e)
        e = put_mentions(w, f);
    return e ? e : put_files(w, f);
}

/* ----- messages ----- */

static enum err put_message(struct walk *w, const struct message *m, struct fail *f)
{
    struct json_object *o = wire_message(m, m->room_slug);
    enum err e = OK;

    if (m->edited_ms || m->deleted_ms) {
        struct revision *list = arena_alloc(&w->arena, REVISIONS_MAX * sizeof *list);
        size_t count = 0;

        e = revision_list(w->chat->db, &w->arena, m->id, list, REVISIONS_MAX, &count, f);
        json_set(o, "revisions", wire_revisions(m, list, count));
    }
    put_item(w, o);
    w->room_id = m->room_id;
    w->seq = m->seq;
    return e;
}

static enum err put_page(struct walk *w, struct fail *f)
{
    struct message *list = arena_alloc(&w->arena, PAGE * sizeof *list);
    size_t count = 0, i = 0;
    enum err e = mine_messages(w->chat->db, &w->arena, w->who->user_id, w->room_id, w->seq, list,
                               PAGE, &count, f);

    while (!e && i < count && ftello(w->out) < w->part_bytes)
        e = put_message(w, &list[i++], f);
    w->more = i < count || count == PAGE;
    arena_clear(&w->arena);
    return e;
}

static enum err put_messages(struct walk *w, struct fail *f)
{
    enum err e;

    begin_list(w, "messages");
    do {
        e = put_page(w, f);
    } while (!e && w->more && ftello(w->out) < w->part_bytes);
    end_list(w);
    if (w->more)
        fprintf(w->out, "\"next\":\"%lld:%lld\"}\n", (long long)w->room_id, (long long)w->seq);
    else
        fputs("\"next\":null}\n", w->out);
    return e;
}

/* What a disk did not take shows here at the latest. */
static enum err finish(const struct walk *w, struct fail *f)
{
    if (fflush(w->out) == 0 && !ferror(w->out))
        return OK;
    return errno == ENOSPC || errno == EDQUOT
               ? fail(f, ERR_STORAGE_FULL, NULL)
               : fail(f, ERR_INTERNAL, "Cannot write a file: %s.", strerror(errno));
}

enum err mydata_write(struct chat *c, const struct actor *who, const char *after,
                      int64_t part_bytes, FILE *out, struct fail *f)
{
    struct walk w = {.chat = c, .who = who, .out = out, .part_bytes = part_bytes};
    enum err e = parse_after(after, &w, f);

    if (!e)
        e = limits_take_export(c, who, f);
    if (e)
        return e;
    arena_init(&w.arena);
    fputs("{", out);
    if (!after)
        e = put_person(&w, f);
    if (!e)
        e = put_messages(&w, f);
    arena_release(&w.arena);
    return e ? e : finish(&w, f);
}
