#include "db/ignored.h"
#include "db/statements.h"

static const struct sql ids = {
    "ignored.ids",
    "SELECT ignored_id, since_ms FROM ignored_user WHERE user_id = ?1 ORDER BY ignored_id LIMIT ?2",
    DB_CHAT, NULL};
static const struct sql is = {"ignored.is",
                              "SELECT 1 FROM ignored_user WHERE user_id = ?1 AND ignored_id = ?2",
                              DB_CHAT, NULL};
static const struct sql list = {
    "ignored.list",
    "SELECT i.ignored_id, i.since_ms, u.username, u.ext_id"
    " FROM ignored_user i JOIN user u ON u.id = i.ignored_id"
    " WHERE i.user_id = ?1 ORDER BY i.since_ms DESC, i.ignored_id DESC LIMIT ?2",
    DB_CHAT, "sorts the few hundred that one user ignores"};
static const struct sql insert = {
    "ignored.insert",
    "INSERT INTO ignored_user (user_id, ignored_id, since_ms) VALUES (?1, ?2, ?3)"
    " ON CONFLICT DO NOTHING",
    DB_CHAT, NULL};
static const struct sql delete = {"ignored.delete",
                                  "DELETE FROM ignored_user WHERE user_id = ?1 AND ignored_id = ?2",
                                  DB_CHAT, NULL};

const struct sql *const ignored_statements[] = {&ids, &is, &list, &insert, &delete, NULL};

/* Most people ignore nobody, and ask often: memory is taken when there is a first. */
enum err ignored_load(struct db *db, struct arena *a, int64_t user_id, struct ignored *out,
                      struct fail *f)
{
    struct query q;
    int64_t *found = NULL;

    *out = (struct ignored){.user_id = user_id};
    if (!user_id)
        return OK;
    q = query_begin(db, &ids);
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, IGNORED_MOST);
    while (out->count < IGNORED_MOST && query_row(&q)) {
        if (!found)
            found = arena_alloc(a, IGNORED_MOST * sizeof *found);
        found[out->count++] = query_i64(&q, 0);
        out->stamp += query_i64(&q, 1);
    }
    out->ids = found;
    return query_end(&q, f);
}

bool ignored_has(const struct ignored *i, int64_t user_id)
{
    size_t low = 0, high = i->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (i->ids[middle] < user_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < i->count && i->ids[low] == user_id;
}

enum err ignored_is(struct db *db, int64_t user_id, int64_t other_id, bool *out, struct fail *f)
{
    struct query q = query_begin(db, &is);

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, other_id);
    *out = query_row(&q);
    return query_end(&q, f);
}

enum err ignored_list(struct db *db, struct arena *a, int64_t user_id, struct ignored_user *out,
                      size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &list);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, IGNORED_MOST);
    while (*count < IGNORED_MOST && query_row(&q))
        out[(*count)++] = (struct ignored_user){
            .user_id = query_i64(&q, 0),
            .since_ms = query_i64(&q, 1),
            .username = query_text(&q, 2, a),
            .ext_id = query_text(&q, 3, a),
        };
    return query_end(&q, f);
}

static enum err change(struct query *q, bool *changed, struct fail *f)
{
    enum err e = query_run(q, f);

    *changed = !e && query_changes(q) > 0;
    return e;
}

enum err ignored_insert(struct db *db, int64_t user_id, int64_t ignored_id, int64_t since_ms,
                        bool *changed, struct fail *f)
{
    struct query q = query_begin(db, &insert);

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, ignored_id);
    query_bind_i64(&q, 3, since_ms);
    return change(&q, changed, f);
}

enum err ignored_delete(struct db *db, int64_t user_id, int64_t ignored_id, bool *changed,
                        struct fail *f)
{
    struct query q = query_begin(db, &delete);

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, ignored_id);
    return change(&q, changed, f);
}
