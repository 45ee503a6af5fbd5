/* What messages look like, made anew for all that are stored: after an upgrade of chat/markup. */
#ifndef CHAT_RENDER_H
#define CHAT_RENDER_H

#include "chat/chat.h"

struct render_total {
    int64_t messages, changed;
};

/* In small transactions: servers may run meanwhile. What was edited or deleted before keeps the
 * look it had; nothing is told to open pages, which show it when they load again. */
MUST_CHECK enum err render_all(struct chat *c, struct render_total *total, struct fail *f);

#endif
