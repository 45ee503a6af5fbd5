/*
 * chat_post() in two halves: check() looks at the text alone and needs no database, store() does
 * the rest inside the write transaction. A post that cannot be right so never takes the write lock.
 */
#include "chat/post.h"

#include "chat/limits.h"
#include "chat/markup.h"
#include "chat/naming.h"
#include "chat/permit.h"
#include "chat/rooms.h"
#include "db/event.h"
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
    int64_t thread_root; /* of a reply */
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

static enum err check_client_id(struct draft *d, struct fail *f)
{
    const char *id = d->post->client_id;
    char made[2 * MADE_ID_BYTES + 1];

    if (!id) {
        secure_random_hex(made, MADE_ID_BYTES);
        d->client_id = arena_str(d->arena, made);
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
    enum err e = chat_clean_text(c, d->arena, d->post->text, d->post->text_len, &d->body, f);

    if (!e)
        e = check_client_id(d, f);
    if (!e)
        e = check_extras(d, f);
    if (!e)
        d->html = markup_html(d->arena, d->body);
    return e;
}

/* ----- said before, said too often, said to whom ----- */

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
        (m->rev == 1 && !m->deleted_ms && strcmp(m->body, d->body) != 0))
        return fail(f, ERR_CLIENT_ID_CONFLICT, NULL);
    m->room_slug = d->room.slug;
    d->out->duplicate = true;
    return OK;
}

/* A clock that was set back must not silence anybody: a last message in the future does not count.
 */
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
    e = message_by_id(c->db, d->arena, d->post->reply_to, &m, f);
    if (e == ERR_NOT_FOUND || (!e && (m.room_id != d->room.id || m.deleted_ms)))
        return fail(f, ERR_MESSAGE_NOT_FOUND, "The message that this answers is not there.");
    d->thread_root = m.thread_root ? m.thread_root : m.id;
    return e;
}

/* ----- the rows ----- */

static enum err insert(struct chat *c, void *arg, struct fail *f)
{
    struct draft *d = arg;
    struct message *m = &d->out->message;
    struct event event = {
        .room_id = d->room.id,
        .ts_ms = clock_wall_ms(&c->clock),
        .kind = "message",
        .msg_id = secure_random_id(),
        .actor_id = d->user.id,
    };
    enum err e;

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
    };
    secure_random(m->salt, sizeof m->salt);
    e = event_append(c->db, &event, m->salt, m->body, f);
    m->seq = event.seq;
    if (!e)
        e = message_insert(c->db, m, f);
    if (!e && m->thread_root)
        e = message_count_reply(c->db, m->thread_root, 1, f);
    return e ? e : message_fill(c->db, d->arena, m, 1, f);
}

static enum err store(struct chat *c, void *arg, struct fail *f)
{
    struct draft *d = arg;
    const struct post *p = d->post;
    bool known = false;
    enum err e = rooms_find_bare(c, d->arena, p->actor, p->room, &d->room, f);

    if (!e)
        e = permit_person(c, d->arena, p->actor, &d->user, f);
    if (!e)
        e = permit_room(&d->room, &d->user, f);
    if (!e)
        e = find_duplicate(c, d, &known, f);
    if (e || known)
        return e;
    e = limits_take_message(c, p->actor, p->address, f);
    if (!e)
        e = check_slow_mode(c, d, f);
    if (!e)
        e = check_reply(c, d, f);
    if (!e)
        e = naming_shown(c, d->arena, &d->user, &d->author_name, f);
    return e ? e : chat_part(c, insert, d, f);
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
