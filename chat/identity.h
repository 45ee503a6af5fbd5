/*
 * Who somebody is. Authority comes from a verified token only; a name that a client sends is at
 * most a guest's wish. Every transport ends here.
 */
#ifndef CHAT_IDENTITY_H
#define CHAT_IDENTITY_H

#include "chat/chat.h"
#include "db/user.h"

enum actor_kind { ACTOR_ANONYMOUS, ACTOR_GUEST, ACTOR_USER };

struct actor {
    enum actor_kind kind;
    int64_t user_id;                      /* 0: anonymous */
    const char *ext_id, *username, *role; /* as in struct user; "" for the anonymous */
    int64_t exp_s;                        /* when the token ends, wall seconds; 0: never */
    int64_t issued_ms;                    /* when it was issued, wall ms; 0: no token */
    int64_t muted_until, banned_until;    /* wall ms */
};

bool actor_is_moderator(const struct actor *a);
/* The actor as the row says now (a long-lived socket asks after an event in "@me"): name, role and
 * sanctions are read again (strings in `a`), exp_s and issued_ms stay. ERR_BANNED,
 * ERR_TOKEN_INVALID (revoked). */
MUST_CHECK enum err identity_refresh(struct chat *c, struct arena *a, struct actor *who,
                                     struct fail *f);

/*
 * From the host's token. The user row is made on first sight, and its name and role follow the
 * token's (a guest that holds the name becomes name~guest); both need a write, done here in a
 * transaction of its own unless the caller already opened one. ERR_TOKEN_*, ERR_BANNED.
 */
MUST_CHECK enum err identity_from_host_token(struct chat *c, struct arena *a, const char *token,
                                             size_t len, struct actor *out, struct fail *f);
/* From the guest cookie. ERR_TOKEN_*, ERR_BANNED; ERR_AUTH_REQUIRED where guests = off. */
MUST_CHECK enum err identity_from_guest_token(struct chat *c, struct arena *a, const char *token,
                                              size_t len, struct actor *out, struct fail *f);
/* Either, told apart by the issuer: for `hello`, `auth` and Bearer. */
MUST_CHECK enum err identity_from_token(struct chat *c, struct arena *a, const char *token,
                                        size_t len, struct actor *out, struct fail *f);
/* The holder of a one-use ticket. */
MUST_CHECK enum err identity_from_ticket(struct chat *c, struct arena *a, const char *ticket,
                                         size_t len, struct actor *out, struct fail *f);
/*
 * A guest without a session, who only says a name with each message (the seed format): the same
 * name from the same address is the same guest. ERR_READ_ONLY or ERR_AUTH_REQUIRED where guests may
 * not write, ERR_NAME_TAKEN, ERR_BAD_REQUEST for a name that may not be one. An empty name gets
 * "guest-xxxx". The first sight of a name charges the address's session bucket.
 */
MUST_CHECK enum err identity_from_name(struct chat *c, struct arena *a, const char *address,
                                       const char *name, size_t len, struct actor *out,
                                       struct fail *f);
/* Nobody: OK where guests may read, ERR_AUTH_REQUIRED otherwise. */
MUST_CHECK enum err identity_anonymous(struct chat *c, struct actor *out, struct fail *f);

/* POST session/: a new guest, or the same guest (`current` a guest) renamed. *token goes into the
 * HttpOnly cookie and lives a year. Charges the address's session bucket. */
MUST_CHECK enum err identity_start_guest(struct chat *c, struct arena *a,
                                         const struct actor *current, const char *address,
                                         const char *name, size_t len, struct actor *out,
                                         char **token, struct fail *f);
/* PATCH me/ {display_name}: guests, and host users whose token has no name claim. */
MUST_CHECK enum err identity_rename(struct chat *c, struct arena *a, struct actor *who,
                                    const char *name, size_t len, struct fail *f);
/* POST ws-ticket/: a ticket for 30 s that opens one socket as `who`. The caller charges the address
 * (limits_take_session). */
MUST_CHECK enum err identity_make_ticket(struct chat *c, struct arena *a, const struct actor *who,
                                         char **ticket, struct fail *f);

/* The seal in forms and in the page: an HMAC bound to the actor, with a salt, so that no two
 * answers hold the same (squeeze.h says why). Each is good for as long as the secret is. Lives in
 * `a`. */
const char *identity_csrf(struct chat *c, struct arena *a, const struct actor *who);
bool identity_csrf_ok(struct chat *c, const struct actor *who, const char *given, size_t len);

/* From the actor as loaded: ERR_BANNED with until when, ERR_AUTH_REQUIRED for guests and the
 * anonymous where guests = off; OK otherwise. The muted may read; chat_post() refuses what they
 * write. */
MUST_CHECK enum err identity_may_read(struct chat *c, const struct actor *who, struct fail *f);

#endif
