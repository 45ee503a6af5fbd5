/*
 * What the rules need to run: the databases, the configuration, the clock. One per thread; whoever
 * makes it owns it. chat_open() is the one place where a program becomes able to serve.
 */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include "db/db.h"
#include "lib/clock.h"
#include "lib/hotline.h"
#include "lib/token.h"

struct chat {
    const struct conf *conf; /* not owned */
    struct log *log;         /* not owned */
    struct clock clock;
    struct db *db;    /* chat.db */
    struct db *state; /* state.db; NULL where opened read-only, or not yet: chat_state() */
    struct notify notify;
    struct hotline hotline; /* see handover.h */
    struct token_policy host_tokens, guest_tokens;
    char boot_id[37];
    bool later;   /* state.db is opened when something needs it */
    bool whole;   /* the write under way is stored as a whole or not at all: see chat_part() */
    bool spoiled; /* a part of such a write failed half done: it must not be committed */
};

/* Opens all of it; on an error everything opened is closed again. `f` says how to mend it. */
MUST_CHECK enum err chat_open(struct chat *c, const struct conf *conf, struct log *log,
                              enum db_access access, struct fail *f);
/* For reading and writing, by a program of one request: state.db waits for chat_state(). */
MUST_CHECK enum err chat_open_briefly(struct chat *c, const struct conf *conf, struct log *log,
                                      struct fail *f);
void chat_close(struct chat *c);
/* Before c->state is used: opens it if that waited, or if it was left. It stays NULL where all is
 * read-only. */
MUST_CHECK enum err chat_state(struct chat *c, struct fail *f);
void chat_rest(struct chat *c);  /* see db_rest() */
void chat_leave(struct chat *c); /* see db_leave(); hangs up, too */
/* Before each request or round of a program that lives long: see db_follow(). *moved is about
 * chat.db. */
MUST_CHECK enum err chat_follow(struct chat *c, bool *moved, struct fail *f);

/* One write: begin, `work`, commit (or rollback), then wake the sidecar. */
typedef enum err chat_work_fn(struct chat *c, void *arg, struct fail *f);
MUST_CHECK enum err chat_write(struct chat *c, chat_work_fn *work, void *arg, struct fail *f);
/*
 * Inside a write: several rows that are stored together or not at all. What fails is undone by a
 * savepoint, which copies every page that it touches; a write whose owner rolls it back when
 * anything fails (`whole`) does without, and is `spoiled` then.
 */
MUST_CHECK enum err chat_part(struct chat *c, chat_work_fn *work, void *arg, struct fail *f);

#endif
