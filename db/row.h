/* For files in db/ only: column lists that more than one statement selects, and their readers. */
#ifndef DB_ROW_H
#define DB_ROW_H

#include "db/message.h"
#include "db/sql.h"

/* Of `user u`: people of the host whose names are alike are told apart by their number. */
#define SHOWN_NAME                                                                                 \
    "u.username || iif(u.ext_id GLOB 'h:*' AND EXISTS (SELECT 1 FROM user o"                       \
    " WHERE o.name_fold = u.name_fold AND o.id <> u.id AND o.ext_id NOT GLOB 'g:*'),"              \
    " '#' || u.id, '')"
/* Of `message m`: by their present name. A guest is no more than the name that was said. */
#define AUTHOR_NAME                                                                                \
    "ifnull((SELECT " SHOWN_NAME " FROM user u WHERE u.id = m.user_id"                             \
    " AND u.ext_id NOT GLOB 'g:*'), m.author_name)"

/* Of `message m`. */
#define MESSAGE_COLUMNS                                                                            \
    "m.id, m.room_id, m.seq, m.user_id, " AUTHOR_NAME ", m.body, m.html, m.sentiment,"             \
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
