/* Sanctions and roles: each is a row change and an event in the person's
 * "@me", in one transaction. */
#ifndef CHAT_MODERATE_H
#define CHAT_MODERATE_H

#include "chat/identity.h"

/* Inside the caller's write transaction. `until` wall ms, 0: undone. actor_id 0: the CLI. */
MUST_CHECK enum err moderate_mute(struct chat *c, struct arena *a, int64_t target_id, int64_t until,
                                  int64_t actor_id, struct fail *f);
MUST_CHECK enum err moderate_ban(struct chat *c, struct arena *a, int64_t target_id, int64_t until,
                                 int64_t actor_id, struct fail *f);
/* Tokens issued before now are refused from now on. */
MUST_CHECK enum err moderate_revoke(struct chat *c, struct arena *a, int64_t target_id,
                                    int64_t actor_id, struct fail *f);
MUST_CHECK enum err moderate_set_role(struct chat *c, struct arena *a, int64_t target_id,
                                      const char *role, int64_t actor_id, struct fail *f);

#endif
