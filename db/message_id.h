/*
 * The ids of messages: opaque, positive, at most 53 bits, so that JavaScript holds them exactly.
 * They say when a message was written, to some 16 ms, which whoever may read it is told anyway, and
 * not how many others were: below the time they are random. Rows that come together lie together,
 * so that a commit writes few pages of the table; ids that are random as a whole take one for each
 * message, and in a large table a read from the disk besides.
 */
#ifndef DB_MESSAGE_ID_H
#define DB_MESSAGE_ID_H

#include "db/db.h"

/* One that no message has, for one written at `ts_ms` (wall time); in the write transaction that
 * stores it. */
MUST_CHECK enum err message_new_id(struct db *db, int64_t ts_ms, int64_t *id, struct fail *f);

#endif
