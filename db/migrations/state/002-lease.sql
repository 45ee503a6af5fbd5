-- A sidecar's rows are good for as long as its lease is, so that idle connections cost no writes.

CREATE TABLE presence_lease (
    instance   TEXT PRIMARY KEY,
    boot       TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;
