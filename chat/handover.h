/*
 * Posts that come over HTTP, handed to the sidecar's writer, which commits those that come together
 * in one transaction, as it does with those over WebSocket. Both ends of that are here. The
 * sidecar takes the worker's word for who posts, so it listens only to those who may write to the
 * database anyway.
 */
#ifndef CHAT_HANDOVER_H
#define CHAT_HANDOVER_H

#include "chat/post.h"
#include "lib/json.h"

/*
 * A post of one's own, by whatever is there: the sidecar, or, where none answers, by
 * chat_post_now(). Done by both it is stored once, for a post that is handed over has a client id.
 * *answer is handover_posted(), the caller's to put. Errors are those of chat_post_now().
 */
MUST_CHECK enum err handover_post(struct chat *c, struct arena *a, const struct post *p,
                                  struct json_object **answer, struct fail *f);
/* {message, duplicate?} */
struct json_object *handover_posted(const struct posted *p);

/* What a sidecar is handed; all strings in the arena. The caller sets post.actor. */
struct handed {
    uint64_t file;    /* the database that its ids are of: db_file() */
    int64_t until_ms; /* boot time: nobody waits for it any more; 0: not said */
    struct actor actor;
    struct post post;
};

MUST_CHECK enum err handover_read(struct arena *a, const char *question, size_t len,
                                  struct handed *out, struct fail *f);

#endif
