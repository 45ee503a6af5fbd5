-- Names of files are searched: a message is found by them as by its text. The index's text, too, is made
-- of the message's row alone, so the names stand there as well.

ALTER TABLE message ADD COLUMN file_names TEXT NOT NULL DEFAULT ''; -- of its attachments, a line each

DROP TRIGGER search_changed;
DROP TRIGGER search_gone;
DROP VIEW search_words_text;
DROP VIEW search_parts_text;
DROP VIEW search_text;

UPDATE message SET file_names = coalesce((SELECT group_concat(name, char(10)) FROM
    (SELECT name FROM attachment WHERE attachment.msg_id = message.id ORDER BY place)), '')
    WHERE attachments > 0;

-- The text and behind it the names. The triggers below make both columns as this does.
CREATE VIEW search_text AS
    SELECT e.id AS id, m.body || iif(m.file_names = '', '', char(10) || m.file_names) AS body,
    'u' || m.user_id || ' r' || m.room_id || iif(instr(m.body, '://') > 0, ' l', '') ||
    iif(m.attachments > 0, ' f', '') || iif(m.pictures > 0, ' i', '') AS keys
    FROM event e JOIN message m ON m.id = e.msg_id WHERE e.kind = 'message';
CREATE VIEW search_words_text AS SELECT id, body, keys FROM search_text
    WHERE id <= (SELECT event_id FROM search_cursor WHERE part = 'words');
CREATE VIEW search_parts_text AS SELECT id, body FROM search_text
    WHERE id <= (SELECT event_id FROM search_cursor WHERE part = 'parts');

CREATE TRIGGER search_changed
    AFTER UPDATE OF body, user_id, room_id, attachments, pictures, file_names ON message
BEGIN
    INSERT INTO search_stale (event_id, old_body, old_keys, body, keys)
        SELECT id, OLD.body || iif(OLD.file_names = '', '', char(10) || OLD.file_names),
        'u' || OLD.user_id || ' r' || OLD.room_id || iif(instr(OLD.body, '://') > 0, ' l', '') ||
        iif(OLD.attachments > 0, ' f', '') || iif(OLD.pictures > 0, ' i', ''),
        NEW.body || iif(NEW.file_names = '', '', char(10) || NEW.file_names),
        'u' || NEW.user_id || ' r' || NEW.room_id || iif(instr(NEW.body, '://') > 0, ' l', '') ||
        iif(NEW.attachments > 0, ' f', '') || iif(NEW.pictures > 0, ' i', '')
        FROM event
        WHERE room_id = OLD.room_id AND seq = OLD.seq
        AND id <= (SELECT max(event_id) FROM search_cursor);
END;
CREATE TRIGGER search_gone AFTER DELETE ON message
BEGIN
    INSERT INTO search_stale (event_id, old_body, old_keys)
        SELECT id, OLD.body || iif(OLD.file_names = '', '', char(10) || OLD.file_names),
        'u' || OLD.user_id || ' r' || OLD.room_id || iif(instr(OLD.body, '://') > 0, ' l', '') ||
        iif(OLD.attachments > 0, ' f', '') || iif(OLD.pictures > 0, ' i', '')
        FROM event
        WHERE room_id = OLD.room_id AND seq = OLD.seq
        AND id <= (SELECT max(event_id) FROM search_cursor);
END;

-- What is indexed already is told its names by the indexer, some at each of its steps.
INSERT INTO search_stale (event_id, old_body, old_keys, body, keys)
    SELECT t.id, m.body, t.keys, t.body, t.keys
    FROM message m JOIN event e ON e.room_id = m.room_id AND e.seq = m.seq
    JOIN search_text t ON t.id = e.id
    WHERE m.file_names != '' AND e.id <= (SELECT max(event_id) FROM search_cursor);

PRAGMA user_version = 18;
