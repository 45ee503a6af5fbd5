/* For files in db/ (and their tests) only: what a `struct db` is, and what the others build on. */
#ifndef DB_HANDLE_H
#define DB_HANDLE_H

#include "db/sql.h"
#include "db/turnstile.h"
#include "db/witness.h"

#include <sys/types.h>

enum db_tx { TX_NONE, TX_READ, TX_WRITE };

struct db_statement {
    const struct sql *sql;
    sqlite3_stmt *stmt;
};

struct db {
    sqlite3 *sqlite;
    enum db_kind kind;
    enum db_access access;
    const struct log *log;   /* not owned; may be NULL */
    const struct conf *conf; /* not owned; NULL: a copy, see db/backup.h */
    char *path;              /* real path of the file */
    dev_t device;            /* of the file when it was opened */
    ino_t inode;
    int64_t lock_timeout_ms, wal_max_bytes;

    bool wal; /* false: rollback journal; SQLite's own locks serve, the turnstile is closed */
    struct turnstile turnstile;

    enum db_tx tx;
    char alarm[240]; /* "" or why nothing may be written any more */
    struct witness witness;
    bool search_stale;        /* see search_is_stale() */
    fts5_tokenizer tokenizer; /* see db/tokens.h */
    Fts5Tokenizer *words;     /* NULL: not needed yet */

    struct bucket_rows *buckets; /* state.db: see db/bucket.c; NULL: not needed yet */
    int joined_reads;            /* db_begin_read() inside an open transaction */
    int64_t commits;             /* our own so far */
    enum err lost; /* why SQLite ended the open write transaction by itself; OK: it did not */

    int page_size;
    int wal_pages;     /* as of our last commit */
    int checkpoint_at; /* no attempt before the WAL has this many pages: the last one stood behind a
                          reader */

    struct db_statement *statements;
    size_t statement_count, statement_cap;
};

/* A statement without the checks of query_begin(): for BEGIN, COMMIT, pragmas. */
struct query query_begin_unchecked(struct db *db, const struct sql *sql);
/* Maps and logs an SQLite error, once. */
MUST_CHECK enum err db_error(struct db *db, int rc, const char *what, struct fail *f);

void tokens_release(struct db *db);
/* What was taken in the write transaction under way goes into its rows, or is forgotten. */
MUST_CHECK enum err buckets_store(struct db *state, struct fail *f);
void buckets_forget(struct db *state);
void buckets_release(struct db *state);

/* One write of its own, or part of the caller's: see db/state.h. finish_own() returns `e`, or the
 * commit's error. */
MUST_CHECK enum err db_begin_own(struct db *db, bool *own, struct fail *f);
MUST_CHECK enum err db_finish_own(struct db *db, bool own, enum err e, struct fail *f);
/* After COMMIT, under the turnstile: checkpoints where the WAL is over its limit. */
void db_checkpoint_if_due(struct db *db);

/* From here on this handle only reads; logged once. chat.db only. */
void db_raise_alarm(struct db *db, const char *why);
const char *db_configured_path(const struct db *db);
/* Whether the file that is open still stands where the configuration says. */
bool db_is_current(const struct db *db);
/* `db` goes on with what `fresh` opened, and `fresh` closes what `db` had. */
void db_take_over(struct db *db, struct db *fresh);

/* The schema version built in, and the steps to it, under the turnstile, one transaction each. */
int migrate_newest(enum db_kind kind);
MUST_CHECK enum err migrate_run(struct db *db, int *from, int *to, struct fail *f);
/* Refuses a file that is not ours or is newer than this program. */
MUST_CHECK enum err migrate_judge(struct db *db, int *version, struct fail *f);
/* db_open() without its judgement of the schema; `create`: makes the file where there is none. */
MUST_CHECK enum err db_open_file(struct db **out, enum db_kind kind, enum db_access access,
                                 bool create, const struct conf *conf, const struct log *log,
                                 struct fail *f);

#endif
