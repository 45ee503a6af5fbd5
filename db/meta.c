/* What concerns a whole database: its epoch, its version counter, its health. */
#include "db/handle.h"
#include "db/statements.h"

static const struct sql epoch = {"meta.epoch", "SELECT value FROM meta WHERE key = 'epoch'",
                                 DB_CHAT, NULL};
static const struct sql set_epoch = {"meta.set_epoch",
                                     "INSERT INTO meta (key, value) VALUES ('epoch', ?1)"
                                     " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                                     DB_CHAT, NULL};
static const struct sql data_version = {"meta.data_version", "PRAGMA data_version", DB_CHAT, NULL};
static const struct sql quick_check = {"meta.quick_check", "PRAGMA quick_check(1)", DB_CHAT, NULL};

const struct sql *const meta_statements[] = {&epoch, &set_epoch, &data_version, &quick_check, NULL};

enum err db_epoch(struct db *db, struct arena *a, const char **out, struct fail *f)
{
    struct query q = query_begin(db, &epoch);

    *out = "";
    if (query_row(&q))
        *out = query_text(&q, 0, a);
    return query_end(&q, f);
}

enum err db_set_epoch(struct db *db, const char *value, struct fail *f)
{
    struct query q = query_begin(db, &set_epoch);

    query_bind_text(&q, 1, value);
    return query_run(&q, f);
}

int64_t db_data_version(struct db *db)
{
    struct query q = query_begin_unchecked(db, &data_version);
    int64_t version = 0;

    if (query_row(&q))
        version = query_i64(&q, 0);
    return query_end(&q, NULL) ? 0 : version;
}

enum err db_check(struct db *db, struct fail *f)
{
    struct query q = query_begin_unchecked(db, &quick_check);
    bool ok = false;
    enum err e;
    char said[160] = "";

    if (query_row(&q)) {
        sqlite3_snprintf((int)sizeof said, said, "%s", sqlite3_column_text(q.stmt, 0));
        ok = sqlite3_stricmp(said, "ok") == 0;
    }
    e = query_end(&q, f);
    if (e || ok)
        return e;
    log_event(db->log, LOG_ERROR, "database_damaged", LOG_S("path", db->path),
              {.key = "said", .str = said});
    return fail(f, ERR_INTERNAL, "The database is damaged: %s", said);
}
