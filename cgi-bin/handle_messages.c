/* messages/ and messages/create/. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/handover.h"
#include "chat/upload.h"
#include "chat/wire.h"
#include "lib/secure.h"

#include <string.h>

/* Everything that changes a row of a room is an event of it, so the head stands for all of them;
 * but for whom the reader ignores. */
static const char *etag(struct arena *a, const struct history_page *page, int64_t in_thread)
{
    unsigned char hash[SECURE_HASH];
    char hex[33];
    const struct room *room = &page->room.room;
    int64_t first = page->count ? page->messages[0].seq : 0;
    int64_t last = page->count ? page->messages[page->count - 1].seq : 0;
    const char *text =
        arena_fmt(a, "%s %s %lld %lld %lld %lld %lld %zu %d %zu %lld", page->epoch, room->slug,
                  (long long)in_thread, (long long)room->head, (long long)room->floor,
                  (long long)first, (long long)last, page->count, page->has_more,
                  page->ignored.count, (long long)page->ignored.stamp);

    secure_sha256(hash, text, strlen(text));
    secure_hex(hex, hash, 16);
    return arena_fmt(a, "\"%s\"", hex);
}

enum err handle_messages(struct call *c, struct fail *f)
{
    int64_t before = call_number(c, "before", 0), after = call_number(c, "after", -1);
    int64_t in_thread = call_number(c, "thread", 0);
    size_t limit = (size_t)call_number(c, "limit", HISTORY_PAGE);
    struct thread thread;
    struct history_page *page = &thread.page;
    const char *tag;
    enum err e;

    if (before > 0 && after >= 0)
        return fail(f, ERR_BAD_REQUEST, "Give before or after, not both.");
    if (in_thread)
        e = thread_messages(c->chat, c->arena, &c->actor, in_thread, before, after, limit, &thread,
                            f);
    else
        e = history_messages(c->chat, c->arena, &c->actor, call_text(c, "room"), before, after,
                             limit, page, f);
    if (e)
        return e;
    tag = etag(c->arena, page, in_thread);
    http_add_header(&c->res, "ETag", tag);
    http_add_header(&c->res, "Vary", "Cookie, Authorization");
    c->res.cache_control = "private, no-cache";
    if (http_etag_matches(&c->req, tag))
        return answer_empty(c, 304);
    return answer_json(c, 200, in_thread ? wire_thread_page(&thread) : wire_page(page));
}

/* Where a form's sender goes on: to the room, or to the thread that was answered. */
static const char *place_of(const struct call *c, const struct post *post,
                            struct json_object *message)
{
    const char *back = call_text(c, "back");
    struct json_object *thread;

    if (back && strcmp(back, "thread") == 0 &&
        json_object_object_get_ex(message, "thread", &thread))
        return answer_thread_url(c, json_object_get_int64(json_object_object_get(thread, "id")));
    return answer_room_url(c, post->room);
}

/* A part of the form that is a file; a field where none was chosen comes without a name. */
static bool is_file(const struct form_field *field)
{
    return field->name_len == 4 && memcmp(field->name, "file", 4) == 0 && field->filename_len > 0;
}

/* The files that a form carries, kept; their ids. */
static enum err take_files(struct call *c, const char **ids, struct fail *f)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < c->body.count; i++) {
        const struct form_field *field = &c->body.fields[i];
        const struct upload_wish wish = {
            .actor = &c->actor,
            .room = call_text(c, "room"),
            .name = field->filename,
            .name_len = field->filename_len,
            .size = (int64_t)field->value_len,
            .address = *c->req.address ? c->req.address : NULL,
        };
        struct upload whole;

        if (!is_file(field))
            continue;
        e = upload_whole(c->chat, c->arena, &wish, field->value, &whole, f);
        if (!e)
            *ids = arena_fmt(c->arena, "%s %s", *ids ? *ids : "", whole.row.id);
    }
    return e;
}

enum err handle_message_create(struct call *c, struct fail *f)
{
    const char *client_id = call_text(c, "client_id");
    struct post post = {
        .actor = &c->actor,
        .room = call_text(c, "room"),
        .text = call_text(c, "message"),
        .text_len = call_value(c, "message")->len,
        .client_id = client_id ? client_id : call_text(c, "IDEMPOTENCY_KEY"),
        .sentiment = call_text(c, "sentiment"),
        .disclosure = call_text(c, "disclosure"),
        .attachments = call_text(c, "attachments"),
        .reply_to = call_number(c, "reply_to", 0),
        .via = call_wants_page(c) ? "form" : "api",
        .address = *c->req.address ? c->req.address : NULL,
    };
    struct json_object *o;
    enum err e = take_files(c, &post.attachments, f);

    if (!e)
        e = handover_post(c->chat, c->arena, &post, &o, f);
    if (e)
        return e;
    if (!call_wants_page(c))
        return answer_json(c, json_object_object_get_ex(o, "duplicate", NULL) ? 200 : 201, o);
    e = answer_see_other(c, place_of(c, &post, json_object_object_get(o, "message")));
    json_object_put(o);
    return e;
}
