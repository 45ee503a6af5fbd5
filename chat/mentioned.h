/* What mentioned somebody, in all rooms that they may see. */
#ifndef CHAT_MENTIONED_H
#define CHAT_MENTIONED_H

#include "chat/lookup.h"

enum { MENTIONED_PAGE = 20, MENTIONED_PAGES = 50 };

struct mentioned {
    struct message message;
    struct room_view room;
};

struct mentioned_page {
    struct mentioned *list; /* the newest first */
    size_t count;
    bool has_more;
};

/* `page`: 1 … MENTIONED_PAGES. Strings live in `a`. */
MUST_CHECK enum err mentioned_load(struct chat *c, struct arena *a, const struct actor *who,
                                   int64_t page, struct mentioned_page *out, struct fail *f);

#endif
