-- People who are not known any more: their name goes at once, their texts step by step.

CREATE TABLE erasure (
    user_id  INTEGER PRIMARY KEY REFERENCES user (id),
    asked_ms INTEGER NOT NULL,
    done_ms  INTEGER NOT NULL DEFAULT 0 -- 0: some texts are still there
) STRICT;
CREATE INDEX erasure_open ON erasure (user_id) WHERE done_ms = 0;
CREATE INDEX reaction_user ON reaction (user_id);

PRAGMA user_version = 10;
