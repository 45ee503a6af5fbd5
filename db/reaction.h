/* Reactions: one per message, emoji and user, and the counts kept beside them. */
#ifndef DB_REACTION_H
#define DB_REACTION_H

#include "db/message.h"

enum { REACTION_EMOJI = 20, REACTION_USERS = 20 };

/* One emoji of a message: how many, and some of who. */
struct reaction {
    const char *emoji;
    int64_t count;
    int64_t user_ids[REACTION_USERS]; /* the lowest ids, so the same for every reader */
    size_t user_count;
};

/* In the order in which they came first; *out lives in `a`. */
MUST_CHECK enum err reaction_list(struct db *db, struct arena *a, int64_t msg_id,
                                  struct reaction **out, size_t *count, struct fail *f);
MUST_CHECK enum err reaction_exists(struct db *db, int64_t msg_id, const char *emoji,
                                    int64_t user_id, bool *out, struct fail *f);

/* In the caller's write transaction. What is so already stays so. */
MUST_CHECK enum err reaction_add(struct db *db, int64_t msg_id, const char *emoji, int64_t user_id,
                                 int64_t ts_ms, struct fail *f);
MUST_CHECK enum err reaction_remove(struct db *db, int64_t msg_id, const char *emoji,
                                    int64_t user_id, struct fail *f);
MUST_CHECK enum err reaction_clear(struct db *db, int64_t msg_id, struct fail *f);

#endif
