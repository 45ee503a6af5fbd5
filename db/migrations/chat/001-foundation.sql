-- The foundation: who talks, where, and one gapless log per room.
-- Times are milliseconds since 1970, UTC. 0 means "never" or "not".

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,         -- 'epoch': names the history of this installation
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    ext_id             TEXT NOT NULL UNIQUE,  -- h:<user-id claim> or g:<random hex>
    username           TEXT NOT NULL,
    name_fold          TEXT NOT NULL,         -- not unique: hosts rename and reuse names
    role               TEXT NOT NULL CHECK (role IN ('guest', 'member', 'moderator', 'admin')),
    named_by_host      INTEGER NOT NULL DEFAULT 0, -- 1: the token's name claim gave the name
    tokens_valid_after INTEGER NOT NULL DEFAULT 0, -- tokens issued before this are refused
    first_seen_ms      INTEGER NOT NULL,
    muted_until        INTEGER NOT NULL DEFAULT 0,
    banned_until       INTEGER NOT NULL DEFAULT 0,
    prefs              TEXT NOT NULL DEFAULT '{}',
    CHECK (instr(username, char(0)) = 0)
) STRICT;
CREATE INDEX user_name ON user (name_fold);

CREATE TABLE room (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    slug           TEXT NOT NULL UNIQUE,      -- '@<user id>' for a person's own log
    kind           TEXT NOT NULL CHECK (kind IN ('public', 'private', 'direct', 'self')),
    title          TEXT NOT NULL,
    topic          TEXT NOT NULL DEFAULT '',
    position       INTEGER NOT NULL DEFAULT 0, -- order in lists
    owner_id       INTEGER REFERENCES user (id),
    head           INTEGER NOT NULL DEFAULT 0, -- seq of the newest event
    floor          INTEGER NOT NULL DEFAULT 0, -- events up to this seq are gone
    head_hash      BLOB,                       -- hash of the newest event: the chain's end
    slow_s         INTEGER NOT NULL DEFAULT 0,
    post_policy    TEXT NOT NULL DEFAULT 'all' CHECK (post_policy IN ('all', 'members', 'moderators')),
    retention_days INTEGER NOT NULL DEFAULT 0,
    created_ms     INTEGER NOT NULL,
    archived_ms    INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Every user has a room of kind 'self': the list of public ones must not walk those.
CREATE INDEX room_list ON room (kind, archived_ms, position);

CREATE TABLE room_member (
    room_id       INTEGER NOT NULL REFERENCES room (id),
    user_id       INTEGER NOT NULL REFERENCES user (id),
    joined_seq    INTEGER NOT NULL DEFAULT 0, -- the floor of one who joined late
    last_read_seq INTEGER NOT NULL DEFAULT 0, -- only rises
    notify        TEXT NOT NULL DEFAULT 'default',
    muted_until   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, room_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_member_room ON room_member (room_id);

CREATE TABLE message (
    id          INTEGER PRIMARY KEY,          -- 53 bits (message_id.h): a reference, never an order
    room_id     INTEGER NOT NULL REFERENCES room (id),
    seq         INTEGER NOT NULL,             -- of the event that created it
    user_id     INTEGER NOT NULL REFERENCES user (id),
    author_name TEXT NOT NULL,                -- as shown when it was written
    body        TEXT NOT NULL,
    html        TEXT,                         -- only where the text has markup
    salt        BLOB NOT NULL,                -- of the body hash in the event chain
    reply_to    INTEGER,
    sentiment   TEXT CHECK (sentiment IN ('bullish', 'bearish')),
    disclosure  TEXT,
    via         TEXT NOT NULL,                -- form, api, ws, cli
    client_id   TEXT NOT NULL,                -- idempotency key, made by the client or by us
    created_ms  INTEGER NOT NULL,
    rev         INTEGER NOT NULL DEFAULT 1,
    edited_ms   INTEGER NOT NULL DEFAULT 0,
    deleted_ms  INTEGER NOT NULL DEFAULT 0,
    deleted_by  INTEGER,
    UNIQUE (user_id, client_id),
    CHECK (instr(body, char(0)) = 0)
) STRICT;
-- (room_id, seq) is unique because event's is; the rest lets unread messages be counted from the
-- index alone, which at random ids saves a page for each.
CREATE INDEX message_room ON message (room_id, seq, user_id, deleted_ms);
CREATE INDEX message_user ON message (user_id, room_id, seq);

CREATE TABLE event (
    id             INTEGER PRIMARY KEY AUTOINCREMENT, -- "what is new anywhere", for the sidecar only
    room_id        INTEGER NOT NULL REFERENCES room (id),
    seq            INTEGER NOT NULL,          -- 1, 2, 3 … without gaps, in commit order
    ts_ms          INTEGER NOT NULL,
    kind           TEXT NOT NULL,             -- the frame's type
    msg_id         INTEGER,
    actor_id       INTEGER,
    target_user_id INTEGER,
    payload        TEXT,                      -- JSON; never what somebody wrote
    body_hash      BLOB,                      -- SHA-256(salt ‖ body)
    hash           BLOB NOT NULL,             -- SHA-256(previous hash ‖ this event)
    UNIQUE (room_id, seq)
) STRICT;

PRAGMA application_id = 0x4f757463; -- "Outc"
PRAGMA user_version = 1;
