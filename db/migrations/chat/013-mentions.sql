-- Whom messages mention, and where in their text: names change, so what is shown is the present one.

CREATE TABLE mention (
    msg_id    INTEGER NOT NULL,
    at        INTEGER NOT NULL,      -- bytes of the text before its '@'
    len       INTEGER NOT NULL,      -- bytes, from the '@' to the end of the name
    user_id   INTEGER NOT NULL,      -- 0: everybody in the room
    room_id   INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    ts_ms     INTEGER NOT NULL,      -- when the message was written
    PRIMARY KEY (msg_id, at)
) STRICT, WITHOUT ROWID;
-- What is unread of somebody's mentions in a room is counted from the index alone.
CREATE INDEX mention_user ON mention (user_id, room_id, seq, author_id);
CREATE INDEX mention_time ON mention (user_id, ts_ms);

ALTER TABLE message ADD COLUMN mentions INTEGER NOT NULL DEFAULT 0; -- rows above; 0: nothing to look up

PRAGMA user_version = 13;
