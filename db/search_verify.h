/* Whether the search's indexes are what the messages say. */
#ifndef DB_SEARCH_VERIFY_H
#define DB_SEARCH_VERIFY_H

#include "db/db.h"

enum { SEARCH_PROBLEM = 160 };

/*
 * As many texts in each as there are messages, and of a part of the messages, spread over all, that
 * the index of words has the words of each where they are. Writes nothing, so it is no proof; what
 * SQLite has for one locks writers out for as long as it reads. `problem`: a sentence, "" where all
 * is well. In the caller's read transaction.
 */
MUST_CHECK enum err search_verify(struct db *db, char problem[SEARCH_PROBLEM], struct fail *f);

#endif
