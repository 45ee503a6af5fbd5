/*
 * The schema's steps: numbered files built into the program, each applied once, in a transaction of
 * its own. A file ends by setting user_version to its number, inside that transaction.
 */
#include "db/handle.h"
#include "db/statements.h"
#include "lib/embedded.h"

#include <string.h>

/* "Outc" and "Outs", in the files' headers: another program's database is not touched. */
static const int application_id[] = {[DB_CHAT] = 0x4f757463, [DB_STATE] = 0x4f757473};

static const struct sql user_version = {"migrate.version", "PRAGMA user_version", DB_CHAT, NULL};
static const struct sql application = {"migrate.application", "PRAGMA application_id", DB_CHAT,
                                       NULL};
static const struct sql tables = {"migrate.tables", "SELECT count(*) FROM sqlite_schema", DB_CHAT,
                                  "the schema table alone"};

const struct sql *const migrate_statements[] = {&user_version, &application, &tables, NULL};

static const struct embedded *steps_of(enum db_kind kind)
{
    return kind == DB_CHAT ? embedded_chat_migrations : embedded_state_migrations;
}

int migrate_newest(enum db_kind kind)
{
    const struct embedded *steps = steps_of(kind);
    int n = 0;

    while (steps[n].name)
        n++;
    return n;
}

static enum err read_number(struct db *db, const struct sql *sql, int64_t *out, struct fail *f)
{
    struct query q = query_begin_unchecked(db, sql);
    enum err e;

    *out = 0;
    if (query_row(&q))
        *out = query_i64(&q, 0);
    e = query_end(&q, f);
    return e == ERR_INTERNAL ? fail(f, e, "Cannot read the database %s: %s.", db->path,
                                    sqlite3_errmsg(db->sqlite))
                             : e;
}

struct state_of_file {
    int64_t version, application, tables; /* these are counted where there is no version */
};

static enum err read_state(struct db *db, struct state_of_file *s, struct fail *f)
{
    enum err e = db_begin_read(db, f);

    *s = (struct state_of_file){0};
    if (e)
        return e;
    e = read_number(db, &user_version, &s->version, f);
    if (!e)
        e = read_number(db, &application, &s->application, f);
    if (!e && !s->version)
        e = read_number(db, &tables, &s->tables, f);
    db_end_read(db);
    return e;
}

enum err migrate_judge(struct db *db, int *version, struct fail *f)
{
    struct state_of_file s;
    enum err e = read_state(db, &s, f);

    *version = (int)s.version;
    if (e)
        return e;
    if (s.application != (s.version ? application_id[db->kind] : 0) || s.tables > 0)
        return fail(f, ERR_INTERNAL, "The file %s is not Outcry's.", db->path);
    if (*version > migrate_newest(db->kind))
        return fail(f, ERR_INTERNAL,
                    "The database %s has schema %d, newer than this program's %d. Run the newer "
                    "program, or restore a backup of the older schema.",
                    db->path, *version, migrate_newest(db->kind));
    return OK;
}

static enum err apply(struct db *db, const struct embedded *step, int number, struct fail *f)
{
    int version;
    enum err e;
    int rc = sqlite3_exec(db->sqlite, step->text, NULL, NULL, NULL);

    if (rc != SQLITE_OK)
        return db_error(db, rc, step->name, f);
    e = migrate_judge(db, &version, f);
    if (!e && version != number)
        e = fail(f, ERR_INTERNAL, "The migration %s left schema %d.", step->name, version);
    return e;
}

/* One transaction: reads the version and takes the next step. *done: there was none. */
static enum err step(struct db *db, int *version, bool *done, struct fail *f)
{
    int newest = migrate_newest(db->kind);
    enum err e = db_begin_write(db, f);

    if (e)
        return e;
    e = migrate_judge(db, version, f);
    *done = !e && *version == newest;
    if (!e && !*done)
        e = apply(db, &steps_of(db->kind)[*version], *version + 1, f);
    if (e || *done) {
        db_rollback(db);
        return e;
    }
    e = db_commit(db, f);
    if (!e)
        log_event(db->log, LOG_INFO, "migrated", LOG_S("database", db->path),
                  LOG_S("step", steps_of(db->kind)[*version].name));
    return e;
}

enum err migrate_run(struct db *db, int *from, int *to, struct fail *f)
{
    bool first = true, done = false;
    int version = 0;

    while (!done) {
        enum err e = step(db, &version, &done, f);

        if (e)
            return e;
        if (first && from)
            *from = version;
        first = false;
    }
    if (to)
        *to = version;
    return OK;
}

enum err db_migrate(const struct conf *conf, const struct log *log, int *from, int *to,
                    struct fail *f)
{
    struct db *db;
    enum err e = db_open_file(&db, DB_CHAT, DB_READ_WRITE, true, conf, log, f);

    if (e)
        return e;
    e = migrate_run(db, from, to, f);
    db_close(db);
    return e;
}
