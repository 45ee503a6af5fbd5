/* For files in db/ only: column lists that more than one statement selects, and their readers. */
#ifndef DB_ROW_H
#define DB_ROW_H

#include "db/message.h"
#include "db/sql.h"

/* Of `message m`. */
#define MESSAGE_COLUMNS                                                                            \
    "m.id, m.room_id, m.seq, m.user_id, m.author_name, m.body, m.html, m.sentiment,"               \
    " m.disclosure, m.via, m.client_id, m.reply_to, m.created_ms, m.rev, m.edited_ms,"             \
    " m.deleted_ms, m.deleted_by, m.salt, m.reactions, m.thread_root, m.replies,"                  \
    " m.attachments, m.mentions"
enum { MESSAGE_COLUMN_COUNT = 23 };

/* Of `room r`: public or a log, or one that user ?1 belongs to. */
#define ROOM_IS_SEEN                                                                               \
    "(r.kind IN ('public', 'self') OR EXISTS (SELECT 1 FROM room_member"                           \
    " WHERE user_id = ?1 AND room_id = r.id))"

/* `first` is the column where MESSAGE_COLUMNS begin. */
void message_from_row(struct query *q, int first, struct arena *a, struct message *out);

#endif
