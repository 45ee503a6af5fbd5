/* The one table of all statements. */
#include "db/statements.h"

/* One a line, so that two who add one do not meet. */
/* clang-format off */
const struct sql *const *const all_statements[] = {
    transaction_statements,
    meta_statements,
    migrate_statements,
    user_statements,
    room_statements,
    member_statements,
    message_statements,
    message_id_statements,
    message_text_statements,
    revision_statements,
    pin_statements,
    reaction_statements,
    mention_statements,
    renamed_statements,
    ignored_statements,
    mark_statements,
    unread_statements,
    mine_statements,
    erase_statements,
    erase_journal_statements,
    attachment_statements,
    event_statements,
    event_time_statements,
    search_statements,
    search_index_statements,
    search_verify_statements,
    presence_statements,
    typing_statements,
    bucket_statements,
    ticket_statements,
    backup_statements,
    restore_statements,
    verify_statements,
    purge_statements,
    witness_statements,
    NULL,
};
/* clang-format on */
