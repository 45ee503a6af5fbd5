/*
 * Who may be called what (docs/protocol.md, "What must keep working exactly"). A host user always
 * keeps the name its token gives; a guest may not take a name that anybody has, and gives way to a
 * host user; host users whose names fold alike are told apart by their number. Names compare by
 * text_fold().
 */
#ifndef CHAT_NAMING_H
#define CHAT_NAMING_H

#include "chat/chat.h"
#include "db/user.h"

bool naming_is_guest(const struct user *u);

/* The name as typed → cleaned and folded; ERR_BAD_REQUEST for what may not be a name. */
MUST_CHECK enum err naming_clean(struct arena *a, const char *typed, size_t len, const char **name,
                                 const char **fold, struct fail *f);
/* The name that others see: username, or username#id where another host user's folds alike. */
MUST_CHECK enum err naming_shown(struct chat *c, struct arena *a, const struct user *u,
                                 const char **out, struct fail *f);
/* ERR_NAME_TAKEN where somebody else than `self` (0: anybody) has the folded name. */
MUST_CHECK enum err naming_check_free(struct chat *c, struct arena *a, const char *fold,
                                      int64_t self, struct fail *f);
/* In a write transaction: guests that hold the folded name become name~guest, or name~guest<id>
 * where that is taken too, and find a notice in their "@me". */
MUST_CHECK enum err naming_evict_guests(struct chat *c, struct arena *a, const char *fold,
                                        struct fail *f);

/* Likewise: says in the person's own log, and in those of the rooms where others read the name,
 * that it is another now. Of guests nothing is told: what they wrote keeps the name that they said.
 */
MUST_CHECK enum err naming_tell(struct chat *c, struct arena *a, const struct user *u,
                                struct fail *f);
/* The same of whoever else has the folded name, where `user_id`, by taking or leaving it, changed
 * how that one is shown. */
MUST_CHECK enum err naming_tell_alike(struct chat *c, struct arena *a, const char *fold,
                                      int64_t user_id, struct fail *f);

#endif
