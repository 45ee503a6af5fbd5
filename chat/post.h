/*
 * The one way in. Every message, whatever brought it (form, JSON API, WebSocket frame, CLI), goes
 * through chat_post(), which owns permission, limits, idempotency and the rows.
 */
#ifndef CHAT_POST_H
#define CHAT_POST_H

#include "chat/identity.h"
#include "db/message.h"

struct post {
    const struct actor *actor;
    const char *room; /* slug; NULL or "": the default room */
    const char *text; /* as sent */
    size_t text_len;
    const char *client_id;   /* NULL: one is made */
    const char *sentiment;   /* NULL, "bullish", "bearish" */
    const char *disclosure;  /* NULL or text */
    const char *attachments; /* ids of whole uploads, with blanks between; NULL: none */
    int64_t reply_to;        /* 0: none; must be a message of the same room */
    const char *via;         /* form, api, ws, cli */
    const char *address;     /* for the rate limit by address; NULL: not limited by address */
};

struct posted {
    struct message message; /* strings in the arena; room_slug filled */
    bool duplicate;         /* the first result again, nothing was stored */
};

/*
 * Inside the caller's write transaction (on c->db), in a savepoint of its own: an error leaves the
 * transaction as it was. Errors: bad_request (not UTF-8, blank, bad client id or sentiment),
 * too_long, auth_required, read_only, forbidden (post policy), muted, banned, room_not_found,
 * message_not_found (reply_to), file_not_found (attachments), client_id_conflict, rate_limited,
 * slow_mode, busy, storage_full, internal. Nothing is acknowledged before the caller's commit.
 */
MUST_CHECK enum err chat_post(struct chat *c, struct arena *a, const struct post *p,
                              struct posted *out, struct fail *f);

/* A message's text as it is stored, in `a`: ERR_BAD_REQUEST, ERR_TOO_LONG. No database is asked. */
MUST_CHECK enum err chat_clean_text(struct chat *c, struct arena *a, const char *text, size_t len,
                                    const char **out, struct fail *f);

/* A client id for a post that came without one; lives in `a`. */
char *chat_client_id(struct arena *a);

/* A batch of one: begin, post, commit, notify. For HTTP and the CLI. */
MUST_CHECK enum err chat_post_now(struct chat *c, struct arena *a, const struct post *p,
                                  struct posted *out, struct fail *f);

#endif
