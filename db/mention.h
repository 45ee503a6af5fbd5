/* Who is mentioned in messages: one row for each place in a text that names somebody. */
#ifndef DB_MENTION_H
#define DB_MENTION_H

#include "db/message.h"

enum { MENTIONS_MAX = 10 }; /* of one message; further ones are plain text */

struct mention {
    int64_t user_id;      /* 0: everybody in the room */
    size_t at, len;       /* bytes of the message's text, from the '@' on */
    const char *username; /* what they are called now; filled by mention_list() */
    const char *fold;     /* and that folded */
};

struct mentions {
    struct mention list[MENTIONS_MAX]; /* by place */
    size_t count;
};

/* Those of one message, by place; *out lives in `a`. */
MUST_CHECK enum err mention_list(struct db *db, struct arena *a, int64_t msg_id,
                                 struct mention **out, size_t *count, struct fail *f);

/* In the caller's write transaction. The count in the message's own row
 * is for its caller to keep. */
MUST_CHECK enum err mention_insert(struct db *db, const struct message *m, const struct mention *n,
                                   struct fail *f);
MUST_CHECK enum err mention_clear(struct db *db, int64_t msg_id, struct fail *f);

/* The ids of messages that mention somebody, or everybody, and that they may see, the newest
 * mention first: `max` of them behind the first `skip`. */
MUST_CHECK enum err mention_messages(struct db *db, int64_t user_id, int64_t skip, int64_t *out,
                                     size_t max, size_t *count, struct fail *f);

#endif
