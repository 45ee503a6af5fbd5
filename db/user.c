#include "db/user.h"
#include "db/statements.h"

#define USER_COLUMNS                                                                               \
    "id, ext_id, username, name_fold, role, named_by_host, tokens_valid_after, first_seen_ms,"     \
    " muted_until, banned_until, claims_ms"

static const struct sql by_ext = {
    "user.by_ext", "SELECT " USER_COLUMNS " FROM user WHERE ext_id = ?1", DB_CHAT, NULL};
static const struct sql by_id = {"user.by_id", "SELECT " USER_COLUMNS " FROM user WHERE id = ?1",
                                 DB_CHAT, NULL};
static const struct sql by_fold = {
    "user.by_fold", "SELECT " USER_COLUMNS " FROM user WHERE name_fold = ?1 ORDER BY id LIMIT ?2",
    DB_CHAT, NULL};
/* Up to the last name that can begin so. */
static const struct sql by_prefix = {
    "user.by_prefix",
    "SELECT " USER_COLUMNS " FROM user WHERE name_fold >= ?1 AND name_fold < ?1 || char(1114111)"
    " AND id <> ?2 ORDER BY name_fold LIMIT ?3",
    DB_CHAT, NULL};
static const struct sql wrote_in_public = {
    "user.wrote_in_public",
    "SELECT 1 FROM room r WHERE r.kind = 'public' AND EXISTS (SELECT 1 FROM message"
    " WHERE user_id = ?1 AND room_id = r.id) LIMIT 1",
    DB_CHAT, NULL};
static const struct sql pref = {
    "user.pref", "SELECT json_extract(prefs, '$.' || ?2) FROM user WHERE id = ?1", DB_CHAT, NULL};
static const struct sql set_pref = {
    "user.set_pref", "UPDATE user SET prefs = json_set(prefs, '$.' || ?2, ?3) WHERE id = ?1",
    DB_CHAT, NULL};
static const struct sql list = {
    "user.list", "SELECT " USER_COLUMNS " FROM user WHERE id > ?1 ORDER BY id LIMIT ?2", DB_CHAT,
    NULL};
static const struct sql insert = {
    "user.insert",
    "INSERT INTO user (ext_id, username, name_fold, role, named_by_host, tokens_valid_after,"
    " first_seen_ms, muted_until, banned_until, claims_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    DB_CHAT, NULL};
static const struct sql update_name = {
    "user.update_name",
    "UPDATE user SET username = ?2, name_fold = ?3, named_by_host = ?4 WHERE id = ?1", DB_CHAT,
    NULL};
static const struct sql follow = {"user.follow", "UPDATE user SET claims_ms = ?2 WHERE id = ?1",
                                  DB_CHAT, NULL};
static const struct sql update_role = {"user.update_role",
                                       "UPDATE user SET role = ?2 WHERE id = ?1", DB_CHAT, NULL};
static const struct sql update_sanctions = {
    "user.update_sanctions",
    "UPDATE user SET muted_until = ?2, banned_until = ?3, tokens_valid_after = ?4 WHERE id = ?1",
    DB_CHAT, NULL};

const struct sql *const user_statements[] = {
    &by_ext,           &by_id,     &by_fold,         &list, &insert,   &update_name, &update_role,
    &update_sanctions, &by_prefix, &wrote_in_public, &pref, &set_pref, &follow,      NULL,
};

static void from_row(struct query *q, struct arena *a, struct user *u)
{
    *u = (struct user){
        .id = query_i64(q, 0),
        .ext_id = query_text(q, 1, a),
        .username = query_text(q, 2, a),
        .name_fold = query_text(q, 3, a),
        .role = query_text(q, 4, a),
        .named_by_host = query_i64(q, 5) != 0,
        .tokens_valid_after = query_i64(q, 6),
        .first_seen_ms = query_i64(q, 7),
        .muted_until = query_i64(q, 8),
        .banned_until = query_i64(q, 9),
        .claims_ms = query_i64(q, 10),
    };
}

static enum err load_one(struct query *q, struct arena *a, struct user *out, struct fail *f)
{
    bool found = query_row(q);
    enum err e;

    *out = (struct user){0};
    if (found)
        from_row(q, a, out);
    e = query_end(q, f);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

static enum err load_list(struct query *q, struct arena *a, struct user *out, size_t max,
                          size_t *count, struct fail *f)
{
    *count = 0;
    while (*count < max && query_row(q))
        from_row(q, a, &out[(*count)++]);
    return query_end(q, f);
}

bool user_is_erased(const struct user *u)
{
    return u->ext_id[0] == 'x';
}

enum err user_by_ext(struct db *db, struct arena *a, const char *ext_id, struct user *out,
                     struct fail *f)
{
    struct query q = query_begin(db, &by_ext);

    query_bind_text(&q, 1, ext_id);
    return load_one(&q, a, out, f);
}

enum err user_by_id(struct db *db, struct arena *a, int64_t id, struct user *out, struct fail *f)
{
    struct query q = query_begin(db, &by_id);

    query_bind_i64(&q, 1, id);
    return load_one(&q, a, out, f);
}

enum err user_list_by_fold(struct db *db, struct arena *a, const char *fold, struct user *out,
                           size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &by_fold);

    query_bind_text(&q, 1, fold);
    query_bind_i64(&q, 2, (int64_t)max);
    return load_list(&q, a, out, max, count, f);
}

enum err user_list_by_prefix(struct db *db, struct arena *a, const char *fold, int64_t but,
                             struct user *out, size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &by_prefix);

    query_bind_text(&q, 1, fold);
    query_bind_i64(&q, 2, but);
    query_bind_i64(&q, 3, (int64_t)max);
    return load_list(&q, a, out, max, count, f);
}

enum err user_wrote_in_public(struct db *db, int64_t id, bool *out, struct fail *f)
{
    struct query q = query_begin(db, &wrote_in_public);

    query_bind_i64(&q, 1, id);
    *out = query_row(&q);
    return query_end(&q, f);
}

enum err user_pref(struct db *db, struct arena *a, int64_t id, const char *name, const char **out,
                   struct fail *f)
{
    struct query q = query_begin(db, &pref);

    query_bind_i64(&q, 1, id);
    query_bind_text(&q, 2, name);
    *out = query_row(&q) ? query_text(&q, 0, a) : NULL;
    return query_end(&q, f);
}

enum err user_set_pref(struct db *db, int64_t id, const char *name, const char *value,
                       struct fail *f)
{
    struct query q = query_begin(db, &set_pref);

    query_bind_i64(&q, 1, id);
    query_bind_text(&q, 2, name);
    query_bind_text(&q, 3, value);
    return query_run(&q, f);
}

enum err user_list(struct db *db, struct arena *a, int64_t after_id, struct user *out, size_t max,
                   size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &list);

    query_bind_i64(&q, 1, after_id);
    query_bind_i64(&q, 2, (int64_t)max);
    return load_list(&q, a, out, max, count, f);
}

enum err user_insert(struct db *db, struct user *u, struct fail *f)
{
    struct query q = query_begin(db, &insert);
    enum err e;

    query_bind_text(&q, 1, u->ext_id);
    query_bind_text(&q, 2, u->username);
    query_bind_text(&q, 3, u->name_fold);
    query_bind_text(&q, 4, u->role);
    query_bind_i64(&q, 5, u->named_by_host);
    query_bind_i64(&q, 6, u->tokens_valid_after);
    query_bind_i64(&q, 7, u->first_seen_ms);
    query_bind_i64(&q, 8, u->muted_until);
    query_bind_i64(&q, 9, u->banned_until);
    query_bind_i64(&q, 10, u->claims_ms);
    e = query_run(&q, f);
    u->id = e ? 0 : query_last_id(&q);
    return e;
}

enum err user_update_name(struct db *db, int64_t id, const char *username, const char *fold,
                          bool named_by_host, struct fail *f)
{
    struct query q = query_begin(db, &update_name);

    query_bind_i64(&q, 1, id);
    query_bind_text(&q, 2, username);
    query_bind_text(&q, 3, fold);
    query_bind_i64(&q, 4, named_by_host);
    return query_run(&q, f);
}

enum err user_follow(struct db *db, int64_t id, int64_t claims_ms, struct fail *f)
{
    struct query q = query_begin(db, &follow);

    query_bind_i64(&q, 1, id);
    query_bind_i64(&q, 2, claims_ms);
    return query_run(&q, f);
}

enum err user_update_role(struct db *db, int64_t id, const char *role, struct fail *f)
{
    struct query q = query_begin(db, &update_role);

    query_bind_i64(&q, 1, id);
    query_bind_text(&q, 2, role);
    return query_run(&q, f);
}

enum err user_update_sanctions(struct db *db, int64_t id, int64_t muted_until, int64_t banned_until,
                               int64_t tokens_valid_after, struct fail *f)
{
    struct query q = query_begin(db, &update_sanctions);

    query_bind_i64(&q, 1, id);
    query_bind_i64(&q, 2, muted_until);
    query_bind_i64(&q, 3, banned_until);
    query_bind_i64(&q, 4, tokens_valid_after);
    return query_run(&q, f);
}
