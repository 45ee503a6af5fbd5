/*
 * Who was erased, and what moderators removed, in a small file beside chat.db (chat.db-erased): it
 * is not part of the database, so a backup that is restored does not undo it, and restore does it
 * again to what the backup still has. No name and no text is in it: a line for each person or
 * message, with its id, when it was first seen, and when it was erased. A person's id alone names
 * nobody for good, as a restored history gives the ids that it lost to others; id and first moment
 * together do.
 *
 * The line is on disk before the erasure is: what stops in between has been asked for and is done
 * by the next that reads the journal. An erasure that fails takes its line back; that of a message
 * that a moderator wanted removed, and could not, stays.
 */
#ifndef DB_ERASE_JOURNAL_H
#define DB_ERASE_JOURNAL_H

#include "db/db.h"

#include <sys/types.h>

enum erase_kind { ERASE_PERSON, ERASE_MESSAGE, ERASE_KINDS };

struct erase_line {
    enum erase_kind kind;
    int64_t id, since_ms, asked_ms;
};

/* In the caller's write transaction: where there is no journal yet, one of everybody who was erased
 * so far. A copy (db/backup.h) has none. */
MUST_CHECK enum err erase_journal_begin(struct db *db, struct fail *f);
/* In the caller's write transaction, before it is committed. *at: for erase_journal_take_back(), -1
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
