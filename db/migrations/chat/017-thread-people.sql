-- How many replies of a thread are by those whom its reader ignores.

CREATE INDEX message_thread_people ON message (thread_root, user_id)
    WHERE thread_root IS NOT NULL AND deleted_ms = 0;

PRAGMA user_version = 17;
