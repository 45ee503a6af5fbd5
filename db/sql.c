/* Statements: prepared on first use, kept with their db, ended in one place that maps errors. */
#include "db/handle.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_RETRY_MS = 1000, FULL_RETRY_MS = 10000 };

static enum err map_error(int rc, int os_errno)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_FULL:
        return ERR_STORAGE_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        /* The WAL's index is grown by writing to it: where that fails the disk is full. */
        if (os_errno == ENOSPC || os_errno == EDQUOT || rc == SQLITE_IOERR_SHMSIZE)
            return ERR_STORAGE_FULL;
        return ERR_INTERNAL;
    case SQLITE_CONSTRAINT:
        return ERR_EDIT_CONFLICT;
    default:
        return ERR_INTERNAL;
    }
}

enum err db_error(struct db *db, int rc, const char *what, struct fail *f)
{
    enum err e = map_error(rc, sqlite3_system_errno(db->sqlite));

    log_event(db->log, e == ERR_INTERNAL || e == ERR_STORAGE_FULL ? LOG_ERROR : LOG_WARN,
              "database_error", LOG_S("statement", what), LOG_N("code", rc),
              LOG_S("error", sqlite3_errmsg(db->sqlite)),
              LOG_S("database", db->kind == DB_CHAT ? "chat" : "state"));
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
        db_raise_alarm(db, "The database is damaged.");
    if (e == ERR_BUSY)
        return fail_later(f, e, BUSY_RETRY_MS, NULL);
    if (e == ERR_STORAGE_FULL)
        return fail_later(f, e, FULL_RETRY_MS, NULL);
    return fail(f, e, NULL);
}

/* The kept statement, or a fresh one; NULL with *rc set where it does not prepare. */
static sqlite3_stmt *find_statement(struct db *db, const struct sql *sql, int *rc)
{
    sqlite3_stmt *stmt = NULL;

    for (size_t i = 0; i < db->statement_count; i++) {
        if (db->statements[i].sql == sql)
            return db->statements[i].stmt;
    }
    *rc = sqlite3_prepare_v3(db->sqlite, sql->text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (*rc != SQLITE_OK)
        return NULL;
    if (db->statement_count == db->statement_cap) {
        db->statement_cap = db->statement_cap ? db->statement_cap * 2 : 32;
        db->statements = xrealloc(db->statements, db->statement_cap * sizeof db->statements[0]);
    }
    db->statements[db->statement_count++] = (struct db_statement){sql, stmt};
    return stmt;
}

struct query query_begin_unchecked(struct db *db, const struct sql *sql)
{
    struct query q = {.db = db, .sql = sql, .rc = SQLITE_OK};

    q.stmt = find_statement(db, sql, &q.rc);
    assert(!q.stmt || !sqlite3_stmt_busy(q.stmt)); /* a statement inside itself */
    return q;
}

struct query query_begin(struct db *db, const struct sql *sql)
{
    struct query q = {.db = db, .sql = sql, .rc = SQLITE_ABORT_ROLLBACK};

    assert(sql->kind == db->kind);
    /* A full disk ends a transaction within SQLite; what follows would commit alone. */
    if (db->tx == TX_WRITE && sqlite3_get_autocommit(db->sqlite))
        return q;
    q = query_begin_unchecked(db, sql);
    assert(!q.stmt || db->tx == TX_WRITE || sqlite3_stmt_readonly(q.stmt));
    return q;
}

static void keep_first(struct query *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void query_bind_i64(struct query *q, int index, int64_t value)
{
    if (q->rc == SQLITE_OK)
        keep_first(q, sqlite3_bind_int64(q->stmt, index, value));
}

void query_bind_text(struct query *q, int index, const char *s)
{
    query_bind_textn(q, index, s, s ? strlen(s) : 0);
}

/* Nothing is copied: what is bound must live until query_end(), which unbinds it. */
void query_bind_textn(struct query *q, int index, const char *s, size_t len)
{
    if (q->rc == SQLITE_OK)
        keep_first(q, sqlite3_bind_text64(q->stmt, index, s, len, SQLITE_STATIC, SQLITE_UTF8));
}

void query_bind_blob(struct query *q, int index, const void *p, size_t len)
{
    if (q->rc == SQLITE_OK)
        keep_first(q, sqlite3_bind_blob64(q->stmt, index, p, len, SQLITE_STATIC));
}

bool query_row(struct query *q)
{
    int rc;

    if (q->rc != SQLITE_OK)
        return false;
    rc = sqlite3_step(q->stmt);
    if (rc == SQLITE_ROW)
        return true;
    q->rc = rc;
    return false;
}

int64_t query_i64(struct query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

const char *query_text(struct query *q, int column, struct arena *a)
{
    const unsigned char *s = sqlite3_column_text(q->stmt, column);

    if (!s) {
        if (sqlite3_column_type(q->stmt, column) != SQLITE_NULL)
            die("out of memory in a query");
        return NULL;
    }
    return arena_strn(a, (const char *)s, (size_t)sqlite3_column_bytes(q->stmt, column));
}

const void *query_blob(struct query *q, int column, size_t *len)
{
    const void *p = sqlite3_column_blob(q->stmt, column);

    *len = p ? (size_t)sqlite3_column_bytes(q->stmt, column) : 0;
    return p;
}

enum err query_end(struct query *q, struct fail *f)
{
    struct db *db = q->db;
    enum err e = OK;

    if (q->rc == SQLITE_ABORT_ROLLBACK && db->lost)
        e = fail(f, db->lost, NULL); /* logged when it happened */
    else if (q->rc != SQLITE_OK && q->rc != SQLITE_DONE)
        e = db_error(db, q->rc, q->sql->name, f);
    if (q->stmt) {
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
    }
    if (e && !db->lost && db->tx == TX_WRITE && sqlite3_get_autocommit(db->sqlite))
        db->lost = e;
    q->stmt = NULL;
    return e;
}

enum err query_run(struct query *q, struct fail *f)
{
    while (query_row(q))
        ;
    return query_end(q, f);
}

int64_t query_changes(const struct query *q)
{
    return sqlite3_changes64(q->db->sqlite);
}

int64_t query_last_id(const struct query *q)
{
    return sqlite3_last_insert_rowid(q->db->sqlite);
}
