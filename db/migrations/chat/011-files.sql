-- What people attach to messages. The bytes lie in files_dir under the hash of what was left of them
-- when all that tells about the sender was taken out; here is whose they are, and where they belong.

CREATE TABLE attachment (
    id           TEXT PRIMARY KEY,            -- 128 random bits in hex: what URLs name
    user_id      INTEGER NOT NULL REFERENCES user (id),
    room_id      INTEGER NOT NULL REFERENCES room (id),
    msg_id       INTEGER,                     -- NULL: not posted yet
    place        INTEGER NOT NULL DEFAULT 0,  -- in its message: 1, 2, 3 …
    name         TEXT NOT NULL,
    size         INTEGER NOT NULL,            -- as announced, then as kept
    type         TEXT,                        -- NULL: still being sent
    sha256       TEXT,
    width        INTEGER NOT NULL DEFAULT 0,  -- of a picture
    height       INTEGER NOT NULL DEFAULT 0,
    thumb_sha256 TEXT,                        -- a small picture of it; NULL: there is none
    thumb_type   TEXT,
    thumb_width  INTEGER NOT NULL DEFAULT 0,
    thumb_height INTEGER NOT NULL DEFAULT 0,
    created_ms   INTEGER NOT NULL,
    CHECK (instr(name, char(0)) = 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_message ON attachment (msg_id, place);
-- The quota is asked of the index alone.
CREATE INDEX attachment_user ON attachment (user_id, msg_id, size);
CREATE INDEX attachment_unposted ON attachment (created_ms) WHERE msg_id IS NULL;
CREATE INDEX attachment_sha256 ON attachment (sha256);
CREATE INDEX attachment_thumb ON attachment (thumb_sha256);

ALTER TABLE message ADD COLUMN attachments INTEGER NOT NULL DEFAULT 0; -- how many

PRAGMA user_version = 11;
