/*
 * A whole chat in a temporary folder, for tests: configuration, both databases, rooms, a fake
 * clock. What fails inside fails the test. Tests change fx->conf's fields directly; what programs
 * read at start (keys, paths) goes into fixture_open_with().
 */
#ifndef TESTS_LIB_FIXTURE_H
#define TESTS_LIB_FIXTURE_H

#include "chat/identity.h"
#include "chat/post.h"
#include "chat/rooms.h"

/* cmocka needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FIXTURE_NOW_MS 1795338000000 /* 2026-11-22 09:00:00 UTC */

struct fixture {
    char dir[64];
    struct conf conf;
    struct log log; /* to dir/log */
    struct arena arena;
    struct chat chat;
    struct fail fail;
};

/* guests = write, HS256 tokens, the configuration's default rooms. The caller closes it. */
struct fixture *fixture_open(void);
/* With further lines of configuration; `lines` may be NULL. */
struct fixture *fixture_open_with(const char *lines);
void fixture_close(struct fixture *fx);

/* Moves both clocks. */
void fixture_pass(struct fixture *fx, int64_t ms);

/* What no function does: an operator's hand in chat.db, on a connection of its own. */
void fixture_sql(struct fixture *fx, const char *sql);

/* A second program on the same files; the caller closes it (chat_close). */
void fixture_open_chat(struct fixture *fx, struct chat *c);

/* Runs `work` in `count` processes at once, numbered from 0, each with a chat of its own; returns
 * when all ended well. They answer through memory of fixture_shared(), which the test leaves to the
 * process's end. */
typedef void fixture_race_fn(struct fixture *fx, struct chat *c, int number, void *shared);
void fixture_race(struct fixture *fx, int count, fixture_race_fn *work, void *shared);
void *fixture_shared(size_t size);

/* Everything below lives in the fixture's arena. */
char *fixture_token(struct fixture *fx, const char *user_id, const char *name, const char *role);
struct actor fixture_user(struct fixture *fx, const char *user_id, const char *name);
struct actor fixture_moderator(struct fixture *fx, const char *user_id, const char *name);
struct actor fixture_guest(struct fixture *fx, const char *name);
struct actor fixture_nobody(void);
struct user fixture_row(struct fixture *fx, int64_t user_id);
struct room fixture_room(struct fixture *fx, const char *slug);

/* As any transport would, with a fresh client id and no address. */
enum err fixture_try(struct fixture *fx, const struct actor *who, const char *room,
                     const char *text);
struct posted fixture_post(struct fixture *fx, const struct actor *who, const char *room,
                           const char *text);

/* One write transaction around `call`, which must succeed. */
#define FIXTURE_WRITE(fx, call)                                                                    \
    do {                                                                                           \
        assert_int_equal(db_begin_write((fx)->chat.db, &(fx)->fail), OK);                          \
        assert_int_equal(call, OK);                                                                \
        assert_int_equal(db_commit((fx)->chat.db, &(fx)->fail), OK);                               \
    } while (0)

#endif
