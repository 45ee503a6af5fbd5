-- Reactions, and how many there are of each: a message that thousands reacted to is read as quickly
-- as any other.

CREATE TABLE reaction (
    msg_id  INTEGER NOT NULL,
    emoji   TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    ts_ms   INTEGER NOT NULL,
    PRIMARY KEY (msg_id, emoji, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE reaction_count (
    msg_id INTEGER NOT NULL,
    emoji  TEXT NOT NULL,
    place  INTEGER NOT NULL,         -- 1, 2, 3 … in the order in which they came
    count  INTEGER NOT NULL,
    PRIMARY KEY (msg_id, place),
    UNIQUE (msg_id, emoji)
) STRICT, WITHOUT ROWID;

ALTER TABLE message ADD COLUMN reactions INTEGER NOT NULL DEFAULT 0; -- different emoji; 0: nothing to look up

PRAGMA user_version = 4;
