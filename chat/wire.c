#include "chat/wire.h"

#include "chat/excerpt.h"
#include "chat/wire_file.h"
#include "chat/wire_mention.h"
#include "db/reaction.h"

#include <string.h>

static struct json_object *wire_quote(const struct message *m)
{
    struct json_object *o = json_object_new_object();
    char excerpt[EXCERPT_BYTES];

    if (m->quote_hidden) {
        json_set_bool(o, "hidden", true);
        return o;
    }
    json_set_i64(o, "id", m->reply_to);
    json_set_i64(o, "seq", m->quote->seq);
    json_set_i64(o, "user_id", m->quote->user_id);
    json_set_str(o, "username", m->quote->author_name);
    if (m->quote->deleted_ms) {
        json_set_bool(o, "deleted", true);
        return o;
    }
    excerpt_write(excerpt, m->quote->body);
    json_set_str(o, "excerpt", *excerpt ? excerpt : wire_file_words(m->quote->attachments));
    return o;
}

static struct json_object *wire_reactions(const struct message *m)
{
    struct json_object *array = json_object_new_array_ext((int)m->reaction_count);

    for (size_t i = 0; i < m->reaction_count; i++) {
        const struct reaction *r = &m->reactions[i];
        struct json_object *o = json_object_new_object(), *users = json_object_new_array();

        for (size_t j = 0; j < r->user_count; j++)
            json_object_array_add(users, json_object_new_int64(r->user_ids[j]));
        json_set_str(o, "emoji", r->emoji);
        json_set_i64(o, "count", r->count);
        json_set(o, "user_ids", users);
        json_object_array_add(array, o);
    }
    return array;
}

static void add_thread(struct json_object *o, int64_t root, int64_t replies)
{
    struct json_object *thread = json_object_new_object();

    json_set_i64(thread, "id", root);
    json_set_i64(thread, "replies", replies);
    json_set(o, "thread", thread);
}

/* A reply's thread, and how many replies that has now; none where its root is gone. */
static void add_thread_of(struct json_object *o, const struct message *m)
{
    if (m->thread_root && m->thread_replies >= 0)
        add_thread(o, m->thread_root, m->thread_replies);
}

/* Begins as items of messages/ always did: id, username, message, timestamp. */
struct json_object *wire_message(const struct message *m, const char *room)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "id", m->id);
    json_set_str(o, "username", m->author_name);
    if (!m->deleted_ms)
        json_set_str(o, "message", message_text(m));
    json_set_i64(o, "timestamp", m->created_ms);
    json_set_str(o, "type", "message");
    json_set_str(o, "room", room);
    json_set_i64(o, "seq", m->seq);
    json_set_i64(o, "user_id", m->user_id);
    json_set_i64(o, "actor_id", m->user_id);
    if (!m->deleted_ms) {
        json_set_str(o, "html", m->html);
        json_set_str(o, "sentiment", m->sentiment);
        json_set_str(o, "disclosure", m->disclosure);
    }
    wire_add_mentions(o, m);
    if (m->attachment_count)
        json_set(o, "attachments", wire_files(m->attachments, m->attachment_count));
    if (m->reply_to)
        json_set_i64(o, "reply_to", m->reply_to);
    if (m->quote || m->quote_hidden)
        json_set(o, "quote", wire_quote(m));
    add_thread_of(o, m);
    if (m->replies)
        json_set_i64(o, "replies", m->replies);
    if (m->reaction_count)
        json_set(o, "reactions", wire_reactions(m));
    json_set_i64(o, "rev", m->rev);
    json_set_str(o, "client_id", m->client_id);
    if (m->edited_ms)
        json_set_i64(o, "edited_at", m->edited_ms);
    if (m->deleted_ms)
        json_set_bool(o, "deleted", true);
    return o;
}

static void add_payload(struct json_object *o, const char *payload)
{
    struct json_object *fields = NULL;
    struct fail f;

    if (!payload || json_parse(payload, strlen(payload), &fields, &f))
        return;
    if (json_object_is_type(fields, json_type_object)) {
        json_object_object_foreach(fields, key, value)
        {
            if (!json_object_object_get_ex(o, key, NULL))
                json_set(o, key, json_object_get(value));
        }
    }
    json_object_put(fields);
}

/* A notice is a code in the log; the sentence belongs to the program that shows it. */
static const char *notice_text(struct json_object *o)
{
    const char *code = json_object_get_string(json_object_object_get(o, "code"));

    if (code && strcmp(code, "renamed") == 0)
        return "Somebody who is signed in has the name that you had, so yours was changed.";
    return "There is news for you.";
}

/* What a client needs to place an act: whose message, and where it stands in the room. */
static void add_message(struct json_object *o, const struct message *m)
{
    json_set_i64(o, "msg_seq", m->seq);
    json_set_i64(o, "author_id", m->user_id);
}

/* What an edited message says now, which may be newer than the edit that the event tells of. */
static void add_edit(struct json_object *o, const struct message *m)
{
    char excerpt[EXCERPT_BYTES];

    json_set_i64(o, "rev", m->rev);
    json_set_i64(o, "edited_at", m->edited_ms);
    if (m->deleted_ms) {
        json_set_bool(o, "deleted", true);
        return;
    }
    json_set_str(o, "message", message_text(m));
    json_set_str(o, "html", m->html);
    wire_add_mentions(o, m);
    excerpt_write(excerpt, message_text(m));
    json_set_str(o, "excerpt", excerpt);
}

static struct json_object *wire_pin(const struct pin *p)
{
    struct json_object *o = json_object_new_object();
    char excerpt[EXCERPT_BYTES];

    excerpt_write(excerpt, p->body);
    json_set_i64(o, "id", p->msg_id);
    json_set_i64(o, "seq", p->seq);
    json_set_i64(o, "user_id", p->user_id);
    json_set_str(o, "username", p->author_name);
    json_set_str(o, "excerpt", excerpt);
    json_set_i64(o, "pinned_by", p->pinned_by);
    json_set_i64(o, "pinned_at", p->pinned_ms);
    return o;
}

struct json_object *wire_pins(const struct pin *list, size_t count)
{
    struct json_object *array = json_object_new_array_ext((int)count);

    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, wire_pin(&list[i]));
    return array;
}

/* The pin that an event tells of, as its message is now; none where that was deleted. */
static void add_pin(struct json_object *o, const struct event *e)
{
    const struct message *m = &e->message;
    const struct pin pin = {
        .msg_id = m->id,
        .seq = m->seq,
        .user_id = m->user_id,
        .author_name = m->author_name,
        .body = message_text(m),
        .pinned_by = e->actor_id,
        .pinned_ms = e->ts_ms,
    };

    if (!m->deleted_ms)
        json_set(o, "pin", wire_pin(&pin));
}

static struct json_object *wire_skip(const char *room, int64_t seq)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", "skip");
    json_set_str(o, "room", room);
    json_set_i64(o, "seq", seq);
    return o;
}

struct json_object *wire_event(const struct event *e, const char *room)
{
    struct json_object *o;

    if (e->withheld)
        return wire_skip(room, e->seq);
    if (strcmp(e->kind, "message") == 0 && e->message.id)
        return wire_message(&e->message, room);
    o = json_object_new_object();
    json_set_str(o, "type", e->kind);
    json_set_str(o, "room", room);
    json_set_i64(o, "seq", e->seq);
    json_set_i64(o, "timestamp", e->ts_ms);
    json_set_i64(o, "actor_id", e->actor_id);
    if (e->msg_id)
        json_set_i64(o, "id", e->msg_id);
    if (e->message.id)
        add_message(o, &e->message);
    json_set_str(o, "username", e->target_name);
    if (e->message.id && strcmp(e->kind, "mention") == 0)
        json_set_str(o, "username", e->message.author_name);
    if (e->message.id && strcmp(e->kind, "message_edited") == 0)
        add_edit(o, &e->message);
    if (e->message.id && strcmp(e->kind, "message_deleted") == 0)
        add_thread_of(o, &e->message);
    if (e->message.id && strcmp(e->kind, "pin") == 0)
        add_pin(o, e);
    if (strcmp(e->kind, "reaction") == 0) /* all of them, as they are now */
        json_set(o, "reactions", wire_reactions(&e->message));
    if (strcmp(e->kind, "message") == 0) /* its row was erased, its number stays */
        json_set_bool(o, "deleted", true);
    if (e->target_user_id)
        json_set_i64(o, "target_id", e->target_user_id);
    add_payload(o, e->payload);
    if (strcmp(e->kind, "notice") == 0)
        json_set_str(o, "message", notice_text(o));
    return o;
}

struct json_object *wire_page(const struct history_page *p)
{
    const char *room = rooms_wire_name(&p->room.room);
    struct json_object *o = json_object_new_object();
    struct json_object *list = json_object_new_array_ext((int)p->count);

    for (size_t i = 0; i < p->count; i++)
        json_object_array_add(list, wire_message(&p->messages[i], room));
    json_set(o, "messages", list);
    json_set_str(o, "room", room);
    json_set_str(o, "epoch", p->epoch);
    json_set_i64(o, "seq", p->room.room.head);
    json_set_i64(o, "floor", p->room.room.floor);
    json_set_bool(o, "has_more", p->has_more);
    return o;
}

struct json_object *wire_thread_page(const struct thread *t)
{
    struct json_object *o = wire_page(&t->page);

    add_thread(o, t->root.id, t->root.replies);
    return o;
}

static struct json_object *wire_revision(const struct revision *r)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "rev", r->rev);
    json_set_str(o, "message", r->body);
    json_set_str(o, "html", r->html);
    json_set_str(o, "disclosure", r->disclosure);
    json_set_i64(o, "editor_id", r->editor_id);
    json_set_i64(o, "timestamp", r->ts_ms);
    return o;
}

struct json_object *wire_revisions(const struct message *now, const struct revision *list,
                                   size_t count)
{
    struct json_object *o = json_object_new_array_ext((int)count + 1);
    const struct revision last = {
        .rev = now->rev,
        .body = message_text(now),
        .html = now->html,
        .disclosure = now->disclosure,
        .editor_id = now->user_id,
        .ts_ms = now->edited_ms ? now->edited_ms : now->created_ms,
    };

    for (size_t i = 0; i < count; i++)
        json_object_array_add(o, wire_revision(&list[i]));
    if (!now->deleted_ms)
        json_object_array_add(o, wire_revision(&last));
    return o;
}

struct json_object *wire_room(const struct room_view *v)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "id", rooms_wire_name(&v->room));
    json_set_str(o, "title", v->room.title);
    json_set_str(o, "topic", v->room.topic);
    json_set_str(o, "kind", v->room.kind);
    json_set_i64(o, "seq", v->room.head);
    json_set_i64(o, "floor", v->room.floor);
    json_set_i64(o, "unread", v->unread);
    json_set_i64(o, "mentions", v->mentions);
    json_set_i64(o, "last_read_seq", v->last_read_seq);
    if (v->room.owner_id)
        json_set_i64(o, "owner_id", v->room.owner_id);
    if (v->muted_until)
        json_set_i64(o, "muted_until", v->muted_until);
    if (v->hidden)
        json_set_bool(o, "hidden", true);
    if (v->room.archived_ms)
        json_set_bool(o, "archived", true);
    return o;
}

struct json_object *wire_room_state(const struct room_view *v)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "seq", v->room.head);
    json_set_i64(o, "floor", v->room.floor);
    json_set_i64(o, "unread", v->unread);
    json_set_i64(o, "mentions", v->mentions);
    json_set_i64(o, "last_read_seq", v->last_read_seq);
    return o;
}

struct json_object *wire_read(const struct room_view *v)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", "read");
    json_set_str(o, "room", rooms_wire_name(&v->room));
    json_set_i64(o, "up_to", v->last_read_seq);
    json_set_i64(o, "unread", v->unread);
    json_set_i64(o, "mentions", v->mentions);
    json_set_i64(o, "head", v->room.head);
    return o;
}

struct json_object *wire_user(const struct actor *who)
{
    struct json_object *o;

    if (who->kind == ACTOR_ANONYMOUS)
        return NULL; /* json-c's null */
    o = json_object_new_object();
    json_set_i64(o, "id", who->user_id);
    json_set_str(o, "username", who->username);
    json_set_str(o, "role", who->role);
    json_set_bool(o, "guest", who->kind == ACTOR_GUEST);
    return o;
}

struct json_object *wire_ignored(const struct ignored_user *list, size_t count)
{
    struct json_object *array = json_object_new_array_ext((int)count);

    for (size_t i = 0; i < count; i++) {
        struct json_object *o = json_object_new_object();

        json_set_i64(o, "user_id", list[i].user_id);
        json_set_str(o, "username", list[i].username);
        json_set_i64(o, "since", list[i].since_ms);
        json_object_array_add(array, o);
    }
    return array;
}

struct json_object *wire_online(const struct online *list, size_t count)
{
    struct json_object *array = json_object_new_array_ext((int)count);

    for (size_t i = 0; i < count; i++) {
        struct json_object *o = json_object_new_object();

        json_set_i64(o, "user_id", list[i].user_id);
        json_set_str(o, "username", list[i].username);
        json_set_str(o, "state", list[i].state);
        json_object_array_add(array, o);
    }
    return array;
}

struct json_object *wire_error(const struct fail *f, const char *client_id)
{
    const struct err_row *row = err_row(f->err);
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", "error");
    json_set_str(o, "client_id", client_id);
    json_set_str(o, "code", row->code);
    json_set_str(o, "message", f->message);
    json_set_bool(o, "retryable", row->retryable);
    if (f->retry_after_ms > 0)
        json_set_i64(o, "retry_after_ms", f->retry_after_ms);
    return o;
}

struct json_object *wire_ack(const struct posted *p, const char *room)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", "ack");
    json_set_str(o, "client_id", p->message.client_id);
    json_set_i64(o, "msg_id", p->message.id);
    json_set_str(o, "room", room);
    json_set_i64(o, "seq", p->message.seq);
    json_set_i64(o, "timestamp", p->message.created_ms);
    if (p->duplicate)
        json_set_bool(o, "duplicate", true);
    return o;
}

struct json_object *wire_resync(const char *room, const char *epoch, int64_t head, int64_t floor,
                                const char *reason)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", "resync");
    json_set_str(o, "room", room);
    json_set_str(o, "epoch", epoch);
    json_set_i64(o, "seq", head);
    json_set_i64(o, "floor", floor);
    json_set_str(o, "reason", reason);
    return o;
}

struct json_object *wire_resyncs(const struct history_cursor *cursors, size_t count,
                                 const char *epoch)
{
    struct json_object *list = NULL, *o, *error;
    struct fail gone;

    for (size_t i = 0; i < count; i++) {
        const struct history_cursor *c = &cursors[i];

        if (!c->resync)
            continue;
        if (!list)
            list = json_object_new_array();
        json_object_array_add(
            list, wire_resync(c->room, epoch, c->view.room.head, c->view.room.floor, c->resync));
    }
    if (!list)
        return NULL;
    fail(&gone, ERR_RESYNC, NULL);
    error = wire_error(&gone, NULL);
    json_object_object_del(error, "type");
    o = json_object_new_object();
    json_set(o, "error", error);
    json_set(o, "resync", list);
    return o;
}

void wire_add_missing(struct json_object *o, const struct history_cursor *cursors, size_t count)
{
    struct json_object *missing = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!cursors[i].err)
            continue;
        if (!missing)
            missing = json_object_new_array();
        json_object_array_add(missing, json_object_new_string(cursors[i].room));
    }
    if (missing)
        json_set(o, "missing", missing);
}

struct json_object *wire_acted(const struct acted *done, const char *client_id)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "type", "ack");
    json_set_str(o, "client_id", client_id);
    json_set_i64(o, "msg_id", done->message.id);
    json_set_str(o, "room", done->message.room_slug);
    if (done->seq) {
        json_set_i64(o, "seq", done->seq);
        json_set_i64(o, "timestamp", done->ts_ms);
    }
    return o;
}
