/*
 * The two SQLite files, opened as we need them, and the three things every model function stands
 * on: statements, transactions and the write turnstile. Only db/ includes sqlite3.h.
 *
 * A `struct db` belongs to one thread. Nothing here waits for anything but SQLite and the
 * turnstile, and that for at most lock_timeout_ms (then ERR_BUSY).
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/log.h"

struct db;

enum db_kind { DB_CHAT, DB_STATE };
enum db_access { DB_READ_ONLY, DB_READ_WRITE };

/*
 * Opens the file, sets the pragmas (WAL, synchronous FULL for chat.db and OFF for state.db, foreign
 * keys, defensive, no automatic checkpoint) and compares user_version with the migrations built in:
 * state.db is made and migrated; a chat.db that is missing or older: ERR_INTERNAL, "run outcry
 * init" or "outcry migrate"; newer, or another program's file: refused. Where the file system
 * cannot hold a WAL (NFS …), journal_mode is DELETE and SQLite's own locks serve. Sentences in `f`
 * say how to mend what is wrong. `log` may be NULL and must outlive the db.
 */
MUST_CHECK enum err db_open(struct db **out, enum db_kind kind, enum db_access access,
                            const struct conf *conf, const struct log *log, struct fail *f);
void db_close(struct db *db);
/* Lets go of what can be had again: prepared statements, cached pages. For programs that live long,
 * when they have nothing to do; outside transactions. */
void db_rest(struct db *db);
/* More: the file is closed, and its schema forgotten, until db_follow() opens it again. Before that
 * nothing else may be asked of it. One with an alarm only rests. */
void db_leave(struct db *db);
/* Opens it again where it was left. */
MUST_CHECK enum err db_return(struct db *db, struct fail *f);
/*
 * `outcry restore` puts another file in the place of chat.db while programs run. Those that live
 * long ask here before each request or round, outside transactions: one stat(2); where another file
 * stands there it is opened (*moved: nothing that was read before means anything any more, user and
 * room ids least of all). Where that fails the old one is not used any further: ERR_BUSY, and the
 * next call tries again. A write that begins on the replaced file gets ERR_BUSY too.
 */
MUST_CHECK enum err db_follow(struct db *db, bool *moved, struct fail *f);
/*
 * NULL, or a sentence on why this handle only reads: the database is older than its witness (see
 * db/witness.h), or SQLite found it damaged. Writes then get ERR_BUSY with a sentence for
 * everybody. db_follow() ends it, when `outcry restore` has put another file there.
 */
const char *db_alarm(const struct db *db);
/* quick_check of a file that is small enough for it to take moments; what it finds is an alarm. For
 * programs that live long, when they start. */
void db_check_at_start(struct db *db);
/* Names the file that is open: two handles with the same value have the same one. */
uint64_t db_file(const struct db *db);
/* Brings chat.db to the newest schema, in one transaction a step. Safe to race with itself. */
MUST_CHECK enum err db_migrate(const struct conf *conf, const struct log *log, int *from, int *to,
                               struct fail *f);

/*
 * Write transactions. db_begin_write() takes the turnstile (fair between processes: two flocks,
 * "queue" and "write"), then BEGIN IMMEDIATE. db_commit() ends both, after a checkpoint where the
 * WAL passed wal_max_bytes; its error means that nothing was stored. db_rollback() never fails.
 */
MUST_CHECK enum err db_begin_write(struct db *db, struct fail *f);
MUST_CHECK enum err db_commit(struct db *db, struct fail *f);
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db); /* in a write transaction */
/* A part of a write transaction that can fail alone. Not nested. */
MUST_CHECK enum err db_savepoint(struct db *db, struct fail *f);
MUST_CHECK enum err db_release_savepoint(struct db *db, struct fail *f);
void db_rollback_savepoint(struct db *db);
/* Empties the WAL into the file; waits for readers, at most lock_timeout_ms: then ERR_BUSY. */
MUST_CHECK enum err db_checkpoint_all(struct db *db, struct fail *f);
/* Several reads of one state. Inside an open transaction they join it. */
MUST_CHECK enum err db_begin_read(struct db *db, struct fail *f);
void db_end_read(struct db *db);

/* Changes when another connection commits (PRAGMA data_version); 0 on error. */
int64_t db_data_version(struct db *db);
/* What was read stays true as long as the mark taken before it: it changes with everybody's
 * commits, our own too, and with the file. Equal only where it could be read. */
enum { DB_MARK_INDEX = 48 };
struct db_mark {
    uint64_t file;
    int64_t version, own;
    unsigned char index[DB_MARK_INDEX]; /* what each commit changes, where there is a WAL */
};
struct db_mark db_mark(struct db *db);
bool db_mark_equal(const struct db_mark *a, const struct db_mark *b);
/* A descriptor, for close(2), that becomes readable just before anybody's commit to this file; -1
 * where that cannot be seen. db_watched(): whether it was, and from now on it is not. */
int db_watch(const struct db *db);
bool db_watched(int watch);
/* For `outcry doctor` and health/: OK, or ERR_INTERNAL with what quick_check said. */
MUST_CHECK enum err db_check(struct db *db, struct fail *f);
/* The id of this installation's history; "" before `outcry init`. Lives in `a`. */
MUST_CHECK enum err db_epoch(struct db *db, struct arena *a, const char **out, struct fail *f);
/* In the caller's write transaction: a new history begins (init, restore). */
MUST_CHECK enum err db_set_epoch(struct db *db, const char *epoch, struct fail *f);
/* Whether shared memory and locks of a file system of this statfs(2) type can be trusted with a
 * WAL; where not, db_open() takes a rollback journal. */
bool db_wal_works_on(long fs_type);

#endif
