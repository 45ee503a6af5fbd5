#include "db/room.h"
#include "db/row.h"
#include "db/statements.h"

/*
 * unread: the index message_room alone answers it. Both limits bound the walk: at most 1,000 rows,
 * however many of them are the user's own or deleted, and no more than it takes to reach 100.
 */
/* Of three and more; one that somebody left has no key any more. */
#define IS_GROUP "r.kind = 'direct' AND ifnull(r.direct_key LIKE '%,%,%', 1)"
#define COLUMNS_WITH(title)                                                                        \
    "r.id, r.slug, r.kind, " title ", r.topic, r.post_policy, r.position, r.owner_id, r.head,"     \
    " r.floor, r.slow_s, r.created_ms, r.archived_ms, r.invite_policy, " IS_GROUP
#define ROOM_COLUMNS COLUMNS_WITH("r.title")
enum { ROOM_COLUMN_COUNT = 15 };
/* For each reader the others, as they are called now. */
#define READERS_TITLE                                                                              \
    "CASE r.kind WHEN 'direct' THEN (SELECT coalesce(group_concat(username, ', '), 'Just you') "   \
    "FROM ("                                                                                       \
    "SELECT u.username FROM room_member o JOIN user u ON u.id = o.user_id"                         \
    " WHERE o.room_id = r.id AND o.user_id <> ?1 ORDER BY o.user_id)) ELSE r.title END"
#define VIEW_COLUMNS                                                                               \
    COLUMNS_WITH(READERS_TITLE)                                                                    \
    ", m.user_id IS NOT NULL, m.joined_seq, m.last_read_seq,"                                      \
    " m.muted_until, m.hidden,"                                                                    \
    " CASE WHEN m.user_id IS NULL OR m.last_read_seq >= r.head THEN 0 ELSE ("                      \
    "SELECT count(*) FROM (SELECT 1 FROM ("                                                        \
    "SELECT user_id AS author, deleted_ms FROM message"                                            \
    " WHERE room_id = r.id AND seq > max(m.last_read_seq, m.joined_seq)"                           \
    " ORDER BY seq LIMIT 1000)"                                                                    \
    " WHERE author <> ?1 AND deleted_ms = 0 AND author NOT IN"                                     \
    " (SELECT ignored_id FROM ignored_user WHERE user_id = ?1) LIMIT 100)) END,"                   \
    " CASE WHEN m.user_id IS NULL OR m.last_read_seq >= r.head THEN 0 ELSE ("                      \
    "SELECT count(*) FROM (SELECT 1 FROM mention n WHERE user_id IN (?1, 0) AND room_id = r.id"    \
    " AND seq > max(m.last_read_seq, m.joined_seq) AND author_id <> ?1 AND author_id NOT IN"       \
    " (SELECT ignored_id FROM ignored_user WHERE user_id = ?1) AND at = (SELECT min(at)"           \
    " FROM mention WHERE msg_id = n.msg_id AND user_id IN (?1, 0)) LIMIT 100)) END"                \
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
#define LIVELIEST_FIRST                                                                            \
    " ORDER BY r.kind = 'direct', iif(r.kind = 'direct', -(SELECT ts_ms FROM event"                \
    " WHERE room_id = r.id AND seq = r.head), 0), r.title, r.id LIMIT ?2"
static const struct sql list_own = {
    "room.list_own",
    "SELECT " VIEW_COLUMNS
    " WHERE r.id IN (SELECT room_id FROM room_member WHERE user_id = ?1 AND hidden = 0)"
    " AND r.kind IN ('private', 'direct') AND r.archived_ms = 0" LIVELIEST_FIRST,
    DB_CHAT, "sorts one person's own rooms"};
static const struct sql list_away = {
    "room.list_away",
    "SELECT " VIEW_COLUMNS
    " WHERE r.id IN (SELECT id FROM room WHERE kind = 'public' AND archived_ms > 0"
    " UNION ALL SELECT room_id FROM room_member WHERE user_id = ?1)"
    " AND (r.archived_ms > 0 OR m.hidden = 1)" LIVELIEST_FIRST,
    DB_CHAT, "sorts archived rooms, and what one person hid"};
static const struct sql seen_by_slug = {
    "room.seen_by_slug", "SELECT " ROOM_COLUMNS " FROM room r WHERE r.slug = ?2 AND " ROOM_IS_SEEN,
    DB_CHAT, NULL};
static const struct sql view_by_slug = {
    "room.view_by_slug", "SELECT " VIEW_COLUMNS " WHERE r.slug = ?2 AND " ROOM_IS_SEEN, DB_CHAT,
    NULL};
static const struct sql by_direct_key = {
    "room.by_direct_key", "SELECT " ROOM_COLUMNS " FROM room r WHERE r.direct_key = ?1", DB_CHAT,
    NULL};
static const struct sql view = {"room.view", "SELECT " VIEW_COLUMNS " WHERE r.id = ?2", DB_CHAT,
                                NULL};
static const struct sql insert = {
    "room.insert",
    "INSERT INTO room (slug, kind, title, topic, position, owner_id, slow_s, post_policy,"
    " created_ms, archived_ms, invite_policy)"
    " VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0), ?7, ?8, ?9, ?10, ?11)",
    DB_CHAT, NULL};
static const struct sql update_topic = {"room.update_topic",
                                        "UPDATE room SET topic = ?2 WHERE id = ?1", DB_CHAT, NULL};
static const struct sql update_archived = {
    "room.update_archived", "UPDATE room SET archived_ms = ?2 WHERE id = ?1", DB_CHAT, NULL};
static const struct sql update_slow = {"room.update_slow",
                                       "UPDATE room SET slow_s = ?2 WHERE id = ?1", DB_CHAT, NULL};
static const struct sql set_direct_key = {
    "room.set_direct_key", "UPDATE room SET direct_key = ?2 WHERE id = ?1", DB_CHAT, NULL};
static const struct sql update = {
    "room.update",
    "UPDATE room SET title = ?2, topic = ?3, post_policy = ?4, invite_policy = ?5,"
    " owner_id = nullif(?6, 0), slow_s = ?7, archived_ms = ?8 WHERE id = ?1",
    DB_CHAT, NULL};
static const struct sql mute = {
    "room.mute",
    "INSERT INTO room_member (room_id, user_id, muted_until)"
    " SELECT r.id, ?1, ?3 FROM room r WHERE r.id = ?2 AND " ROOM_IS_SEEN
    " ON CONFLICT (user_id, room_id) DO UPDATE SET muted_until = excluded.muted_until",
    DB_CHAT, NULL};
static const struct sql mark_read = {
    "room.mark_read",
    "INSERT INTO room_member (room_id, user_id, last_read_seq)"
    " SELECT r.id, ?1, ?3 FROM room r WHERE r.id = ?2 AND " ROOM_IS_SEEN
    " ON CONFLICT (user_id, room_id) DO UPDATE SET last_read_seq = excluded.last_read_seq"
    " WHERE excluded.last_read_seq > last_read_seq",
    DB_CHAT, NULL};

const struct sql *const room_statements[] = {
    &by_slug,         &by_id,          &list_public, &view,     &insert,       &update_topic,
    &update_archived, &update_slow,    &mark_read,   &list_own, &seen_by_slug, &view_by_slug,
    &by_direct_key,   &set_direct_key, &update,      &mute,     &list_away,    NULL,
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
        .invite_policy = query_text(q, 13, a),
        .is_group = query_i64(q, 14) != 0,
    };
}

static void view_from_row(struct query *q, struct arena *a, struct room_view *v)
{
    from_row(q, a, &v->room);
    v->has_mark = query_i64(q, ROOM_COLUMN_COUNT) != 0;
    v->joined_seq = query_i64(q, ROOM_COLUMN_COUNT + 1);
    v->last_read_seq = query_i64(q, ROOM_COLUMN_COUNT + 2);
    v->muted_until = query_i64(q, ROOM_COLUMN_COUNT + 3);
    v->hidden = query_i64(q, ROOM_COLUMN_COUNT + 4) != 0;
    v->unread = query_i64(q, ROOM_COLUMN_COUNT + 5);
    v->mentions = query_i64(q, ROOM_COLUMN_COUNT + 6);
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

enum err room_seen_by_slug(struct db *db, struct arena *a, const char *slug, int64_t user_id,
                           struct room *out, struct fail *f)
{
    struct query q = query_begin(db, &seen_by_slug);

    query_bind_i64(&q, 1, user_id);
    query_bind_text(&q, 2, slug);
    return load_one(&q, a, out, f);
}

enum err room_by_direct_key(struct db *db, struct arena *a, const char *key, struct room *out,
                            struct fail *f)
{
    struct query q = query_begin(db, &by_direct_key);

    query_bind_text(&q, 1, key);
    return load_one(&q, a, out, f);
}

static enum err load_views(struct db *db, const struct sql *sql, struct arena *a, int64_t user_id,
                           struct room_view *out, size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, sql);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        view_from_row(&q, a, &out[(*count)++]);
    return query_end(&q, f);
}

enum err room_list_public(struct db *db, struct arena *a, int64_t user_id, struct room_view *out,
                          size_t max, size_t *count, struct fail *f)
{
    return load_views(db, &list_public, a, user_id, out, max, count, f);
}

enum err room_list_own(struct db *db, struct arena *a, int64_t user_id, struct room_view *out,
                       size_t max, size_t *count, struct fail *f)
{
    return load_views(db, &list_own, a, user_id, out, max, count, f);
}

enum err room_list_away(struct db *db, struct arena *a, int64_t user_id, struct room_view *out,
                        size_t max, size_t *count, struct fail *f)
{
    return load_views(db, &list_away, a, user_id, out, max, count, f);
}

static enum err load_view(struct query *q, struct arena *a, struct room_view *out, struct fail *f)
{
    bool found = query_row(q);
    enum err e;

    *out = (struct room_view){0};
    if (found)
        view_from_row(q, a, out);
    e = query_end(q, f);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

enum err room_view(struct db *db, struct arena *a, int64_t room_id, int64_t user_id,
                   struct room_view *out, struct fail *f)
{
    struct query q = query_begin(db, &view);

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    return load_view(&q, a, out, f);
}

enum err room_view_by_slug(struct db *db, struct arena *a, const char *slug, int64_t user_id,
                           struct room_view *out, struct fail *f)
{
    struct query q = query_begin(db, &view_by_slug);

    query_bind_i64(&q, 1, user_id);
    query_bind_text(&q, 2, slug);
    return load_view(&q, a, out, f);
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
    query_bind_text(&q, 11, r->invite_policy ? r->invite_policy : "members");
    e = query_run(&q, f);
    r->id = e ? 0 : query_last_id(&q);
    return e;
}

enum err room_set_direct_key(struct db *db, int64_t id, const char *key, struct fail *f)
{
    struct query q = query_begin(db, &set_direct_key);

    query_bind_i64(&q, 1, id);
    query_bind_text(&q, 2, key);
    return query_run(&q, f);
}

enum err room_update(struct db *db, const struct room *r, struct fail *f)
{
    struct query q = query_begin(db, &update);

    query_bind_i64(&q, 1, r->id);
    query_bind_text(&q, 2, r->title);
    query_bind_text(&q, 3, r->topic);
    query_bind_text(&q, 4, r->post_policy);
    query_bind_text(&q, 5, r->invite_policy);
    query_bind_i64(&q, 6, r->owner_id);
    query_bind_i64(&q, 7, r->slow_s);
    query_bind_i64(&q, 8, r->archived_ms);
    return query_run(&q, f);
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

enum err room_mute(struct db *db, int64_t room_id, int64_t user_id, int64_t until, struct fail *f)
{
    struct query q = query_begin(db, &mute);

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    query_bind_i64(&q, 3, until);
    return query_run(&q, f);
}

enum err room_mark_read(struct db *db, int64_t room_id, int64_t user_id, int64_t up_to,
                        bool *changed, struct fail *f)
{
    struct query q = query_begin(db, &mark_read);
    enum err e;

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    query_bind_i64(&q, 3, up_to);
    e = query_run(&q, f);
    *changed = !e && query_changes(&q) > 0;
    return e;
}
