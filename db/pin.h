/* The messages that are pinned in a room. */
#ifndef DB_PIN_H
#define DB_PIN_H

#include "db/message.h"

enum { PIN_MOST = 50 };

struct pin {
    int64_t msg_id, seq, user_id;   /* of the message, and its author */
    const char *author_name, *body; /* the body's beginning */
    int64_t pinned_by, pinned_ms;
    int64_t mentions; /* how many */
};

/* The newest pin first; `out` holds PIN_MOST. Strings live in `a`. */
MUST_CHECK enum err pin_list(struct db *db, struct arena *a, int64_t room_id, struct pin *out,
                             size_t *count, struct fail *f);
MUST_CHECK enum err pin_exists(struct db *db, int64_t room_id, int64_t msg_id, bool *out,
                               struct fail *f);
MUST_CHECK enum err pin_count(struct db *db, int64_t room_id, int64_t *out, struct fail *f);

/* In the caller's write transaction. */
MUST_CHECK enum err pin_insert(struct db *db, int64_t room_id, int64_t msg_id, int64_t user_id,
                               int64_t ts_ms, struct fail *f);
MUST_CHECK enum err pin_delete(struct db *db, int64_t room_id, int64_t msg_id, struct fail *f);

#endif
