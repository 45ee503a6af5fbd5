/*
 * Whole copies of a chat.db, made beside its writers, and the judgement of such a file before
 * anybody trusts it. A copy is made with VACUUM INTO: one read transaction, so writers go on and no
 * lock of ours is taken; the result is one file without a WAL, compact, and without the remains of
 * what was deleted. (The page-by-page backup API begins anew whenever another process commits, and
 * copies those remains too.)
 */
#ifndef DB_BACKUP_H
#define DB_BACKUP_H

#include "db/db.h"

struct backup_report {
    int64_t bytes, messages;
    int schema;
    char epoch[65];
};

/* Writes `target`, mode 0640, and checks it as backup_check() does. The file appears whole, synced
 * and checked, or not at all; one that exists is never touched. */
MUST_CHECK enum err backup_make(struct db *db, const char *target, struct backup_report *out,
                                struct fail *f);

/* Opens a database by its path as it is: no pragma that writes, no turnstile, no judgement. For
 * copies; db_close() ends it. */
MUST_CHECK enum err backup_open(struct db **out, const char *path, const struct log *log,
                                struct fail *f);
/* Ours, not newer than this program, with an epoch, and sound: integrity_check and foreign keys. */
MUST_CHECK enum err backup_check(struct db *copy, struct backup_report *out, struct fail *f);

/* For `outcry verify` too: OK, or ERR_INTERNAL with the first thing that SQLite found. */
MUST_CHECK enum err backup_integrity(struct db *db, struct fail *f);

#endif
