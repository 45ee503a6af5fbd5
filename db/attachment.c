#include "db/attachment.h"
#include "db/statements.h"

#define COLUMNS                                                                                    \
    "id, name, user_id, room_id, msg_id, size, created_ms, type, sha256, width, height,"           \
    " thumb_type, thumb_sha256, thumb_width, thumb_height FROM attachment "

static const struct sql by_id = {"attachment.by_id", "SELECT " COLUMNS "WHERE id = ?1", DB_CHAT,
                                 NULL};
static const struct sql list = {"attachment.list",
                                "SELECT " COLUMNS "WHERE msg_id = ?1 ORDER BY place LIMIT ?2",
                                DB_CHAT, NULL};
static const struct sql of_user = {"attachment.of_user",
                                   "SELECT " COLUMNS "WHERE user_id = ?1 AND type IS NOT NULL",
                                   DB_CHAT, NULL};
static const struct sql usage = {
    "attachment.usage",
    "SELECT coalesce(sum(size), 0), count(*) - count(msg_id) FROM attachment WHERE user_id = ?1",
    DB_CHAT, NULL};
static const struct sql insert = {
    "attachment.insert",
    "INSERT INTO attachment (id, name, user_id, room_id, size, created_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    DB_CHAT, NULL};
static const struct sql set_file = {
    "attachment.set_file",
    "UPDATE attachment SET type = ?2, sha256 = ?3, width = ?4, height = ?5, size = ?6, name = ?7"
    " WHERE id = ?1 AND msg_id IS NULL",
    DB_CHAT, NULL};
static const struct sql set_thumb = {
    "attachment.set_thumb",
    "UPDATE attachment SET thumb_type = ?2, thumb_sha256 = ?3, thumb_width = ?4, thumb_height = ?5"
    " WHERE id = ?1 AND msg_id IS NULL",
    DB_CHAT, NULL};
static const struct sql claim = {
    "attachment.claim",
    "UPDATE attachment SET msg_id = ?2, place = ?3 WHERE id = ?1 AND user_id = ?4 AND room_id = ?5"
    " AND msg_id IS NULL AND type IS NOT NULL",
    DB_CHAT, NULL};
static const struct sql cancel = {
    "attachment.cancel", "DELETE FROM attachment WHERE id = ?1 AND user_id = ?2 AND msg_id IS NULL",
    DB_CHAT, NULL};
static const struct sql drop = {"attachment.drop", "DELETE FROM attachment WHERE msg_id = ?1",
                                DB_CHAT, NULL};
static const struct sql stale = {"attachment.stale",
                                 "SELECT id FROM attachment INDEXED BY attachment_user"
                                 " WHERE user_id = ?1 AND msg_id IS NULL AND created_ms < ?2"
                                 " LIMIT ?3",
                                 DB_CHAT, NULL};

static const struct sql next_stale = {
    "attachment.next_stale",
    "SELECT id, user_id FROM attachment INDEXED BY attachment_unposted"
    " WHERE msg_id IS NULL AND created_ms < ?1 LIMIT 1",
    DB_CHAT, NULL};
static const struct sql has = {"attachment.has",
                               "SELECT 1 FROM attachment WHERE sha256 = ?1"
                               " UNION ALL SELECT 1 FROM attachment WHERE thumb_sha256 = ?1"
                               " LIMIT 1",
                               DB_CHAT, NULL};
static const struct sql next_file = {"attachment.next_file",
                                     "SELECT sha256 FROM attachment WHERE sha256 > ?1"
                                     " AND length(sha256) = 64 ORDER BY sha256 LIMIT 1",
                                     DB_CHAT, NULL};
static const struct sql next_thumb = {"attachment.next_thumb",
                                      "SELECT thumb_sha256 FROM attachment WHERE thumb_sha256 > ?1"
                                      " AND length(thumb_sha256) = 64 ORDER BY thumb_sha256"
                                      " LIMIT 1",
                                      DB_CHAT, NULL};

const struct sql *const attachment_statements[] = {
    &next_file, &next_thumb, &next_stale, &has,    &by_id, &list,  &usage,   &insert,
    &set_file,  &set_thumb,  &claim,      &cancel, &drop,  &stale, &of_user, NULL,
};

static struct blob blob_from_row(struct query *q, int first, struct arena *a)
{
    return (struct blob){
        .type = query_text(q, first, a),
        .sha256 = query_text(q, first + 1, a),
        .width = query_i64(q, first + 2),
        .height = query_i64(q, first + 3),
    };
}

static void from_row(struct query *q, struct arena *a, struct attachment *out)
{
    *out = (struct attachment){
        .id = query_text(q, 0, a),
        .name = query_text(q, 1, a),
        .user_id = query_i64(q, 2),
        .room_id = query_i64(q, 3),
        .msg_id = query_i64(q, 4),
        .size = query_i64(q, 5),
        .created_ms = query_i64(q, 6),
        .file = blob_from_row(q, 7, a),
        .thumb = blob_from_row(q, 11, a),
    };
}

enum err attachment_by_id(struct db *db, struct arena *a, const char *id, struct attachment *out,
                          struct fail *f)
{
    struct query q = query_begin(db, &by_id);
    bool found;
    enum err e;

    query_bind_text(&q, 1, id);
    found = query_row(&q);
    if (found)
        from_row(&q, a, out);
    e = query_end(&q, f);
    return e ? e : found ? OK : fail(f, ERR_FILE_NOT_FOUND, NULL);
}

enum err attachment_list(struct db *db, struct arena *a, int64_t msg_id, struct attachment **out,
                         size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &list);

    *out = arena_alloc(a, ATTACHMENTS_MAX * sizeof **out);
    *count = 0;
    query_bind_i64(&q, 1, msg_id);
    query_bind_i64(&q, 2, ATTACHMENTS_MAX);
    while (*count < ATTACHMENTS_MAX && query_row(&q))
        from_row(&q, a, &(*out)[(*count)++]);
    return query_end(&q, f);
}

enum err attachment_each_of(struct db *db, int64_t user_id, attachment_fn *tell, void *ctx,
                            struct fail *f)
{
    struct query q = query_begin(db, &of_user);
    struct attachment file;
    struct arena row;

    arena_init(&row);
    query_bind_i64(&q, 1, user_id);
    while (query_row(&q)) {
        from_row(&q, &row, &file);
        tell(ctx, &file);
        arena_clear(&row);
    }
    arena_release(&row);
    return query_end(&q, f);
}

enum err attachment_usage(struct db *db, int64_t user_id, int64_t *bytes, int64_t *unposted,
                          struct fail *f)
{
    struct query q = query_begin(db, &usage);

    *bytes = *unposted = 0;
    query_bind_i64(&q, 1, user_id);
    if (query_row(&q)) {
        *bytes = query_i64(&q, 0);
        *unposted = query_i64(&q, 1);
    }
    return query_end(&q, f);
}

enum err attachment_insert(struct db *db, const struct attachment *n, struct fail *f)
{
    struct query q = query_begin(db, &insert);

    query_bind_text(&q, 1, n->id);
    query_bind_text(&q, 2, n->name);
    query_bind_i64(&q, 3, n->user_id);
    query_bind_i64(&q, 4, n->room_id);
    query_bind_i64(&q, 5, n->size);
    query_bind_i64(&q, 6, n->created_ms);
    return query_run(&q, f);
}

/* One row must have changed. */
static enum err run_on_one(struct query *q, struct fail *f)
{
    enum err e = query_run(q, f);

    return e || query_changes(q) == 1 ? e : fail(f, ERR_FILE_NOT_FOUND, NULL);
}

static void bind_blob(struct query *q, const char *id, const struct blob *b)
{
    query_bind_text(q, 1, id);
    query_bind_text(q, 2, b->type);
    query_bind_text(q, 3, b->sha256);
    query_bind_i64(q, 4, b->width);
    query_bind_i64(q, 5, b->height);
}

enum err attachment_set_file(struct db *db, const struct attachment *n, struct fail *f)
{
    struct query q = query_begin(db, &set_file);

    bind_blob(&q, n->id, &n->file);
    query_bind_i64(&q, 6, n->size);
    query_bind_text(&q, 7, n->name);
    return run_on_one(&q, f);
}

enum err attachment_set_thumb(struct db *db, const struct attachment *n, struct fail *f)
{
    struct query q = query_begin(db, &set_thumb);

    bind_blob(&q, n->id, &n->thumb);
    return run_on_one(&q, f);
}

enum err attachment_claim(struct db *db, const char *id, const struct message *m, int64_t place,
                          struct fail *f)
{
    struct query q = query_begin(db, &claim);

    query_bind_text(&q, 1, id);
    query_bind_i64(&q, 2, m->id);
    query_bind_i64(&q, 3, place);
    query_bind_i64(&q, 4, m->user_id);
    query_bind_i64(&q, 5, m->room_id);
    return run_on_one(&q, f);
}

enum err attachment_cancel(struct db *db, const char *id, int64_t user_id, struct fail *f)
{
    struct query q = query_begin(db, &cancel);

    query_bind_text(&q, 1, id);
    query_bind_i64(&q, 2, user_id);
    return query_run(&q, f);
}

enum err attachment_drop(struct db *db, int64_t msg_id, struct fail *f)
{
    struct query q = query_begin(db, &drop);

    query_bind_i64(&q, 1, msg_id);
    return query_run(&q, f);
}

enum err attachment_list_stale(struct db *db, struct arena *a, int64_t user_id, int64_t before_ms,
                               const char **ids, size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &stale);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, before_ms);
    query_bind_i64(&q, 3, (int64_t)max);
    while (*count < max && query_row(&q))
        ids[(*count)++] = query_text(&q, 0, a);
    return query_end(&q, f);
}

enum err attachment_next_stale(struct db *db, struct arena *a, int64_t before_ms,
                               struct attachment *out, bool *found, struct fail *f)
{
    struct query q = query_begin(db, &next_stale);

    query_bind_i64(&q, 1, before_ms);
    *found = query_row(&q);
    if (*found)
        *out = (struct attachment){.id = query_text(&q, 0, a), .user_id = query_i64(&q, 1)};
    return query_end(&q, f);
}

enum err attachment_next_blob(struct db *db, struct arena *a, bool thumbs, const char *after,
                              const char **out, struct fail *f)
{
    struct query q = query_begin(db, thumbs ? &next_thumb : &next_file);

    query_bind_text(&q, 1, after);
    *out = query_row(&q) ? query_text(&q, 0, a) : NULL;
    return query_end(&q, f);
}

enum err attachment_has(struct db *db, const char *sha256, bool *out, struct fail *f)
{
    struct query q = query_begin(db, &has);

    query_bind_text(&q, 1, sha256);
    *out = query_row(&q);
    return query_end(&q, f);
}
