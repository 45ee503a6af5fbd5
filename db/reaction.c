#include "db/reaction.h"
#include "db/statements.h"

static const struct sql kinds = {"reaction.kinds",
                                 "SELECT emoji, count FROM reaction_count WHERE msg_id = ?1"
                                 " ORDER BY place LIMIT ?2",
                                 DB_CHAT, NULL};
static const struct sql users = {"reaction.users",
                                 "SELECT user_id FROM reaction WHERE msg_id = ?1 AND emoji = ?2"
                                 " ORDER BY user_id LIMIT ?3",
                                 DB_CHAT, NULL};
static const struct sql exists = {
    "reaction.exists", "SELECT 1 FROM reaction WHERE msg_id = ?1 AND emoji = ?2 AND user_id = ?3",
    DB_CHAT, NULL};
static const struct sql insert = {
    "reaction.insert",
    "INSERT INTO reaction (msg_id, emoji, user_id, ts_ms) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT DO NOTHING",
    DB_CHAT, NULL};
static const struct sql count_up = {
    "reaction.count_up",
    "INSERT INTO reaction_count (msg_id, emoji, place, count) VALUES (?1, ?2,"
    " 1 + coalesce((SELECT max(place) FROM reaction_count WHERE msg_id = ?1), 0), 1)"
    " ON CONFLICT (msg_id, emoji) DO UPDATE SET count = count + 1",
    DB_CHAT, NULL};
static const struct sql delete = {
    "reaction.delete", "DELETE FROM reaction WHERE msg_id = ?1 AND emoji = ?2 AND user_id = ?3",
    DB_CHAT, NULL};
static const struct sql count_down = {
    "reaction.count_down",
    "UPDATE reaction_count SET count = count - 1 WHERE msg_id = ?1 AND emoji = ?2", DB_CHAT, NULL};
static const struct sql drop_empty = {
    "reaction.drop_empty",
    "DELETE FROM reaction_count WHERE msg_id = ?1 AND emoji = ?2 AND count = 0", DB_CHAT, NULL};
static const struct sql note_kinds = {
    "reaction.note_kinds",
    "UPDATE message SET reactions = (SELECT count(*) FROM reaction_count WHERE msg_id = ?1)"
    " WHERE id = ?1",
    DB_CHAT, NULL};
static const struct sql clear = {"reaction.clear", "DELETE FROM reaction WHERE msg_id = ?1",
                                 DB_CHAT, NULL};
static const struct sql clear_counts = {
    "reaction.clear_counts", "DELETE FROM reaction_count WHERE msg_id = ?1", DB_CHAT, NULL};

const struct sql *const reaction_statements[] = {
    &kinds,      &users,      &exists,     &insert, &count_up,     &delete,
    &count_down, &drop_empty, &note_kinds, &clear,  &clear_counts, NULL,
};

static enum err load_users(struct db *db, int64_t msg_id, struct reaction *r, struct fail *f)
{
    struct query q = query_begin(db, &users);

    query_bind_i64(&q, 1, msg_id);
    query_bind_text(&q, 2, r->emoji);
    query_bind_i64(&q, 3, REACTION_USERS);
    while (r->user_count < REACTION_USERS && query_row(&q))
        r->user_ids[r->user_count++] = query_i64(&q, 0);
    return query_end(&q, f);
}

enum err reaction_list(struct db *db, struct arena *a, int64_t msg_id, struct reaction **out,
                       size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &kinds);
    enum err e;

    *out = arena_alloc(a, REACTION_EMOJI * sizeof **out);
    *count = 0;
    query_bind_i64(&q, 1, msg_id);
    query_bind_i64(&q, 2, REACTION_EMOJI);
    while (*count < REACTION_EMOJI && query_row(&q))
        (*out)[(*count)++] =
            (struct reaction){.emoji = query_text(&q, 0, a), .count = query_i64(&q, 1)};
    e = query_end(&q, f);
    for (size_t i = 0; !e && i < *count; i++)
        e = load_users(db, msg_id, &(*out)[i], f);
    return e;
}

static struct query about(struct db *db, const struct sql *sql, int64_t msg_id, const char *emoji)
{
    struct query q = query_begin(db, sql);

    query_bind_i64(&q, 1, msg_id);
    if (emoji)
        query_bind_text(&q, 2, emoji);
    return q;
}

static enum err run(struct db *db, const struct sql *sql, int64_t msg_id, const char *emoji,
                    struct fail *f)
{
    struct query q = about(db, sql, msg_id, emoji);

    return query_run(&q, f);
}

enum err reaction_exists(struct db *db, int64_t msg_id, const char *emoji, int64_t user_id,
                         bool *out, struct fail *f)
{
    struct query q = about(db, &exists, msg_id, emoji);

    query_bind_i64(&q, 3, user_id);
    *out = query_row(&q);
    return query_end(&q, f);
}

enum err reaction_add(struct db *db, int64_t msg_id, const char *emoji, int64_t user_id,
                      int64_t ts_ms, struct fail *f)
{
    struct query q = about(db, &insert, msg_id, emoji);
    enum err e;

    query_bind_i64(&q, 3, user_id);
    query_bind_i64(&q, 4, ts_ms);
    e = query_run(&q, f);
    if (e || !query_changes(&q))
        return e;
    e = run(db, &count_up, msg_id, emoji, f);
    return e ? e : run(db, &note_kinds, msg_id, NULL, f);
}

enum err reaction_remove(struct db *db, int64_t msg_id, const char *emoji, int64_t user_id,
                         struct fail *f)
{
    struct query q = about(db, &delete, msg_id, emoji);
    enum err e;

    query_bind_i64(&q, 3, user_id);
    e = query_run(&q, f);
    if (e || !query_changes(&q))
        return e;
    e = run(db, &count_down, msg_id, emoji, f);
    if (!e)
        e = run(db, &drop_empty, msg_id, emoji, f);
    return e ? e : run(db, &note_kinds, msg_id, NULL, f);
}

enum err reaction_clear(struct db *db, int64_t msg_id, struct fail *f)
{
    enum err e = run(db, &clear, msg_id, NULL, f);

    if (!e)
        e = run(db, &clear_counts, msg_id, NULL, f);
    return e ? e : run(db, &note_kinds, msg_id, NULL, f);
}
