-- Threads: a message with all that answers it, directly or through other answers, under one root.

ALTER TABLE message ADD COLUMN thread_root INTEGER;                -- NULL: answers nothing
ALTER TABLE message ADD COLUMN replies INTEGER NOT NULL DEFAULT 0; -- in the thread of which it is the root; deleted ones do not count

-- What was there before: from each root down, once for each reply. A root may be purged already.
CREATE INDEX message_answers ON message (reply_to) WHERE reply_to IS NOT NULL;
CREATE TEMP TABLE threaded (id INTEGER PRIMARY KEY, root INTEGER NOT NULL) STRICT;
INSERT INTO threaded
WITH RECURSIVE below (id, root) AS (
    SELECT m.id, m.reply_to FROM message m LEFT JOIN message p ON p.id = m.reply_to
     WHERE m.reply_to IS NOT NULL AND p.reply_to IS NULL
    UNION ALL
    SELECT m.id, below.root FROM below JOIN message m ON m.reply_to = below.id
)
SELECT id, root FROM below;
UPDATE message SET thread_root = threaded.root FROM threaded WHERE threaded.id = message.id;
DROP TABLE threaded;
DROP INDEX message_answers;

CREATE INDEX message_thread ON message (thread_root, seq) WHERE thread_root IS NOT NULL;
UPDATE message SET replies = counted.count
  FROM (SELECT thread_root AS root, count(*) AS count FROM message
         WHERE thread_root IS NOT NULL AND deleted_ms = 0 GROUP BY thread_root) AS counted
 WHERE message.id = counted.root;

PRAGMA user_version = 6;
