/* Messages: the current state of each. Their history is the event log. */
#ifndef DB_MESSAGE_H
#define DB_MESSAGE_H

#include "db/db.h"

enum { MESSAGE_SALT = 16 };

/* What a reply answers, as it is now. */
struct quote {
    int64_t seq, user_id, deleted_ms, attachments, mentions;
    const char *author_name, *body; /* the body's beginning */
};

struct reaction;
struct attachment;
struct mention;

struct message {
    int64_t id; /* 0: none */
    int64_t room_id, seq, user_id;
    const char *author_name, *body, *html, *sentiment, *disclosure, *via, *client_id;
    const char *room_slug; /* filled by loads that join; NULL otherwise */
    int64_t reply_to, created_ms, rev, edited_ms, deleted_ms, deleted_by;
    unsigned char salt[MESSAGE_SALT];
    int64_t reaction_kinds; /* different emoji, as the row says */
    int64_t thread_root;    /* of a reply: the message at the top of its thread; 0: no reply */
    int64_t replies;        /* of a thread's root: those that were not deleted */
    /* Filled by loads, see db/reaction.h. */
    const struct reaction *reactions;
    size_t reaction_count;
    int64_t picture_rows;    /* of those that a new one is given: pictures */
    const char *file_names;  /* and what they are called, a line each; NULL: none is given */
    int64_t attachment_rows; /* as the row says; filled by loads, see db/attachment.h: */
    const struct attachment *attachments;
    size_t attachment_count;
    int64_t mention_rows; /* as the row says; filled by loads, see db/mention.h: */
    const struct mention *mentions;
    size_t mention_count;
    const char *renamed; /* filled by loads: `body` with names that changed since; NULL: none */
    const struct quote *quote; /* filled by loads; NULL: no reply, or what it answered is purged */
    int64_t thread_replies;    /* filled by loads, of a reply: its root's; -1: the root is purged */
    bool quote_hidden;         /* the reader ignores whom it answers */
};

/* What it says to whoever reads it now: those it mentions under their present names. `html` is so
 * already. */
static inline const char *message_text(const struct message *m)
{
    return m->renamed ? m->renamed : m->body;
}

/* ERR_NOT_FOUND where there is none. Strings live in `a`. */
MUST_CHECK enum err message_by_id(struct db *db, struct arena *a, int64_t id, struct message *out,
                                  struct fail *f);
/* The same of one in a room that the reader sees. One statement says of any other that there is
 * none, so that it takes as long whether it is hidden or never was. */
MUST_CHECK enum err message_seen_by_id(struct db *db, struct arena *a, int64_t id,
                                       int64_t reader_id, struct message *out, struct fail *f);
MUST_CHECK enum err message_by_client_id(struct db *db, struct arena *a, int64_t user_id,
                                         const char *client_id, struct message *out,
                                         struct fail *f);
/* A page of one room, oldest first: the `max` newest with seq < before (before 0: the newest), or
 * the `max` oldest with seq > after where after >= 0. *more: there are further ones that way. What
 * `reader` ignores is not among them; 0: nobody reads, and it is all of them. */
MUST_CHECK enum err message_list(struct db *db, struct arena *a, int64_t room_id, int64_t reader,
                                 int64_t before, int64_t after, struct message *out, size_t max,
                                 size_t *count, bool *more, struct fail *f);
/* The same of the replies in one thread. */
MUST_CHECK enum err message_list_thread(struct db *db, struct arena *a, int64_t root,
                                        int64_t reader, int64_t before, int64_t after,
                                        struct message *out, size_t max, size_t *count, bool *more,
                                        struct fail *f);
/* What other rows have to say about these; loads do it by themselves. */
MUST_CHECK enum err message_fill(struct db *db, struct arena *a, struct message *list, size_t count,
                                 struct fail *f);
/* What its thread's root says of it, after that changed. */
MUST_CHECK enum err message_fill_thread(struct db *db, struct message *m, struct fail *f);
/* How many replies of a thread are by those whom its reader ignores. */
MUST_CHECK enum err message_ignored_replies(struct db *db, int64_t root, int64_t reader,
                                            int64_t *out, struct fail *f);
/* Lessens *out to the other ones, where there are such. */
MUST_CHECK enum err message_shown_replies(struct db *db, int64_t root, int64_t reader, int64_t *out,
                                          struct fail *f);
/* The reactions alone, after they changed. */
MUST_CHECK enum err message_fill_reactions(struct db *db, struct arena *a, struct message *m,
                                           struct fail *f);
/* The mentions alone, after they changed. */
MUST_CHECK enum err message_fill_mentions(struct db *db, struct arena *a, struct message *m,
                                          struct fail *f);
/* The time of the user's newest message in the room, 0 for none: slow mode. */
MUST_CHECK enum err message_last_by_user(struct db *db, int64_t room_id, int64_t user_id,
                                         int64_t *created_ms, struct fail *f);

/* In the caller's write transaction; id, seq and salt are set by the caller. */
MUST_CHECK enum err message_insert(struct db *db, const struct message *m, struct fail *f);
/* Stores body, html, salt, rev, edited_ms and mention_rows of `m`; the
 * caller kept what was there. */
MUST_CHECK enum err message_edit(struct db *db, const struct message *m, struct fail *f);
/* Takes the text and the names of files out of the row, which stays as a stub. The caller kept it
 * (revision_keep()). */
MUST_CHECK enum err message_delete(struct db *db, int64_t id, int64_t deleted_ms,
                                   int64_t deleted_by, struct fail *f);
/* A reply came into the thread of this root, or was deleted. */
MUST_CHECK enum err message_count_reply(struct db *db, int64_t root, int by, struct fail *f);

#endif
