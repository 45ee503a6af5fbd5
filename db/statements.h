/* For files in db/ only: each entity's list of statements, NULL-terminated. */
#ifndef DB_STATEMENTS_H
#define DB_STATEMENTS_H

#include "db/sql.h"

extern const struct sql *const transaction_statements[];
extern const struct sql *const meta_statements[];
extern const struct sql *const migrate_statements[];
extern const struct sql *const user_statements[];
extern const struct sql *const room_statements[];
extern const struct sql *const member_statements[];
extern const struct sql *const message_statements[];
extern const struct sql *const message_id_statements[];
extern const struct sql *const message_text_statements[];
extern const struct sql *const revision_statements[];
extern const struct sql *const pin_statements[];
extern const struct sql *const reaction_statements[];
extern const struct sql *const mention_statements[];
extern const struct sql *const renamed_statements[];
extern const struct sql *const ignored_statements[];
extern const struct sql *const mark_statements[];
extern const struct sql *const unread_statements[];
extern const struct sql *const mine_statements[];
extern const struct sql *const erase_statements[];
extern const struct sql *const erase_journal_statements[];
extern const struct sql *const attachment_statements[];
extern const struct sql *const event_statements[];
extern const struct sql *const event_time_statements[];
extern const struct sql *const search_statements[];
extern const struct sql *const search_index_statements[];
extern const struct sql *const search_verify_statements[];
extern const struct sql *const presence_statements[];
extern const struct sql *const typing_statements[];
extern const struct sql *const bucket_statements[];
extern const struct sql *const ticket_statements[];
extern const struct sql *const backup_statements[];
extern const struct sql *const restore_statements[];
extern const struct sql *const verify_statements[];
extern const struct sql *const purge_statements[];
extern const struct sql *const witness_statements[];

#endif
