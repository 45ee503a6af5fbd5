/*
 * A thread: a message, its root, and all that answers it, directly or through other answers. It is
 * of the room's log like everything else, and has no read mark of its own.
 */
#ifndef CHAT_THREAD_H
#define CHAT_THREAD_H

#include "chat/history.h"

struct thread {
    /* Replies, the deleted ones too, with the root before the first of them where the page reaches
     * it; has_more as in every page. */
    struct history_page page;
    struct message root;
};

/* The thread of a message, be it the root or a reply; before, after and limit are of replies, as
 * for history_messages(). ERR_MESSAGE_NOT_FOUND as of lookup_shown(), and where retention took
 * the root. */
MUST_CHECK enum err thread_messages(struct chat *c, struct arena *a, const struct actor *who,
                                    int64_t msg_id, int64_t before, int64_t after, size_t limit,
                                    struct thread *out, struct fail *f);

#endif
