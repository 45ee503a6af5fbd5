-- state.db: what may be forgotten. Times are CLOCK_BOOTTIME milliseconds of the boot named beside
-- them; rows of another boot count as expired.

CREATE TABLE presence (
    connection TEXT PRIMARY KEY,              -- random id of one connection or polling tab
    instance   TEXT NOT NULL,                 -- the sidecar's instance, or 'poll'
    boot       TEXT NOT NULL,
    user_id    INTEGER NOT NULL,
    username   TEXT NOT NULL,
    room_id    INTEGER NOT NULL,              -- the room being looked at; 0: none
    state      TEXT NOT NULL CHECK (state IN ('active', 'idle', 'invisible')),
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE bucket (
    key        TEXT PRIMARY KEY,
    boot       TEXT NOT NULL,
    full_us    INTEGER NOT NULL               -- when it will be full again: then the row says nothing
) STRICT, WITHOUT ROWID;
CREATE INDEX bucket_full ON bucket (full_us);

CREATE TABLE ws_ticket (
    hash       TEXT PRIMARY KEY,              -- SHA-256 of the ticket, hex
    boot       TEXT NOT NULL,
    user_id    INTEGER NOT NULL,
    exp_s      INTEGER NOT NULL,              -- of the token that asked for it; wall seconds
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ws_ticket_expiry ON ws_ticket (expires_ms);

PRAGMA application_id = 0x4f757473; -- "Outs"
PRAGMA user_version = 1;
