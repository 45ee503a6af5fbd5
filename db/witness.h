/*
 * For files in db/ only. The witness is a small file beside chat.db (chat.db-witness) that names
 * the newest event committed: epoch, event id, room, seq and hash. SQLite itself cannot tell an old
 * file from a new one: a flipped bit in the WAL makes it drop that commit and all later ones
 * silently, and a copy put back with cp looks as sound as what it replaced. A database that lacks
 * the event its witness names is therefore opened for reading only, with an alarm, until `outcry
 * restore` begins a new epoch.
 *
 * One record for all rooms is enough, for event ids grow over all of them: whatever was lost, the
 * newest is. It is written after the COMMIT, under the turnstile, with one pwrite(2) and no fsync:
 * a witness that is older than the database says nothing, and it is never newer.
 */
#ifndef DB_WITNESS_H
#define DB_WITNESS_H

#include "lib/err.h"
#include "lib/secure.h"

struct db;

enum { WITNESS_EPOCH = 64 };

struct witness {
    char *path; /* owned; NULL: this handle has none (state.db, copies) */
    int fd;     /* -1: not open for writing yet */
    bool due;   /* the open transaction appended events */
    bool noted; /* `epoch` … `hash` are what the commit under way makes true */
    char epoch[WITNESS_EPOCH];
    int64_t id, room_id, seq;
    unsigned char hash[SECURE_HASH];
};

/* `out` is PATH-witness of the database's configured path. */
MUST_CHECK bool witness_path(char *out, size_t size, const char *database);

/* Compares: raises the alarm of `db` (db_raise_alarm()) where the database is older. */
MUST_CHECK enum err witness_judge(struct db *db, struct fail *f);
/* Inside the transaction, before COMMIT; and after it. A failure to write is logged once. */
MUST_CHECK enum err witness_note(struct db *db, struct fail *f);
void witness_write(struct db *db);
void witness_release(struct witness *w);

#endif
