/* What another name of somebody's touches. */
#ifndef DB_RENAMED_H
#define DB_RENAMED_H

#include "db/db.h"

enum { RENAMED_ROOMS_MAX = 1000 };

/* How somebody is called now, as others see it; NULL for nobody. */
MUST_CHECK enum err renamed_name(struct db *db, struct arena *a, int64_t user_id, const char **out,
                                 struct fail *f);
/* The rooms where others read that name: in what they wrote, in what mentions them, and in those of
 * a few that they are in. */
MUST_CHECK enum err renamed_rooms(struct db *db, int64_t user_id, int64_t out[RENAMED_ROOMS_MAX],
                                  size_t *count, struct fail *f);

#endif
