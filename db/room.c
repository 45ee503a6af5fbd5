#include "db/room.h"
#include "db/statements.h"

/*
 * unread: the index message_room alone answers it. Both limits bound the walk: at most 1,000 rows,
 * however many of them are the user's own or deleted, and no more than it takes to reach 100.
 */
#define ROOM_COLUMNS                                                                               \
    "r.id, r.slug, r.kind, r.title, r.topic, r.post_policy, r.position, r.owner_id, r.head,"       \
    " r.floor, r.slow_s, r.created_ms, r.archived_ms"
enum { ROOM_COLUMN_COUNT = 13 };
#define VIEW_COLUMNS                                                                               \
    ROOM_COLUMNS ", m.user_id IS NOT NULL, m.joined_seq, m.last_read_seq,"                         \
                 " CASE WHEN m.user_id IS NULL OR m.last_read_seq >= r.head THEN 0 ELSE ("         \
                 "SELECT count(*) FROM (SELECT 1 FROM ("                                           \
                 "SELECT user_id AS author, deleted_ms FROM message"                               \
                 " WHERE room_id = r.id AND seq > m.last_read_seq ORDER BY seq LIMIT 1000)"        \
                 " WHERE author <> ?1 AND deleted_ms = 0 LIMIT 100)) END"                          \
                 " FROM room r LEFT JOIN room_member m ON m.user_id = ?1 AND m.room_id = r.id"

static const struct sql by_slug = {
    "room.by_slug", "SELECT " ROOM_COLUMNS " FROM room r WHERE r.slug = ?1", DB_CHAT, NULL};
static const struct sql by_id = {
    "room.by_id", "SELECT " ROOM_COLUMNS " FROM room r WHERE r.id = ?1", DB_CHAT, NULL};
static const struct sql list_public = {"room.list_public",
                                       "SELECT " VIEW_COLUMNS
                                       " WHERE r.kind = 'public' AND r.archived_ms = 0"
                                       " ORDER BY r.position, r.id LIMIT ?2",
                                       DB_CHAT, NULL};
static const struct sql view = {"room.view", "SELECT " VIEW_COLUMNS " WHERE r.id = ?2", DB_CHAT,
                                NULL};
static const struct sql insert = {
    "room.insert",
    "INSERT INTO room (slug, kind, title, topic, position, owner_id, slow_s, post_policy,"
    " created_ms, archived_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0), ?7, ?8, ?9, ?10)",
    DB_CHAT, NULL};
static const struct sql update_topic = {"room.update_topic",
                                        "UPDATE room SET topic = ?2 WHERE id = ?1", DB_CHAT, NULL};
static const struct sql update_archived = {
    "room.update_archived", "UPDATE room SET archived_ms = ?2 WHERE id = ?1", DB_CHAT, NULL};
static const struct sql update_slow = {"room.update_slow",
                                       "UPDATE room SET slow_s = ?2 WHERE id = ?1", DB_CHAT, NULL};
static const struct sql mark_read = {
    "room.mark_read",
    "INSERT INTO room_member (room_id, user_id, last_read_seq) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (user_id, room_id) DO UPDATE SET last_read_seq = excluded.last_read_seq"
    " WHERE excluded.last_read_seq > last_read_seq",
    DB_CHAT, NULL};

const struct sql *const room_statements[] = {
    &by_slug,      &by_id,           &list_public, &view,      &insert,
    &update_topic, &update_archived, &update_slow, &mark_read, NULL,
};

static void from_row(struct query *q, struct arena *a, struct room *r)
{
    *r = (struct room){
        .id = query_i64(q, 0),
        .slug = query_text(q, 1, a),
        .kind = query_text(q, 2, a),
        .title = query_text(q, 3, a),
        .topic = query_text(q, 4, a),
        .post_policy = query_text(q, 5, a),
        .position = query_i64(q, 6),
        .owner_id = query_i64(q, 7),
        .head = query_i64(q, 8),
        .floor = query_i64(q, 9),
        .slow_s = query_i64(q, 10),
        .created_ms = query_i64(q, 11),
        .archived_ms = query_i64(q, 12),
    };
}

static void view_from_row(struct query *q, struct arena *a, struct room_view *v)
{
    from_row(q, a, &v->room);
    v->has_mark = query_i64(q, ROOM_COLUMN_COUNT) != 0;
    v->joined_seq = query_i64(q, ROOM_COLUMN_COUNT + 1);
    v->last_read_seq = query_i64(q, ROOM_COLUMN_COUNT + 2);
    v->unread = query_i64(q, ROOM_COLUMN_COUNT + 3);
}

static enum err load_one(struct query *q, struct arena *a, struct room *out, struct fail *f)
{
    bool found = query_row(q);
    enum err e;

    *out = (struct room){0};
    if (found)
        from_row(q, a, out);
    e = query_end(q, f);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

enum err room_by_slug(struct db *db, struct arena *a, const char *slug, struct room *out,
                      struct fail *f)
{
    struct query q = query_begin(db, &by_slug);

    query_bind_text(&q, 1, slug);
    return load_one(&q, a, out, f);
}

enum err room_by_id(struct db *db, struct arena *a, int64_t id, struct room *out, struct fail *f)
{
    struct query q = query_begin(db, &by_id);

    query_bind_i64(&q, 1, id);
    return load_one(&q, a, out, f);
}

enum err room_list_public(struct db *db, struct arena *a, int64_t user_id, struct room_view *out,
                          size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &list_public);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        view_from_row(&q, a, &out[(*count)++]);
    return query_end(&q, f);
}

enum err room_view(struct db *db, struct arena *a, int64_t room_id, int64_t user_id,
                   struct room_view *out, struct fail *f)
{
    struct query q = query_begin(db, &view);
    bool found;
    enum err e;

    *out = (struct room_view){0};
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    found = query_row(&q);
    if (found)
        view_from_row(&q, a, out);
    e = query_end(&q, f);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

enum err room_insert(struct db *db, struct room *r, struct fail *f)
{
    struct query q = query_begin(db, &insert);
    enum err e;

    query_bind_text(&q, 1, r->slug);
    query_bind_text(&q, 2, r->kind);
    query_bind_text(&q, 3, r->title);
    query_bind_text(&q, 4, r->topic ? r->topic : "");
    query_bind_i64(&q, 5, r->position);
    query_bind_i64(&q, 6, r->owner_id);
    query_bind_i64(&q, 7, r->slow_s);
    query_bind_text(&q, 8, r->post_policy ? r->post_policy : "all");
    query_bind_i64(&q, 9, r->created_ms);
    query_bind_i64(&q, 10, r->archived_ms);
    e = query_run(&q, f);
    r->id = e ? 0 : query_last_id(&q);
    return e;
}

enum err room_update_topic(struct db *db, int64_t id, const char *topic, struct fail *f)
{
    struct query q = query_begin(db, &update_topic);

    query_bind_i64(&q, 1, id);
    query_bind_text(&q, 2, topic);
    return query_run(&q, f);
}

enum err room_update_archived(struct db *db, int64_t id, int64_t archived_ms, struct fail *f)
{
    struct query q = query_begin(db, &update_archived);

    query_bind_i64(&q, 1, id);
    query_bind_i64(&q, 2, archived_ms);
    return query_run(&q, f);
}

enum err room_update_slow(struct db *db, int64_t id, int64_t slow_s, struct fail *f)
{
    struct query q = query_begin(db, &update_slow);

    query_bind_i64(&q, 1, id);
    query_bind_i64(&q, 2, slow_s);
    return query_run(&q, f);
}

enum err room_mark_read(struct db *db, int64_t room_id, int64_t user_id, int64_t up_to,
                        bool *changed, struct fail *f)
{
    struct query q = query_begin(db, &mark_read);
    enum err e;

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, user_id);
    query_bind_i64(&q, 3, up_to);
    e = query_run(&q, f);
    *changed = !e && query_changes(&q) > 0;
    return e;
}
