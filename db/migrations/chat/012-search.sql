-- Search: an index of words and one of trigrams (parts of words), over texts that stay where they
-- are. Neither is filled when a message is posted: an indexer does it later, in small transactions
-- (search_cursor). Changes of what is indexed already are followed at once (search_stale).
--
-- Rows are numbered by the event that brought the message: numbers that only rise are what FTS5 is
-- fast with, and the newest matches come first without sorting. A full stop, '$' or '^' is no part
-- of a word, since it ends a sentence as well: BRK.B is found as the word BRK followed by B.

CREATE TABLE search_cursor (
    part     TEXT PRIMARY KEY CHECK (part IN ('words', 'parts')),
    event_id INTEGER NOT NULL        -- messages of events up to this one are in the index
) STRICT, WITHOUT ROWID;
INSERT INTO search_cursor (part, event_id) VALUES ('words', 0), ('parts', 0);

-- Beside its text a message is found by its keys, which are words too: its author, its room, and
-- whether it has a link. The triggers below make them as this does.
CREATE VIEW search_text AS
    SELECT e.id AS id, m.body AS body,
    'u' || m.user_id || ' r' || m.room_id || iif(instr(m.body, '://') > 0, ' l', '') AS keys
    FROM event e JOIN message m ON m.id = e.msg_id WHERE e.kind = 'message';
CREATE VIEW search_words_text AS SELECT id, body, keys FROM search_text
    WHERE id <= (SELECT event_id FROM search_cursor WHERE part = 'words');
CREATE VIEW search_parts_text AS SELECT id, body FROM search_text
    WHERE id <= (SELECT event_id FROM search_cursor WHERE part = 'parts');

CREATE VIRTUAL TABLE search_words USING fts5 (body, keys,
    content = 'search_words_text', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE search_parts USING fts5 (body,
    content = 'search_parts_text', content_rowid = 'id', tokenize = 'trigram', detail = none);

-- Merging is the indexer's, in small pieces: left to itself FTS5 does it within somebody's write.
INSERT INTO search_words (search_words, rank) VALUES ('automerge', 0), ('crisismerge', 1999);
INSERT INTO search_parts (search_parts, rank) VALUES ('automerge', 0), ('crisismerge', 1999);

-- What indexed messages said, and what they say since: FTS5 forgets a text only if it is told it. A
-- trigger may not write to a virtual table where the schema is not trusted, so db/search_index.c
-- does, before the same transaction commits.
CREATE TABLE search_stale (
    number   INTEGER PRIMARY KEY,
    event_id INTEGER NOT NULL,
    old_body TEXT NOT NULL,
    old_keys TEXT NOT NULL,
    body     TEXT,                   -- NULL: the message is gone
    keys     TEXT
) STRICT;
CREATE TRIGGER search_changed AFTER UPDATE OF body, user_id, room_id ON message
BEGIN
    INSERT INTO search_stale (event_id, old_body, old_keys, body, keys)
        SELECT id, OLD.body,
        'u' || OLD.user_id || ' r' || OLD.room_id || iif(instr(OLD.body, '://') > 0, ' l', ''),
        NEW.body,
        'u' || NEW.user_id || ' r' || NEW.room_id || iif(instr(NEW.body, '://') > 0, ' l', '')
        FROM event
        WHERE room_id = OLD.room_id AND seq = OLD.seq
        AND id <= (SELECT max(event_id) FROM search_cursor);
END;
CREATE TRIGGER search_gone AFTER DELETE ON message
BEGIN
    INSERT INTO search_stale (event_id, old_body, old_keys)
        SELECT id, OLD.body,
        'u' || OLD.user_id || ' r' || OLD.room_id || iif(instr(OLD.body, '://') > 0, ' l', '')
        FROM event
        WHERE room_id = OLD.room_id AND seq = OLD.seq
        AND id <= (SELECT max(event_id) FROM search_cursor);
END;

PRAGMA user_version = 12;
