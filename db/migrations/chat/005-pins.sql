-- What a room's moderators keep in sight.

CREATE TABLE pin (
    room_id INTEGER NOT NULL,
    place   INTEGER NOT NULL,        -- 1, 2, 3 … in the order in which they were pinned
    msg_id  INTEGER NOT NULL,
    user_id INTEGER NOT NULL,        -- who pinned it
    ts_ms   INTEGER NOT NULL,
    PRIMARY KEY (room_id, place),
    UNIQUE (room_id, msg_id)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;
