/*
 * What is done to a message once it is there. Every act, whatever brought it (form, JSON API,
 * WebSocket frame), goes through chat_act(): who may, the limits, the rows, and the event that
 * tells everybody. A new act is a rule in a file of its own, listed in act_rule.h and in act.c's
 * table.
 */
#ifndef CHAT_ACT_H
#define CHAT_ACT_H

#include "chat/identity.h"
#include "db/event.h"
#include "db/room.h"

enum act_kind { ACT_EDIT, ACT_DELETE, ACT_REACT, ACT_PIN, ACT_KINDS };

struct act {
    enum act_kind kind;
    const struct actor *actor;
    int64_t msg_id;
    const char *text; /* of an edit, as sent */
    size_t text_len;
    int64_t rev;         /* of an edit: the one that it began with */
    const char *emoji;   /* of a reaction */
    bool on;             /* of a reaction or a pin: there shall be one */
    const char *address; /* for the rate limit by address; NULL: not limited by address */
};

struct acted {
    struct message message; /* as it is now; room_slug filled, strings in the arena */
    int64_t seq, ts_ms;     /* of the event; 0: it was so before, and nothing was stored */
};

/*
 * Inside the caller's write transaction, in a savepoint of its own: an error leaves the transaction
 * as it was. What is so already is OK again, costs nothing and makes no event. Errors:
 * message_not_found (also for one that this person may not see), auth_required, read_only, muted,
 * banned, forbidden, bad_request, too_long, edit_conflict (out->message is what stands there now),
 * rate_limited, busy, storage_full, internal.
 */
MUST_CHECK enum err chat_act(struct chat *c, struct arena *a, const struct act *act,
                             struct acted *out, struct fail *f);
/* A batch of one: begin, act, commit, notify. */
MUST_CHECK enum err chat_act_now(struct chat *c, struct arena *a, const struct act *act,
                                 struct acted *out, struct fail *f);

/* What somebody may do to a message now, for whoever offers it. chat_act() asks again. */
struct act_rights {
    bool reply, react, edit, remove, pin;
    bool revisions; /* see what it said before */
};
struct act_rights act_rights(const struct chat *c, const struct actor *who, const struct room *room,
                             const struct message *m);

#endif
