-- A conversation that somebody put out of their list, until the next message in it.

ALTER TABLE room_member ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 16;
