-- has:file and has:image: a message is found by what it carries, too. The index's keys are made of the
-- message's row alone (attachments, pictures), so that what was indexed can be told when it changes.

ALTER TABLE message ADD COLUMN pictures INTEGER NOT NULL DEFAULT 0; -- how many of its attachments

DROP TRIGGER search_changed;
DROP TRIGGER search_gone;
DROP VIEW search_words_text;
DROP VIEW search_parts_text;
DROP VIEW search_text;

UPDATE message SET pictures = (SELECT count(*) FROM attachment
    WHERE attachment.msg_id = message.id AND type LIKE 'image/%')
    WHERE attachments > 0;

-- Author, room, and whether it has a link, files, pictures. The triggers below make them as this does.
CREATE VIEW search_text AS
    SELECT e.id AS id, m.body AS body,
    'u' || m.user_id || ' r' || m.room_id || iif(instr(m.body, '://') > 0, ' l', '') ||
    iif(m.attachments > 0, ' f', '') || iif(m.pictures > 0, ' i', '') AS keys
    FROM event e JOIN message m ON m.id = e.msg_id WHERE e.kind = 'message';
CREATE VIEW search_words_text AS SELECT id, body, keys FROM search_text
    WHERE id <= (SELECT event_id FROM search_cursor WHERE part = 'words');
CREATE VIEW search_parts_text AS SELECT id, body FROM search_text
    WHERE id <= (SELECT event_id FROM search_cursor WHERE part = 'parts');

CREATE TRIGGER search_changed AFTER UPDATE OF body, user_id, room_id, attachments, pictures ON message
BEGIN
    INSERT INTO search_stale (event_id, old_body, old_keys, body, keys)
        SELECT id, OLD.body,
        'u' || OLD.user_id || ' r' || OLD.room_id || iif(instr(OLD.body, '://') > 0, ' l', '') ||
        iif(OLD.attachments > 0, ' f', '') || iif(OLD.pictures > 0, ' i', ''),
        NEW.body,
        'u' || NEW.user_id || ' r' || NEW.room_id || iif(instr(NEW.body, '://') > 0, ' l', '') ||
        iif(NEW.attachments > 0, ' f', '') || iif(NEW.pictures > 0, ' i', '')
        FROM event
        WHERE room_id = OLD.room_id AND seq = OLD.seq
        AND id <= (SELECT max(event_id) FROM search_cursor);
END;
CREATE TRIGGER search_gone AFTER DELETE ON message
BEGIN
    INSERT INTO search_stale (event_id, old_body, old_keys)
        SELECT id, OLD.body,
        'u' || OLD.user_id || ' r' || OLD.room_id || iif(instr(OLD.body, '://') > 0, ' l', '') ||
        iif(OLD.attachments > 0, ' f', '') || iif(OLD.pictures > 0, ' i', '')
        FROM event
        WHERE room_id = OLD.room_id AND seq = OLD.seq
        AND id <= (SELECT max(event_id) FROM search_cursor);
END;

-- What is indexed already is told its new keys by the next step of the indexer.
INSERT INTO search_stale (event_id, old_body, old_keys, body, keys)
    SELECT t.id, t.body,
    'u' || m.user_id || ' r' || m.room_id || iif(instr(m.body, '://') > 0, ' l', ''), t.body, t.keys
    FROM message m JOIN event e ON e.room_id = m.room_id AND e.seq = m.seq
    JOIN search_text t ON t.id = e.id
    WHERE m.attachments > 0 AND e.id <= (SELECT max(event_id) FROM search_cursor);

PRAGMA user_version = 14;
