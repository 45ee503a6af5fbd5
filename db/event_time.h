/* Where in a room's log a time is. */
#ifndef DB_EVENT_TIME_H
#define DB_EVENT_TIME_H

#include "db/room.h"

/* The newest seq above the room's floor before which, and at which, all is older
 * than that wall time; the floor where nothing is. Clocks that were set may make it
 * differ by what they were set. */
MUST_CHECK enum err event_seq_at(struct db *db, const struct room *room, int64_t wall_ms,
                                 int64_t *seq, struct fail *f);

#endif
