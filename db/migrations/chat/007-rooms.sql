-- Rooms of a few: private ones that one is invited to, and conversations between people.
-- A row of room_member in a private or direct room is membership; in a public room it is no more
-- than a person's mark.

ALTER TABLE room ADD COLUMN invite_policy TEXT NOT NULL DEFAULT 'members'
    CHECK (invite_policy IN ('members', 'owner'));
ALTER TABLE room ADD COLUMN direct_key TEXT;  -- '3,17': who talks, by id; one room for the same people
CREATE UNIQUE INDEX room_direct ON room (direct_key) WHERE direct_key IS NOT NULL;

ALTER TABLE room_member ADD COLUMN joined_ms INTEGER NOT NULL DEFAULT 0;

CREATE TABLE invitation (
    room_id    INTEGER NOT NULL REFERENCES room (id),
    user_id    INTEGER NOT NULL REFERENCES user (id),
    inviter_id INTEGER NOT NULL REFERENCES user (id),
    ts_ms      INTEGER NOT NULL,
    PRIMARY KEY (user_id, room_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_room ON invitation (room_id);

PRAGMA user_version = 7;
