/*
 * chat_post() in two halves: check() looks at the text alone and needs no database, store() does
 * the rest inside the write transaction. A post that cannot be right so never takes the write lock.
 */
#include "chat/post.h"

#include "chat/ignore.h"
#include "chat/limits.h"
#include "chat/markup.h"
#include "chat/mention.h"
#include "chat/naming.h"
#include "chat/permit.h"
#include "chat/rooms.h"
#include "chat/shortcode.h"
#include "db/attachment.h"
#include "db/event.h"
#include "db/member.h"
#include "db/message_id.h"
#include "lib/file_store.h"
#include "lib/media.h"
#include "lib/secure.h"
#include "lib/text.h"

#include <string.h>

enum { DISCLOSURE_MAX = 500, MADE_ID_BYTES = 16 };

/* A post on its way: what was sent, cleaned, and the rows that it meets. */
struct draft {
    const struct post *post;
    struct arena *arena;
    const char *body, *html, *disclosure, *client_id;
    struct room room;
    struct user user;
    const char *author_name;
    int64_t thread_root;                /* of a reply */
    struct mentions mentions;           /* counted where there may be any */
    const char *files[ATTACHMENTS_MAX]; /* ids */
    size_t file_count;
    int64_t pictures; /* of them */
    const char *file_names;
    struct posted *out;
};

/* ----- without the database ----- */

enum err chat_clean_text(struct chat *c, struct arena *a, const char *text, size_t text_len,
                         const char **out, struct fail *f)
{
    size_t max_bytes = (size_t)c->conf->message_max_bytes;
    size_t max_chars = (size_t)c->conf->message_max_chars;
    size_t len, chars;

    /* Blanks at the ends are not counted, but there is a bound to what is looked at. */
    if (text_len > 4 * max_bytes)
        return fail(f, ERR_TOO_LONG, "A message has at most %zu bytes, this one has %zu.",
                    max_bytes, text_len);
    *out = text_clean(a, text ? text : "", text ? text_len : 0);
    if (*out)
        *out = shortcode_replace(a, *out);
    if (!*out)
        return fail(f, ERR_BAD_REQUEST,
                    "The message is not plain text in UTF-8, or stacks too many marks.");
    len = strlen(*out);
    if (text_is_blank(*out, len))
        return fail(f, ERR_BAD_REQUEST, "There is nothing in the message.");
    chars = text_count(*out, len);
    if (chars > max_chars)
        return fail(f, ERR_TOO_LONG, "A message has at most %zu characters, this one has %zu.",
                    max_chars, chars);
    if (len > max_bytes)
        return fail(f, ERR_TOO_LONG, "A message has at most %zu bytes, this one has %zu.",
                    max_bytes, len);
    return OK;
}

static bool is_named(const struct draft *d, const char *id)
{
    for (size_t i = 0; i < d->file_count; i++)
        if (strcmp(d->files[i], id) == 0)
            return true;
    return false;
}

static enum err check_files(struct draft *d, struct fail *f)
{
    const char *rest = d->post->attachments ? d->post->attachments : "";

    for (rest += strspn(rest, " "); *rest; rest += strspn(rest, " ")) {
        size_t len = strcspn(rest, " ");
        const char *id = arena_strn(d->arena, rest, len);

        if (!file_store_is_id(id, len))
            return fail(f, ERR_FILE_NOT_FOUND, NULL);
        if (d->file_count == ATTACHMENTS_MAX || is_named(d, id))
            return fail(f, ERR_BAD_REQUEST, "A message has at most %d files, each once.",
                        ATTACHMENTS_MAX);
        d->files[d->file_count++] = id;
        rest += len;
    }
    return OK;
}

/* With a file there may be nothing to say. */
static enum err check_text(struct chat *c, struct draft *d, struct fail *f)
{
    const struct post *p = d->post;

    if (d->file_count && (!p->text || text_is_blank(p->text, p->text_len))) {
        d->body = "";
        return OK;
    }
    return chat_clean_text(c, d->arena, p->text, p->text_len, &d->body, f);
}

char *chat_client_id(struct arena *a)
{
    char *made = arena_alloc(a, 2 * MADE_ID_BYTES + 1);

    secure_random_hex(made, MADE_ID_BYTES);
    return made;
}

static enum err check_client_id(struct draft *d, struct fail *f)
{
    const char *id = d->post->client_id;

    if (!id) {
        d->client_id = chat_client_id(d->arena);
        return OK;
    }
    if (!text_is_client_id(id, strlen(id)))
        return fail(f, ERR_BAD_REQUEST, "client_id is 8 to 64 of A-Z, a-z, 0-9, '_' and '-'.");
    d->client_id = id;
    return OK;
}

static enum err check_extras(struct draft *d, struct fail *f)
{
    const struct post *p = d->post;
    const char *s = p->disclosure;

    if (p->sentiment && strcmp(p->sentiment, "bullish") != 0 &&
        strcmp(p->sentiment, "bearish") != 0)
        return fail(f, ERR_BAD_REQUEST, "sentiment is bullish or bearish.");
    if (!s || text_is_blank(s, strlen(s)))
        return OK;
    d->disclosure = text_clean(d->arena, s, strlen(s));
    if (!d->disclosure)
        return fail(f, ERR_BAD_REQUEST, "The disclosure is not plain text in UTF-8.");
    if (text_count(d->disclosure, strlen(d->disclosure)) > DISCLOSURE_MAX)
        return fail(f, ERR_TOO_LONG, "A disclosure has at most %d characters.", DISCLOSURE_MAX);
    return OK;
}

static enum err check(struct chat *c, struct draft *d, struct fail *f)
{
    enum err e = check_files(d, f);

    if (!e)
        e = check_text(c, d, f);
    if (!e)
        e = check_client_id(d, f);
    if (!e)
        e = check_extras(d, f);
    if (!e && !mention_is_possible(d->body))
        d->html = markup_html(d->arena, d->body);
    return e;
}

/* ----- said before, said too often, said to whom ----- */

/* The message has the files that this post names, by their content: a form that is sent again sends
 * its files again. */
static bool has_files(struct chat *c, const struct message *m, const struct draft *d)
{
    struct attachment file;
    struct fail f;

    if (m->attachment_count != d->file_count)
        return false;
    for (size_t i = 0; i < d->file_count; i++)
        if (attachment_by_id(c->db, d->arena, d->files[i], &file, &f) || !file.file.sha256 ||
            strcmp(m->attachments[i].file.sha256, file.file.sha256) != 0)
            return false;
    return true;
}

/* *known: this client id was stored before, and out->message is what it made. */
static enum err find_duplicate(struct chat *c, struct draft *d, bool *known, struct fail *f)
{
    struct message *m = &d->out->message;
    enum err e = message_by_client_id(c->db, d->arena, d->user.id, d->client_id, m, f);

    *known = !e;
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    /* What was edited or deleted since cannot be compared any more; the id and the room can. */
    if (m->room_id != d->room.id ||
        (m->rev == 1 && !m->deleted_ms && (strcmp(m->body, d->body) != 0 || !has_files(c, m, d))))
        return fail(f, ERR_CLIENT_ID_CONFLICT, NULL);
    m->room_slug = d->room.slug;
    d->out->duplicate = true;
    return OK;
}

/* A clock that was set back must not silence anybody: a last message in
 * the future does not count. */
static enum err check_slow_mode(struct chat *c, const struct draft *d, struct fail *f)
{
    int64_t now = clock_wall_ms(&c->clock), last, wait;
    enum err e;

    if (!d->room.slow_s || permit_is_moderator(&d->user))
        return OK;
    e = message_last_by_user(c->db, d->room.id, d->user.id, &last, f);
    if (e)
        return e;
    wait = last + d->room.slow_s * 1000 - now;
    if (last > now || wait <= 0)
        return OK;
    return fail_later(f, ERR_SLOW_MODE, wait, "This room is in slow mode: wait %lld seconds.",
                      (long long)(wait + 999) / 1000);
}

/* An answer to an answer belongs to the same thread. */
static enum err check_reply(struct chat *c, struct draft *d, struct fail *f)
{
    struct message m;
    enum err e;

    if (!d->post->reply_to)
        return OK;
    e = message_seen_by_id(c->db, d->arena, d->post->reply_to, d->user.id, &m, f);
    if (e == ERR_NOT_FOUND || (!e && (m.room_id != d->room.id || m.deleted_ms)))
        return fail(f, ERR_MESSAGE_NOT_FOUND, "The message that this answers is not there.");
    d->thread_root = m.thread_root ? m.thread_root : m.id;
    return e;
}

/* All of them are whole, the author's, of this room and nobody else's. */
static enum err check_claims(struct chat *c, struct draft *d, struct fail *f)
{
    struct attachment file;
    enum err e = OK;

    for (size_t i = 0; !e && i < d->file_count; i++) {
        e = attachment_by_id(c->db, d->arena, d->files[i], &file, f);
        if (e == ERR_FILE_NOT_FOUND ||
            (!e && (file.user_id != d->user.id || file.room_id != d->room.id || file.msg_id ||
                    !file.file.type)))
            return fail(f, ERR_FILE_NOT_FOUND,
                        "A file of this message is not there any more. Choose it again.");
        d->pictures += media_row(media_by_type(file.file.type))->is_image;
        d->file_names = i ? arena_fmt(d->arena, "%s\n%s", d->file_names, file.name) : file.name;
    }
    return e;
}

/* ----- the rows ----- */

static enum err claim_files(struct chat *c, const struct draft *d, struct fail *f)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < d->file_count; i++)
        e = attachment_claim(c->db, d->files[i], &d->out->message, (int64_t)i + 1, f);
    return e;
}

static enum err insert(struct chat *c, void *arg, struct fail *f)
{
    struct draft *d = arg;
    const struct mention_place at = {d->post->actor, &d->user, &d->room};
    struct message *m = &d->out->message;
    struct event event = {
        .room_id = d->room.id,
        .ts_ms = clock_wall_ms(&c->clock),
        .kind = "message",
        .actor_id = d->user.id,
    };
    enum err e = message_new_id(c->db, event.ts_ms, &event.msg_id, f);

    if (e)
        return e;
    *m = (struct message){
        .id = event.msg_id,
        .room_id = d->room.id,
        .user_id = d->user.id,
        .author_name = d->author_name,
        .body = d->body,
        .html = d->html,
        .sentiment = d->post->sentiment,
        .disclosure = d->disclosure,
        .via = d->post->via,
        .client_id = d->client_id,
        .room_slug = d->room.slug,
        .reply_to = d->post->reply_to,
        .thread_root = d->thread_root,
        .created_ms = event.ts_ms,
        .rev = 1,
        .attachment_rows = (int64_t)d->file_count,
        .picture_rows = d->pictures,
        .file_names = d->file_names,
    };
    secure_random(m->salt, sizeof m->salt);
    e = mention_is_possible(m->body) ? mention_read(c, d->arena, &at, m, &d->mentions, f) : OK;
    if (!e)
        e = event_append(c->db, &event, m->salt, m->body, f);
    m->seq = event.seq;
    if (!e)
        e = message_insert(c->db, m, f);
    if (!e && d->mentions.count)
        e = mention_store(c, d->arena, &at, m, &d->mentions, f);
    if (!e)
        e = claim_files(c, d, f);
    if (!e && m->thread_root)
        e = message_count_reply(c->db, m->thread_root, 1, f);
    if (!e && strcmp(d->room.kind, "direct") == 0)
        e = member_show_all(c->db, d->room.id, d->user.id, f);
    return e ? e : message_fill(c->db, d->arena, m, 1, f);
}

static enum err insert_new(struct chat *c, struct draft *d, struct fail *f)
{
    enum err e = limits_take_message(c, d->post->actor, d->post->address, f);

    if (!e)
        e = check_slow_mode(c, d, f);
    if (!e)
        e = check_reply(c, d, f);
    if (!e)
        e = check_claims(c, d, f);
    if (!e)
        e = naming_shown(c, d->arena, &d->user, &d->author_name, f);
    return e ? e : chat_part(c, insert, d, f);
}

/* And as its author is to see it: who is ignored is quoted and counted for others. */
static enum err store(struct chat *c, void *arg, struct fail *f)
{
    struct draft *d = arg;
    const struct post *p = d->post;
    struct message *m = &d->out->message;
    bool known = false;
    enum err e = rooms_find_bare(c, d->arena, p->actor, p->room, &d->room, f);

    if (!e)
        e = permit_person(c, d->arena, p->actor, &d->user, f);
    if (!e)
        e = permit_room(&d->room, &d->user, f);
    if (!e)
        e = find_duplicate(c, d, &known, f);
    if (!e && !known)
        e = insert_new(c, d, f);
    return e || !m->reply_to ? e : ignore_dress_for(c, d->arena, p->actor, m, f);
}

enum err chat_post(struct chat *c, struct arena *a, const struct post *p, struct posted *out,
                   struct fail *f)
{
    struct draft d = {.post = p, .arena = a, .out = out};
    enum err e;

    memset(out, 0, sizeof *out);
    e = check(c, &d, f);
    return e ? e : store(c, &d, f);
}

enum err chat_post_now(struct chat *c, struct arena *a, const struct post *p, struct posted *out,
                       struct fail *f)
{
    struct draft d = {.post = p, .arena = a, .out = out};
    enum err e;

    memset(out, 0, sizeof *out);
    e = check(c, &d, f);
    return e ? e : chat_write(c, store, &d, f);
}
