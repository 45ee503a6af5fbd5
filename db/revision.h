/* What messages said before. Written once, never changed; see db/migrations/chat/003. */
#ifndef DB_REVISION_H
#define DB_REVISION_H

#include "db/message.h"

struct revision {
    int64_t rev, editor_id, ts_ms;
    const char *body, *html, *disclosure;
};

/* In the caller's write transaction: keeps what `m` says now, before it says something else. */
MUST_CHECK enum err revision_keep(struct db *db, const struct message *m, struct fail *f);
/* Of one message, oldest first. Strings live in `a`. */
MUST_CHECK enum err revision_list(struct db *db, struct arena *a, int64_t msg_id,
                                  struct revision *out, size_t max, size_t *count, struct fail *f);

#endif
