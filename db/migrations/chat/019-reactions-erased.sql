-- Reactions of who was erased go, too: those of before by the next `outcry purge`.

UPDATE erasure SET done_ms = 0 WHERE user_id IN (SELECT user_id FROM reaction);

PRAGMA user_version = 19;
