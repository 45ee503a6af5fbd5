/* Transactions, the turnstile around them, and checkpoints. */
#include "db/handle.h"
#include "db/search_index.h"
#include "db/statements.h"

#include <assert.h>
#include <time.h>

static const struct sql begin_write = {"tx.begin_write", "BEGIN IMMEDIATE", DB_CHAT, NULL};
static const struct sql begin_read = {"tx.begin_read", "BEGIN", DB_CHAT, NULL};
static const struct sql commit = {"tx.commit", "COMMIT", DB_CHAT, NULL};
static const struct sql rollback = {"tx.rollback", "ROLLBACK", DB_CHAT, NULL};
static const struct sql savepoint = {"tx.savepoint", "SAVEPOINT part", DB_CHAT, NULL};
static const struct sql release = {"tx.release", "RELEASE part", DB_CHAT, NULL};
static const struct sql rollback_to = {"tx.rollback_to", "ROLLBACK TO part", DB_CHAT, NULL};

const struct sql *const transaction_statements[] = {
    &begin_write, &begin_read, &commit, &rollback, &savepoint, &release, &rollback_to, NULL,
};

enum { REPLACED_RETRY_MS = 1000, ALARM_RETRY_MS = 60000 };
/* Multiples of wal_max_bytes and milliseconds: see db_checkpoint_if_due(). */
enum { FAR_OVER = 8, RETRY_SHARE = 4, WAIT_FOR_READERS_MS = 100, WAL_ALARM_BYTES = 64 << 20 };

static enum err run(struct db *db, const struct sql *sql, struct fail *f)
{
    struct query q = query_begin_unchecked(db, sql);

    return query_run(&q, f);
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* SQLite's own wait gets what the turnstile left of lock_timeout_ms. */
static enum err begin_immediate(struct db *db, int64_t waited_ms, struct fail *f)
{
    int64_t left = db->lock_timeout_ms - waited_ms;
    enum err e;

    if (waited_ms > 0)
        sqlite3_busy_timeout(db->sqlite, left > 1 ? (int)left : 1);
    e = run(db, &begin_write, f);
    if (waited_ms > 0)
        sqlite3_busy_timeout(db->sqlite, (int)db->lock_timeout_ms);
    return e;
}

enum err db_begin_write(struct db *db, struct fail *f)
{
    int64_t start;
    enum err e;

    assert(db->tx == TX_NONE);
    if (db->access == DB_READ_ONLY)
        return fail(f, ERR_INTERNAL, "The database was opened for reading only.");
    if (db->alarm[0])
        return fail_later(f, ERR_BUSY, ALARM_RETRY_MS,
                          "The chat can only be read now: its operator must look at the storage.");
    start = now_ms();
    if (db->wal) {
        e = turnstile_take(&db->turnstile, db->lock_timeout_ms, f);
        if (e) {
            log_event(db->log, LOG_WARN, "database_lock", LOG_S("error", err_row(e)->code),
                      LOG_N("waited_ms", now_ms() - start));
            return e;
        }
    }
    e = begin_immediate(db, now_ms() - start, f);
    if (e) {
        if (db->wal)
            turnstile_leave(&db->turnstile);
        return e;
    }
    db->tx = TX_WRITE;
    db->lost = OK;
    db->witness.due = false;
    db->search_stale = false;
    if (db_is_current(db))
        return OK;
    /* Whoever replaces the file holds the lock that we hold now: this is the replaced one, and what
     * the caller read so far came from it. */
    db_rollback(db);
    return fail_later(f, ERR_BUSY, REPLACED_RETRY_MS, "The storage was just replaced; try again.");
}

static void end_write(struct db *db)
{
    db->tx = TX_NONE;
    db->joined_reads = 0;
    buckets_forget(db);
    db->lost = OK;
    if (db->wal)
        turnstile_leave(&db->turnstile);
}

/* A transaction that SQLite ended by itself has nothing left to roll back. */
static void roll_back_quietly(struct db *db)
{
    if (!sqlite3_get_autocommit(db->sqlite) && run(db, &rollback, NULL))
        log_event(db->log, LOG_ERROR, "rollback_failed", LOG_S("database", db->path));
}

enum err db_commit(struct db *db, struct fail *f)
{
    enum err e;

    assert(db->tx == TX_WRITE);
    if (sqlite3_get_autocommit(db->sqlite))
        e = fail(f, db->lost ? db->lost : ERR_INTERNAL, NULL);
    else
        e = witness_note(db, f);
    if (!e && db->search_stale)
        e = search_follow(db, f);
    if (!e)
        e = buckets_store(db, f);
    if (!e)
        e = run(db, &commit, f);
    if (e) {
        roll_back_quietly(db);
    } else {
        db->commits++;
        witness_write(db);
        db_checkpoint_if_due(db);
    }
    end_write(db);
    return e;
}

void db_rollback(struct db *db)
{
    if (db->tx != TX_WRITE)
        return;
    roll_back_quietly(db);
    end_write(db);
}

bool db_in_transaction(const struct db *db)
{
    return db->tx == TX_WRITE;
}

enum err db_savepoint(struct db *db, struct fail *f)
{
    assert(db->tx == TX_WRITE);
    if (sqlite3_get_autocommit(db->sqlite))
        return fail(f, db->lost ? db->lost : ERR_INTERNAL, NULL);
    return run(db, &savepoint, f);
}

enum err db_release_savepoint(struct db *db, struct fail *f)
{
    if (sqlite3_get_autocommit(db->sqlite))
        return fail(f, db->lost ? db->lost : ERR_INTERNAL, NULL);
    return run(db, &release, f);
}

/* Both halves: ROLLBACK TO alone leaves the savepoint standing. */
void db_rollback_savepoint(struct db *db)
{
    if (sqlite3_get_autocommit(db->sqlite))
        return;
    if (run(db, &rollback_to, NULL) || run(db, &release, NULL))
        log_event(db->log, LOG_ERROR, "rollback_failed", LOG_S("database", db->path));
}

enum err db_begin_read(struct db *db, struct fail *f)
{
    enum err e;

    if (db->tx != TX_NONE) {
        db->joined_reads++;
        return OK;
    }
    e = run(db, &begin_read, f);
    if (!e)
        db->tx = TX_READ;
    return e;
}

void db_end_read(struct db *db)
{
    if (db->joined_reads > 0) {
        db->joined_reads--;
        return;
    }
    if (db->tx != TX_READ)
        return;
    roll_back_quietly(db);
    db->tx = TX_NONE;
}

enum err db_begin_own(struct db *db, bool *own, struct fail *f)
{
    *own = db->tx != TX_WRITE;
    return *own ? db_begin_write(db, f) : OK;
}

enum err db_finish_own(struct db *db, bool own, enum err e, struct fail *f)
{
    if (!own)
        return e;
    if (!e)
        return db_commit(db, f);
    db_rollback(db);
    return e;
}

/*
 * PASSIVE copies what no reader needs any more and waits for nobody; the next commit then starts
 * the WAL anew where no reader is in it. Where readers overlap without end the WAL grows all the
 * same; FAR_OVER the limit TRUNCATE waits a moment for them. After an attempt that a reader cut
 * short the next comes when the WAL has grown by a part of the limit: an attempt costs an fsync.
 */
void db_checkpoint_if_due(struct db *db)
{
    int64_t bytes = (int64_t)db->wal_pages * db->page_size;
    int mode = bytes > FAR_OVER * db->wal_max_bytes ? SQLITE_CHECKPOINT_TRUNCATE
                                                    : SQLITE_CHECKPOINT_PASSIVE;
    int in_wal = 0, copied = 0, rc;

    if (!db->wal || bytes <= db->wal_max_bytes) {
        db->checkpoint_at = 0;
        return;
    }
    if (db->wal_pages < db->checkpoint_at)
        return;
    sqlite3_busy_timeout(db->sqlite, WAIT_FOR_READERS_MS);
    rc = sqlite3_wal_checkpoint_v2(db->sqlite, "main", mode, &in_wal, &copied);
    sqlite3_busy_timeout(db->sqlite, (int)db->lock_timeout_ms);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY)
        log_event(db->log, LOG_ERROR, "checkpoint_failed", LOG_N("code", rc),
                  LOG_S("error", sqlite3_errmsg(db->sqlite)));
    db->checkpoint_at = db->wal_pages + (int)(db->wal_max_bytes / db->page_size / RETRY_SHARE) + 1;
    if (bytes > WAL_ALARM_BYTES && (rc != SQLITE_OK || copied < in_wal))
        log_event(db->log, LOG_WARN, "wal_large", LOG_N("bytes", bytes));
}

/* All of the WAL into the file, and the WAL empty: for purges, and for files that are moved. */
enum err db_checkpoint_all(struct db *db, struct fail *f)
{
    enum err e;
    int rc;

    assert(db->tx == TX_NONE);
    if (!db->wal)
        return OK;
    e = turnstile_take(&db->turnstile, db->lock_timeout_ms, f);
    if (e)
        return e;
    rc = sqlite3_wal_checkpoint_v2(db->sqlite, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc == SQLITE_OK)
        db->wal_pages = db->checkpoint_at = 0;
    turnstile_leave(&db->turnstile);
    return rc == SQLITE_OK ? OK : db_error(db, rc, "checkpoint", f);
}
