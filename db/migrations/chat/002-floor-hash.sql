-- What a purge took away ends in a hash, from which the chain goes on.

ALTER TABLE room ADD COLUMN floor_hash BLOB; -- hash of the event `floor`; NULL: none was purged

PRAGMA user_version = 2;
