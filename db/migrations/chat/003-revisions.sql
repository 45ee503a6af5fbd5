-- What a message said before it was edited or deleted. A deleted message's row keeps no text: it
-- stands here alone, for moderators, until retention or erasure takes it away.

CREATE TABLE message_rev (
    msg_id     INTEGER NOT NULL,
    rev        INTEGER NOT NULL,     -- the message's rev while it said this
    body       TEXT NOT NULL,
    html       TEXT,
    disclosure TEXT,
    salt       BLOB NOT NULL,        -- of the body hash in the event that told of it
    editor_id  INTEGER NOT NULL,     -- who wrote it
    ts_ms      INTEGER NOT NULL,     -- when
    PRIMARY KEY (msg_id, rev)
) STRICT;

CREATE TRIGGER message_rev_stays BEFORE UPDATE ON message_rev
BEGIN
    SELECT raise(ABORT, 'a revision is never changed');
END;
-- They go with their message (a purge), or when it was erased: an erasure empties its salt first.
CREATE TRIGGER message_rev_kept BEFORE DELETE ON message_rev
WHEN EXISTS (SELECT 1 FROM message WHERE id = OLD.msg_id AND length(salt) > 0)
BEGIN
    SELECT raise(ABORT, 'a revision goes with its message');
END;

PRAGMA user_version = 3;
