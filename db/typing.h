/* Who types where, in state.db; as db/state.h says of `boot` and now_ms. */
#ifndef DB_TYPING_H
#define DB_TYPING_H

#include "db/db.h"

enum { TYPING_NAME = 160 };

struct typist {
    int64_t room_id, user_id, expires_ms;
    bool posted; /* said by HTTP */
    char username[TYPING_NAME];
};

/* One short write transaction, unless the caller opened one. What has expired goes. */
MUST_CHECK enum err typing_put(struct db *state, const char *boot, int64_t now_ms,
                               const struct typist *t, struct fail *f);
MUST_CHECK enum err typing_drop(struct db *state, int64_t room_id, int64_t user_id, struct fail *f);
/* Those of one room, by user id; room_id 0: of all, by room. */
MUST_CHECK enum err typing_list(struct db *state, const char *boot, int64_t now_ms, int64_t room_id,
                                struct typist *out, size_t max, size_t *count, struct fail *f);

#endif
