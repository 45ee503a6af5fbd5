-- Read marks that rose other than through the sidecar, for it to tell the person's other devices. The
-- newest thousand: it looks at once, and what it missed is told with the next count.

CREATE TABLE mark_news (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    room_id INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 9;
