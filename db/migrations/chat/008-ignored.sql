-- Whom people do not want to hear: what an ignored person says does not reach them.

CREATE TABLE ignored_user (
    user_id    INTEGER NOT NULL REFERENCES user (id), -- who ignores
    ignored_id INTEGER NOT NULL REFERENCES user (id), -- whom
    since_ms   INTEGER NOT NULL,
    PRIMARY KEY (user_id, ignored_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ignored_user_by ON ignored_user (ignored_id);

PRAGMA user_version = 8;
