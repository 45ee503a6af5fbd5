/* For tests of db/: what a database says of itself, and a value to write into it. */
#ifndef TESTS_UNIT_DB_PROBE_H
#define TESTS_UNIT_DB_PROBE_H

#include "db/handle.h"
#include "tests/unit/db_fixture.h"

/* What a pragma or a query of one value says, through the connection itself. */
static inline const char *ask(struct fixture *fx, struct db *db, const char *text)
{
    sqlite3_stmt *stmt = NULL;
    const char *value = "";

    if (sqlite3_prepare_v2(db->sqlite, text, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(db->sqlite));
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0))
        value = arena_str(&fx->arena, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return value;
}

static inline int64_t rows_of(struct fixture *fx, const char *count)
{
    return strtoll(ask(fx, fx->db, count), NULL, 10);
}

static inline enum err set_epoch(struct db *db, const char *value, struct fail *f)
{
    enum err e = db_begin_write(db, f);

    if (e)
        return e;
    e = db_set_epoch(db, value, f);
    if (!e)
        return db_commit(db, f);
    db_rollback(db);
    return e;
}

static inline int64_t wal_size(struct fixture *fx)
{
    struct stat st;
    char path[300];

    snprintf(path, sizeof path, "%s-wal", fx->chat);
    return stat(path, &st) < 0 ? 0 : (int64_t)st.st_size;
}

#endif
