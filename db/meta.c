/* What concerns a whole database: its epoch, its version counter, its health. */
#include "db/handle.h"
#include "db/statements.h"

#include <sys/stat.h>

enum { START_CHECK_MAX = 32 << 20 }; /* bytes; about 0.1 s */

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
    db_raise_alarm(db, "The database is damaged.");
    return fail(f, ERR_INTERNAL, "The database is damaged: %s", said);
}

void db_raise_alarm(struct db *db, const char *why)
{
    if (db->kind != DB_CHAT || !db->conf || db->alarm[0])
        return;
    sqlite3_snprintf((int)sizeof db->alarm, db->alarm, "%s", why);
    log_event(db->log, LOG_ERROR, "storage_alarm", LOG_S("why", why), LOG_S("path", db->path),
              LOG_S("mend", "outcry verify, then outcry restore"));
}

const char *db_alarm(const struct db *db)
{
    return db->alarm[0] ? db->alarm : NULL;
}

void db_check_at_start(struct db *db)
{
    struct stat st;

    if (stat(db->path, &st) != 0 || st.st_size > START_CHECK_MAX || db->alarm[0])
        return;
    if (db_check(db, NULL))
        db_raise_alarm(db, "The database is damaged.");
    sqlite3_db_release_memory(db->sqlite); /* all of the file was read, little of it is needed */
}
