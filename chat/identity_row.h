/* What identity_*.c and permit.c share: rows ↔ actors. Nobody else includes it. */
#ifndef CHAT_IDENTITY_ROW_H
#define CHAT_IDENTITY_ROW_H

#include "chat/identity.h"
#include "chat/naming.h"

/* "h:" or "g:" and the id. */
const char *identity_ext(struct arena *a, char kind, const char *id);
/* The user's row is as it should be: ERR_BANNED, or ERR_TOKEN_INVALID for what was issued before
 * tokens_valid_after (issued_ms 0: not by token). */
MUST_CHECK enum err identity_judge(struct chat *c, const struct user *u, int64_t issued_ms,
                                   struct fail *f);
/* Judges the row and fills the actor from it. */
MUST_CHECK enum err identity_from_row(struct chat *c, struct arena *a, const struct user *u,
                                      int64_t exp_s, int64_t issued_ms, struct actor *out,
                                      struct fail *f);
/* In a write transaction: the user's row and its room "@me". Sets u->id. */
MUST_CHECK enum err identity_insert(struct chat *c, struct arena *a, struct user *u,
                                    struct fail *f);
/* Runs `work` in a savepoint of the caller's write transaction, or in one of its own. */
MUST_CHECK enum err identity_write(struct chat *c, chat_work_fn *work, void *arg, struct fail *f);
/* OK where guests may write, else ERR_READ_ONLY or ERR_AUTH_REQUIRED. */
MUST_CHECK enum err identity_guests_write(const struct chat *c, struct fail *f);
/* Returns ERR_MUTED with a sentence that says until when. */
enum err identity_muted(int64_t until, int64_t now, struct fail *f);

#endif
