-- A row follows the newest token that was seen: an older one, in a tab that was left open, takes no
-- name or role back.

ALTER TABLE user ADD COLUMN claims_ms INTEGER NOT NULL DEFAULT 0; -- when the followed token was issued

PRAGMA user_version = 15;
