/* What is left of a person who is not to be known any more: a number. */
#ifndef DB_ERASE_H
#define DB_ERASE_H

#include "db/message.h"

/* In the caller's write transaction: name, login, settings, marks and lists go; the login is free
 * for a new person. */
MUST_CHECK enum err erase_user(struct db *db, int64_t user_id, const char *name, const char *fold,
                               int64_t now_ms, struct fail *f);
/* In the caller's write transaction: nothing of what a message ever said stays, nor its author's
 * name; the salt goes too, so that its hash tells nothing. The row must be deleted already. */
MUST_CHECK enum err erase_message(struct db *db, int64_t msg_id, const char *author_name,
                                  struct fail *f);
/* In the caller's write transaction. */
MUST_CHECK enum err erase_finish(struct db *db, int64_t user_id, int64_t now_ms, struct fail *f);
/* The first user behind `after` whose erasure is not finished; 0: none. */
MUST_CHECK enum err erase_open(struct db *db, int64_t after, int64_t *user_id, struct fail *f);

#endif
