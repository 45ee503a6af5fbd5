-- Who types where, for those who hear it by polls, and from those who say it by HTTP.

CREATE TABLE typing (
    room_id    INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    username   TEXT NOT NULL,
    boot       TEXT NOT NULL,
    posted     INTEGER NOT NULL,     -- 1: said by HTTP, so sockets are to be told
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 3;
