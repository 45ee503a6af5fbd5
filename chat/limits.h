/* Rate limits: token buckets in state.db, named by user and by address. */
#ifndef CHAT_LIMITS_H
#define CHAT_LIMITS_H

#include "chat/identity.h"

/* One message by a user from an address (NULL: not by address). ERR_RATE_LIMITED with when. */
MUST_CHECK enum err limits_take_message(struct chat *c, const struct actor *who,
                                        const char *address, struct fail *f);
/* One act on a message: buckets of their own, as large as those of messages. */
MUST_CHECK enum err limits_take_act(struct chat *c, const struct actor *who, const char *address,
                                    struct fail *f);
/* One call to everybody in a room, as seldom as sessions. */
MUST_CHECK enum err limits_take_call(struct chat *c, const struct actor *who, struct fail *f);
/* One part of a person's own data, as seldom as sessions. */
MUST_CHECK enum err limits_take_export(struct chat *c, const struct actor *who, struct fail *f);
/* One file that somebody begins to send: the same again. */
MUST_CHECK enum err limits_take_upload(struct chat *c, const struct actor *who, const char *address,
                                       struct fail *f);
/* One search, by the user or, for nobody in particular, from the address. */
MUST_CHECK enum err limits_take_search(struct chat *c, const struct actor *who, const char *address,
                                       struct fail *f);
/* One guest session or ticket from an address. */
MUST_CHECK enum err limits_take_session(struct chat *c, const char *address, struct fail *f);

#endif
