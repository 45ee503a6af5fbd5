/*
 * Who was erased, in a small file beside chat.db (chat.db-erased): it is not part of the database,
 * so a backup that is restored does not undo it, and restore erases again whom the backup still
 * knows. No name and no text is in it: a line for each person, with their id, when they were first
 * seen, and when they were erased. The id alone names nobody for good, as a restored history gives
 * the ids that it lost to others; id and first moment together do.
 *
 * The line is on disk before the erasure is: what stops in between has been asked for and is done
 * by the next that reads the journal. An erasure that fails takes its line back.
 */
#ifndef DB_ERASE_JOURNAL_H
#define DB_ERASE_JOURNAL_H

#include "db/db.h"

#include <sys/types.h>

struct erase_line {
    int64_t user_id, first_seen_ms, asked_ms;
};

/* In the caller's write transaction: where there is no journal yet, one of everybody who was erased
 * so far. A copy (db/backup.h) has none. */
MUST_CHECK enum err erase_journal_begin(struct db *db, struct fail *f);
/* In the caller's write transaction, before erase_user(). *at: for erase_journal_take_back(), -1
 * where nothing was written. */
MUST_CHECK enum err erase_journal_add(struct db *db, const struct erase_line *line, off_t *at,
                                      struct fail *f);
/* The transaction failed. */
void erase_journal_take_back(struct db *db, off_t at);

/* Each line of the journal of the database that the configuration names, the oldest first. None
 * where there is no file; a line that was not written whole is passed over. */
typedef enum err erase_journal_fn(void *ctx, const struct erase_line *line, struct fail *f);
MUST_CHECK enum err erase_journal_read(const struct conf *conf, erase_journal_fn *each, void *ctx,
                                       struct fail *f);

#endif
