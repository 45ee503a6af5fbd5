/*
 * Letting go of files that nobody has any more: what was sent and never posted, and bytes whose
 * messages were deleted, purged or erased. Each stays for a day, so that nothing goes that is just
 * coming.
 */
#ifndef CHAT_COLLECT_H
#define CHAT_COLLECT_H

#include "chat/chat.h"

struct collected {
    int64_t uploads;      /* never posted */
    int64_t files, bytes; /* of the folder */
};

/* `dry`: only counts. Servers may run meanwhile. */
MUST_CHECK enum err collect_files(struct chat *c, bool dry, struct collected *out, struct fail *f);

#endif
