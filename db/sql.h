/*
 * For files in db/ only: statements. Each entity file declares its statements as constants beside
 * the C that runs them and lists them in an array that db/statements.c knows, so that one test can
 * run EXPLAIN QUERY PLAN on every one. A statement is prepared on first use and kept with its db.
 *
 * Binding errors are sticky and surface at step. Usage:
 *   struct query q = query_begin(db, &by_ext);
 *   query_bind_text(&q, 1, ext_id);
 *   if (query_row(&q)) … query_i64(&q, 0) …
 *   return query_end(&q, f);
 */
#ifndef DB_SQL_H
#define DB_SQL_H

#include "db/db.h"

#include <sqlite3.h>

struct sql {
    const char *name; /* "user.by_ext": in logs and in the EXPLAIN test */
    const char *text;
    enum db_kind kind;
    /* Why this statement may SCAN a table; NULL where it must not. The EXPLAIN test reads it. */
    const char *scan_reason;
};

struct query {
    struct db *db;
    sqlite3_stmt *stmt; /* NULL: preparing failed */
    const struct sql *sql;
    int rc;
};

struct query query_begin(struct db *db, const struct sql *sql);
void query_bind_i64(struct query *q, int index, int64_t value);
void query_bind_text(struct query *q, int index, const char *s); /* NULL binds NULL */
void query_bind_textn(struct query *q, int index, const char *s, size_t len);
void query_bind_blob(struct query *q, int index, const void *p, size_t len);
bool query_row(struct query *q); /* true: a row stands ready */
int64_t query_i64(struct query *q, int column);
const char *query_text(struct query *q, int column, struct arena *a); /* NULL stays NULL */
const void *query_blob(struct query *q, int column, size_t *len);     /* until the next row */
/* Resets the statement. OK also where no row came; callers count rows themselves. SQLITE_BUSY is
 * ERR_BUSY, SQLITE_FULL and no-space I/O errors ERR_STORAGE_FULL, a constraint ERR_EDIT_CONFLICT,
 * the rest ERR_INTERNAL, logged here once with the statement's name. */
MUST_CHECK enum err query_end(struct query *q, struct fail *f);
/* A statement without rows: step and end. */
MUST_CHECK enum err query_run(struct query *q, struct fail *f);
int64_t query_changes(const struct query *q);
/* The rowid that an INSERT made. (RETURNING would do, but makes SQLite look through the child
 * tables of every foreign key, as triggers do.) */
int64_t query_last_id(const struct query *q);

/* NULL-terminated list of the NULL-terminated lists. */
extern const struct sql *const *const all_statements[];

#endif
