#include "tests/lib/fixture.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char base_conf[] = "guests = write\n"
                                "secret = 0123456789abcdef0123456789abcdef-ours\n"
                                "jwt_secret = 0123456789abcdef0123456789abcdef-the-hosts\n"
                                "notify_socket = notify.sock\n"
                                "ws_socket = ws.sock\n"
                                "sidecar_lock = sidecar.lock\n"
                                "log_file = log\n";

static void load_conf(struct fixture *fx, const char *lines)
{
    const char *text = arena_fmt(&fx->arena, "%s%s", base_conf, lines ? lines : "");
    enum err e = conf_parse(&fx->conf, "test.conf", fx->dir, text, strlen(text), &fx->fail);

    if (e)
        fail_msg("configuration: %s", fx->fail.message);
}

void fixture_open_chat(struct fixture *fx, struct chat *c)
{
    struct clock clock = fx->chat.clock;

    if (chat_open(c, &fx->conf, &fx->log, DB_READ_WRITE, &fx->fail))
        fail_msg("chat_open: %s", fx->fail.message);
    c->clock = clock;
}

struct fixture *fixture_open_with(const char *lines)
{
    struct fixture *fx = xcalloc(1, sizeof *fx);
    int from, to, created;

    arena_init(&fx->arena);
    snprintf(fx->dir, sizeof fx->dir, "/tmp/outcry-test-XXXXXX");
    assert_non_null(mkdtemp(fx->dir));
    load_conf(fx, lines);
    assert_true(log_open(&fx->log, fx->conf.log_file, LOG_DEBUG));
    if (db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail))
        fail_msg("db_migrate: %s", fx->fail.message);
    fixture_open_chat(fx, &fx->chat);
    fx->chat.clock = (struct clock){true, FIXTURE_NOW_MS, 1000000};
    FIXTURE_WRITE(fx, rooms_init(&fx->chat, &fx->arena, &created, &fx->fail));
    return fx;
}

struct fixture *fixture_open(void)
{
    return fixture_open_with(NULL);
}

static int delete_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_close(struct fixture *fx)
{
    chat_close(&fx->chat);
    log_close(&fx->log);
    conf_release(&fx->conf);
    arena_release(&fx->arena);
    nftw(fx->dir, delete_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(fx);
}

void fixture_pass(struct fixture *fx, int64_t ms)
{
    fx->chat.clock.fake_wall_ms += ms;
    fx->chat.clock.fake_boot_ms += ms;
}

void *fixture_shared(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED);
    return p;
}

static void race(struct fixture *fx, fixture_race_fn *work, int number, int start, void *shared)
{
    struct chat c;
    char byte;

    fixture_open_chat(fx, &c);
    if (read(start, &byte, 1) != 0) /* the parent closes it: all begin together */
        _exit(2);
    work(fx, &c, number, shared);
    chat_close(&c);
    _exit(0);
}

void fixture_race(struct fixture *fx, int count, fixture_race_fn *work, void *shared)
{
    int start[2], status;

    /* A database connection must not cross a fork(): ours is closed meanwhile. */
    chat_close(&fx->chat);
    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            close(start[1]);
            race(fx, work, i, start[0], shared);
        }
    }
    close(start[0]);
    close(start[1]);
    for (int i = 0; i < count; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    fixture_open_chat(fx, &fx->chat);
}

void fixture_sql(struct fixture *fx, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(fx->conf.database, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

char *fixture_token(struct fixture *fx, const char *user_id, const char *name, const char *role)
{
    char *token = NULL;

    if (token_sign(&fx->chat.host_tokens, user_id, name, role,
                   clock_wall_ms(&fx->chat.clock) / 1000, 300, &fx->arena, &token, &fx->fail))
        fail_msg("token_sign: %s", fx->fail.message);
    return token;
}

static struct actor sign_in(struct fixture *fx, const char *token)
{
    struct actor who;

    if (identity_from_host_token(&fx->chat, &fx->arena, token, strlen(token), &who, &fx->fail))
        fail_msg("identity_from_host_token: %s", fx->fail.message);
    return who;
}

struct actor fixture_user(struct fixture *fx, const char *user_id, const char *name)
{
    return sign_in(fx, fixture_token(fx, user_id, name, NULL));
}

struct actor fixture_moderator(struct fixture *fx, const char *user_id, const char *name)
{
    return sign_in(fx, fixture_token(fx, user_id, name, "moderator"));
}

struct actor fixture_guest(struct fixture *fx, const char *name)
{
    struct actor who;
    char *token;

    if (identity_start_guest(&fx->chat, &fx->arena, NULL, NULL, name, strlen(name), &who, &token,
                             &fx->fail))
        fail_msg("identity_start_guest: %s", fx->fail.message);
    return who;
}

struct actor fixture_nobody(void)
{
    return (struct actor){.kind = ACTOR_ANONYMOUS, .ext_id = "", .username = "", .role = ""};
}

struct user fixture_row(struct fixture *fx, int64_t user_id)
{
    struct user u;

    assert_int_equal(user_by_id(fx->chat.db, &fx->arena, user_id, &u, &fx->fail), OK);
    return u;
}

struct room fixture_room(struct fixture *fx, const char *slug)
{
    struct room r;

    assert_int_equal(room_by_slug(fx->chat.db, &fx->arena, slug, &r, &fx->fail), OK);
    return r;
}

static enum err post(struct fixture *fx, const struct actor *who, const char *room,
                     const char *text, struct posted *out)
{
    struct post p = {
        .actor = who, .room = room, .text = text, .text_len = strlen(text), .via = "api"};

    memset(&fx->fail, 0, sizeof fx->fail);
    return chat_post_now(&fx->chat, &fx->arena, &p, out, &fx->fail);
}

enum err fixture_try(struct fixture *fx, const struct actor *who, const char *room,
                     const char *text)
{
    struct posted out;

    return post(fx, who, room, text, &out);
}

struct posted fixture_post(struct fixture *fx, const struct actor *who, const char *room,
                           const char *text)
{
    struct posted out;

    if (post(fx, who, room, text, &out))
        fail_msg("chat_post_now: %s", fx->fail.message);
    return out;
}
