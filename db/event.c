/* Appending to the logs, reading them, and the hash chain through each. */
#include "db/event.h"
#include "db/handle.h"
#include "db/renamed.h"
#include "db/row.h"
#include "db/statements.h"
#include "lib/buf.h"
#include "lib/secure.h"

#include <stdlib.h>
#include <string.h>

#define EVENT_COLUMNS                                                                              \
    "e.id, e.room_id, e.seq, e.ts_ms, e.kind, e.payload, e.msg_id, e.actor_id, e.target_user_id"
enum { EVENT_COLUMN_COUNT = 9, VERIFY_PAGE = 500, CANONICAL_MAX = 1 << 20 };

#define LIST_COLUMNS                                                                               \
    EVENT_COLUMNS ", r.slug, " MESSAGE_COLUMNS " FROM event e JOIN room r ON r.id = e.room_id"     \
                  " LEFT JOIN message m ON m.id = e.msg_id "

static const struct sql chain_end = {
    "event.chain_end", "SELECT head, head_hash FROM room WHERE id = ?1", DB_CHAT, NULL};
/* Moves on from the head that was read, and from no other. */
static const struct sql advance = {
    "event.advance", "UPDATE room SET head = ?2, head_hash = ?3 WHERE id = ?1 AND head = ?2 - 1",
    DB_CHAT, NULL};
static const struct sql insert = {
    "event.insert",
    "INSERT INTO event (room_id, seq, ts_ms, kind, msg_id, actor_id, target_user_id, payload,"
    " body_hash, hash) VALUES (?1, ?2, ?3, ?4, nullif(?5, 0), nullif(?6, 0), nullif(?7, 0), ?8,"
    " ?9, ?10)",
    DB_CHAT, NULL};
static const struct sql list = {"event.list",
                                "SELECT " LIST_COLUMNS
                                "WHERE e.room_id = ?1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",
                                DB_CHAT, NULL};
static const struct sql feed = {
    "event.feed", "SELECT " LIST_COLUMNS "WHERE e.id > ?1 ORDER BY e.id LIMIT ?2", DB_CHAT, NULL};
static const struct sql newest_id = {"event.newest_id",
                                     "SELECT id FROM event ORDER BY id DESC LIMIT 1", DB_CHAT,
                                     "the last entry of the table alone"};
static const struct sql head = {"event.head",
                                "SELECT head, floor, head_hash, floor_hash FROM room WHERE id = ?1",
                                DB_CHAT, NULL};
/* The text that an event told of: the message's own while it is still that one, else the revision
 * that was kept of it. */
#define TOLD_REV                                                                                   \
    "CASE e.kind WHEN 'message' THEN 1 WHEN 'message_edited'"                                      \
    " THEN json_extract(e.payload, '$.rev') END"
static const struct sql chain = {
    "event.chain",
    "SELECT " EVENT_COLUMNS ", e.body_hash, e.hash, coalesce(m.body, v.body),"
    " coalesce(m.salt, v.salt) FROM event e"
    " LEFT JOIN message m ON m.id = e.msg_id AND m.room_id = e.room_id AND m.deleted_ms = 0"
    " AND m.rev = " TOLD_REV " LEFT JOIN message_rev v ON v.msg_id = e.msg_id AND v.rev = " TOLD_REV
    " WHERE e.room_id = ?1 AND e.seq > ?2 AND e.seq <= ?3 ORDER BY e.seq LIMIT ?4",
    DB_CHAT, NULL};

const struct sql *const event_statements[] = {
    &chain_end, &advance, &insert, &list, &feed, &newest_id, &head, &chain, NULL,
};

static void add_text(struct buf *b, const char *s)
{
    if (s)
        buf_fmt(b, "%zu:%s\n", strlen(s), s);
    else
        buf_str(b, "-\n");
}

/* hash_of() and the comment in db/event.h are one: change neither alone. */
static enum err hash_of(const struct event *e, const unsigned char *previous,
                        const unsigned char *body_hash, unsigned char out[SECURE_HASH])
{
    static const unsigned char nothing[SECURE_HASH];
    char hex[2 * SECURE_HASH + 1];
    struct buf b;
    bool whole;

    buf_init(&b, CANONICAL_MAX);
    buf_add(&b, previous ? previous : nothing, SECURE_HASH);
    buf_fmt(&b, "%lld\n%lld\n%lld\n", (long long)e->room_id, (long long)e->seq,
            (long long)e->ts_ms);
    add_text(&b, e->kind);
    buf_fmt(&b, "%lld\n%lld\n%lld\n", (long long)e->msg_id, (long long)e->actor_id,
            (long long)e->target_user_id);
    add_text(&b, e->payload);
    if (body_hash)
        secure_hex(hex, body_hash, SECURE_HASH);
    add_text(&b, body_hash ? hex : NULL);
    secure_sha256(out, b.data, b.len);
    whole = !b.overflow;
    buf_release(&b);
    return whole ? OK : ERR_TOO_LONG;
}

static void hash_body(const unsigned char *salt, const char *body, size_t len,
                      unsigned char out[SECURE_HASH])
{
    unsigned char *bytes = xmalloc(MESSAGE_SALT + len);

    memcpy(bytes, salt, MESSAGE_SALT);
    memcpy(bytes + MESSAGE_SALT, body, len);
    secure_sha256(out, bytes, MESSAGE_SALT + len);
    free(bytes);
}

/* The next seq, which advance_head() takes; `previous` gets the chain's end, *has_previous says
 * whether there is one. */
static enum err next_seq(struct db *db, struct event *e, unsigned char previous[SECURE_HASH],
                         bool *has_previous, struct fail *f)
{
    struct query q = query_begin(db, &chain_end);
    const void *hash;
    size_t len = 0;
    bool found;
    enum err err;

    query_bind_i64(&q, 1, e->room_id);
    found = query_row(&q);
    if (found) {
        e->seq = query_i64(&q, 0) + 1;
        hash = query_blob(&q, 1, &len);
        *has_previous = hash && len == SECURE_HASH;
        if (*has_previous)
            memcpy(previous, hash, SECURE_HASH);
    }
    err = query_end(&q, f);
    return err ? err : found ? OK : fail(f, ERR_ROOM_NOT_FOUND, NULL);
}

static enum err store(struct db *db, struct event *e, const unsigned char *body_hash,
                      const unsigned char hash[SECURE_HASH], struct fail *f)
{
    struct query q = query_begin(db, &insert);
    enum err err;

    query_bind_i64(&q, 1, e->room_id);
    query_bind_i64(&q, 2, e->seq);
    query_bind_i64(&q, 3, e->ts_ms);
    query_bind_text(&q, 4, e->kind);
    query_bind_i64(&q, 5, e->msg_id);
    query_bind_i64(&q, 6, e->actor_id);
    query_bind_i64(&q, 7, e->target_user_id);
    query_bind_text(&q, 8, e->payload);
    query_bind_blob(&q, 9, body_hash, body_hash ? SECURE_HASH : 0);
    query_bind_blob(&q, 10, hash, SECURE_HASH);
    err = query_run(&q, f);
    if (err)
        return err;
    e->id = query_last_id(&q);
    db->witness.due = true;
    return OK;
}

static enum err advance_head(struct db *db, const struct event *e,
                             const unsigned char hash[SECURE_HASH], struct fail *f)
{
    struct query q = query_begin(db, &advance);
    enum err err;

    query_bind_i64(&q, 1, e->room_id);
    query_bind_i64(&q, 2, e->seq);
    query_bind_blob(&q, 3, hash, SECURE_HASH);
    err = query_run(&q, f);
    return err ? err : query_changes(&q) == 1 ? OK : fail(f, ERR_BUSY, NULL);
}

enum err event_append(struct db *db, struct event *e, const unsigned char *salt, const char *body,
                      struct fail *f)
{
    unsigned char previous[SECURE_HASH], body_hash[SECURE_HASH], hash[SECURE_HASH];
    bool has_previous = false, has_body = body && salt;
    enum err err = next_seq(db, e, previous, &has_previous, f);

    if (err)
        return err;
    if (has_body)
        hash_body(salt, body, strlen(body), body_hash);
    err = hash_of(e, has_previous ? previous : NULL, has_body ? body_hash : NULL, hash);
    if (err)
        return fail(f, err, NULL);
    err = advance_head(db, e, hash, f);
    return err ? err : store(db, e, has_body ? body_hash : NULL, hash, f);
}

static void from_row(struct query *q, struct arena *a, struct event *e)
{
    *e = (struct event){
        .id = query_i64(q, 0),
        .room_id = query_i64(q, 1),
        .seq = query_i64(q, 2),
        .ts_ms = query_i64(q, 3),
        .kind = query_text(q, 4, a),
        .payload = query_text(q, 5, a),
        .msg_id = query_i64(q, 6),
        .actor_id = query_i64(q, 7),
        .target_user_id = query_i64(q, 8),
    };
}

static enum err load_list(struct db *db, struct query *q, struct arena *a, struct event *out,
                          size_t max, size_t *count, struct fail *f)
{
    enum err e;

    *count = 0;
    while (*count < max && query_row(q)) {
        struct event *next = &out[(*count)++];

        from_row(q, a, next);
        next->room_slug = query_text(q, EVENT_COLUMN_COUNT, a);
        message_from_row(q, EVENT_COLUMN_COUNT + 1, a, &next->message);
        next->message.room_slug = next->message.id ? next->room_slug : NULL;
    }
    e = query_end(q, f);
    for (size_t i = 0; !e && i < *count; i++) {
        e = message_fill(db, a, &out[i].message, 1, f);
        if (!e && strcmp(out[i].kind, "renamed") == 0)
            e = renamed_name(db, a, out[i].target_user_id, &out[i].target_name, f);
    }
    return e;
}

enum err event_list(struct db *db, struct arena *a, int64_t room_id, int64_t since,
                    struct event *out, size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &list);

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, since);
    query_bind_i64(&q, 3, (int64_t)max);
    return load_list(db, &q, a, out, max, count, f);
}

enum err event_feed(struct db *db, struct arena *a, int64_t after, struct event *out, size_t max,
                    size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &feed);

    query_bind_i64(&q, 1, after);
    query_bind_i64(&q, 2, (int64_t)max);
    return load_list(db, &q, a, out, max, count, f);
}

enum err event_newest_id(struct db *db, int64_t *id, struct fail *f)
{
    struct query q = query_begin(db, &newest_id);

    *id = 0;
    if (query_row(&q))
        *id = query_i64(&q, 0);
    return query_end(&q, f);
}

/* Where a walk along a chain stands. */
struct walk {
    int64_t room_id, seq, head;
    bool anchored; /* `hash` is that of `seq` (at 0: nothing) */
    unsigned char hash[SECURE_HASH];
    unsigned char head_hash[SECURE_HASH];
    bool has_head_hash;
};

static enum err broken(int64_t seq, const char *how, struct fail *f)
{
    return fail(f, ERR_INTERNAL, "The log does not fit at seq %lld: %s.", (long long)seq, how);
}

static bool take_hash(struct query *q, int column, unsigned char out[SECURE_HASH])
{
    size_t len;
    const void *hash = query_blob(q, column, &len);

    if (!hash || len != SECURE_HASH)
        return false;
    memcpy(out, hash, SECURE_HASH);
    return true;
}

static enum err walk_begin(struct db *db, struct walk *w, struct fail *f)
{
    struct query q = query_begin(db, &head);
    bool found;
    enum err e;

    query_bind_i64(&q, 1, w->room_id);
    found = query_row(&q);
    if (found) {
        w->head = query_i64(&q, 0);
        w->seq = query_i64(&q, 1);
        w->has_head_hash = take_hash(&q, 2, w->head_hash);
        w->anchored = take_hash(&q, 3, w->hash) || w->seq == 0;
    }
    e = query_end(&q, f);
    if (!e && !found)
        return fail(f, ERR_ROOM_NOT_FOUND, NULL);
    return !e && !w->anchored ? broken(w->seq, "what stands below the floor is not known", f) : e;
}

/* Judges the row that stands ready and moves on to it. */
static enum err walk_row(struct query *q, struct arena *a, struct walk *w, struct fail *f)
{
    unsigned char made[SECURE_HASH];
    size_t body_hash_len, hash_len, body_len, salt_len;
    const void *body_hash, *hash, *body, *salt;
    struct event e;

    from_row(q, a, &e);
    body_hash = query_blob(q, EVENT_COLUMN_COUNT, &body_hash_len);
    hash = query_blob(q, EVENT_COLUMN_COUNT + 1, &hash_len);
    body = query_blob(q, EVENT_COLUMN_COUNT + 2, &body_len);
    salt = query_blob(q, EVENT_COLUMN_COUNT + 3, &salt_len);
    if (e.seq != w->seq + 1)
        return broken(w->seq + 1, "the event is missing", f);
    if (!hash || hash_len != SECURE_HASH || (body_hash && body_hash_len != SECURE_HASH))
        return broken(e.seq, "a hash has the wrong length", f);
    if (hash_of(&e, w->seq ? w->hash : NULL, body_hash, made) ||
        memcmp(made, hash, SECURE_HASH) != 0)
        return broken(e.seq, "the event was changed", f);
    if (body_hash && salt && salt_len == MESSAGE_SALT) {
        hash_body(salt, body ? body : "", body_len, made);
        if (memcmp(made, body_hash, SECURE_HASH) != 0)
            return broken(e.seq, "the message's text was changed", f);
    }
    w->seq = e.seq;
    memcpy(w->hash, hash, SECURE_HASH);
    return OK;
}

/* In short statements, so that no checkpoint waits for a long walk; events up to a head stay put.
 */
static enum err walk_page(struct db *db, struct arena *a, struct walk *w, struct fail *f)
{
    struct query q = query_begin(db, &chain);
    int64_t start = w->seq;
    enum err e = OK, ended;

    query_bind_i64(&q, 1, w->room_id);
    query_bind_i64(&q, 2, w->seq);
    query_bind_i64(&q, 3, w->head);
    query_bind_i64(&q, 4, VERIFY_PAGE);
    while (!e && query_row(&q))
        e = walk_row(&q, a, w, f);
    ended = query_end(&q, e ? NULL : f);
    if (e || ended)
        return e ? e : ended;
    return w->seq > start ? OK : broken(w->seq + 1, "the event is missing", f);
}

enum err event_verify(struct db *db, int64_t room_id, int64_t *checked, struct fail *f)
{
    struct walk w = {.room_id = room_id};
    struct arena a;
    int64_t first;
    enum err e = walk_begin(db, &w, f);

    *checked = 0;
    if (e)
        return e;
    first = w.seq;
    arena_init(&a);
    while (!e && w.seq < w.head) {
        e = walk_page(db, &a, &w, f);
        arena_clear(&a);
    }
    arena_release(&a);
    *checked = w.seq - first;
    if (!e && w.head > 0 && (!w.has_head_hash || memcmp(w.hash, w.head_hash, SECURE_HASH) != 0))
        e = broken(w.head, "it is not the one the room ends with", f);
    return e;
}
