/* A guest who does not want to be known by this browser any more. */
#ifndef CHAT_LEAVE_H
#define CHAT_LEAVE_H

#include "chat/identity.h"

/* Ends the guest's sessions everywhere, and lets go of the name; what they wrote stays, with the
 * name that it was written under. ERR_FORBIDDEN for a host user, who signs out on the site. */
MUST_CHECK enum err leave_guest(struct chat *c, struct arena *a, const struct actor *who,
                                struct fail *f);

#endif
