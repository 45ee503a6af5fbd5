/*
 * Who types, for those who have no socket: they say it by HTTP, and hear it with what they are
 * answered anyway. Sockets and streams are told by the sidecar, which reads and writes the same
 * rows once a second. Each word of it fades by itself.
 */
#ifndef CHAT_TYPING_H
#define CHAT_TYPING_H

#include "chat/identity.h"
#include "db/ignored.h"
#include "db/typing.h"

enum {
    TYPING_MS = 6000,
    TYPING_ROOM_MAX = 20, /* of one room, in an answer */
    TYPING_ALL_MAX = 500
};

/* ERR_ROOM_NOT_FOUND, ERR_READ_ONLY, ERR_AUTH_REQUIRED …: whoever could not write there types not.
 * The muted are not heard either, but not told. */
MUST_CHECK enum err typing_say(struct chat *c, struct arena *a, const struct actor *who,
                               const char *room, bool on, struct fail *f);
/* Those whom the reader is to see: not themselves, nor whom they ignore. `out` holds
 * TYPING_ROOM_MAX. */
MUST_CHECK enum err typing_in(struct chat *c, struct arena *a, const struct actor *who,
                              int64_t room_id, struct typist *out, size_t *count, struct fail *f);

#endif
