/*
 * For tests of db/: a folder of its own under $TMPDIR with real databases in it, checks that print
 * the sentence of a failure, and helpers for several processes.
 */
#ifndef TESTS_UNIT_DB_FIXTURE_H
#define TESTS_UNIT_DB_FIXTURE_H

#include "db/db.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Two starts of the machine, by their boot ids. */
#define BOOT  "11111111-1111-1111-1111-111111111111"
#define BOOT2 "22222222-2222-2222-2222-222222222222"

struct fixture {
    char dir[200], chat[256], state[256], out[256];
    struct conf conf; /* only what db/ reads; strings are not owned by it */
    struct log log;
    struct arena arena;
    struct fail fail;
    struct db *db;
    enum db_kind kind; /* of db */
};

#define assert_ok(fx, expr)                                                                        \
    do {                                                                                           \
        enum err e_ = (expr);                                                                      \
        if (e_)                                                                                    \
            fail_msg("%s: %s: %s", #expr, err_row(e_)->code, (fx)->fail.message);                  \
    } while (0)
#define assert_err(expected, expr)                                                                 \
    do {                                                                                           \
        enum err e_ = (expr);                                                                      \
        if (e_ != (expected))                                                                      \
            fail_msg("%s: %s, expected %s", #expr, err_row(e_)->code, err_row(expected)->code);    \
    } while (0)

/* The folder and the configuration; no database yet. */
static inline struct fixture *fixture_new(void)
{
    struct fixture *fx = xcalloc(1, sizeof *fx);
    const char *tmp = getenv("TMPDIR");

    snprintf(fx->dir, sizeof fx->dir, "%s/outcry-db-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(fx->dir))
        die("mkdtemp %s", fx->dir);
    snprintf(fx->chat, sizeof fx->chat, "%s/chat.db", fx->dir);
    snprintf(fx->state, sizeof fx->state, "%s/state.db", fx->dir);
    snprintf(fx->out, sizeof fx->out, "%s/log", fx->dir);
    fx->conf.database = fx->chat;
    fx->conf.state_database = fx->state;
    fx->conf.wal_max_bytes = 4 << 20;
    fx->conf.lock_timeout_ms = 20000;
    if (!log_open(&fx->log, fx->out, LOG_DEBUG))
        die("log_open %s", fx->out);
    arena_init(&fx->arena);
    return fx;
}

static inline int fixture_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void fixture_free(struct fixture *fx)
{
    db_close(fx->db);
    arena_release(&fx->arena);
    log_close(&fx->log);
    if (nftw(fx->dir, fixture_remove, 8, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "# %s stays\n", fx->dir);
    free(fx);
}

/* cmocka's setup and teardown: a migrated chat.db, open for writing. */
static inline int setup_chat(void **state)
{
    struct fixture *fx = fixture_new();
    int from, to;

    *state = fx;
    return db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail) ||
           db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail);
}

static inline int setup_state(void **state)
{
    struct fixture *fx = fixture_new();

    *state = fx;
    fx->kind = DB_STATE;
    return (int)db_open(&fx->db, DB_STATE, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail);
}

static inline int setup_empty(void **state)
{
    *state = fixture_new();
    return 0;
}

static inline int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

/* The path of another file in the folder. */
static inline const char *beside(struct fixture *fx, const char *name)
{
    return arena_fmt(&fx->arena, "%s/%s", fx->dir, name);
}

static inline int64_t test_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Memory that forked processes share, zeroed. */
static inline void *shared_memory(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        die("mmap");
    return p;
}

/*
 * Runs `work` in `count` processes that begin together; true where all of them returned 0. An open
 * fx->db is closed meanwhile: SQLite's connections must not be carried over a fork.
 */
typedef int process_fn(struct fixture *fx, int number, void *arg);
static inline bool run_processes(struct fixture *fx, int count, process_fn *work, void *arg)
{
    bool was_open = fx->db != NULL, ok = true;
    pid_t pids[64];
    int gate[2], status;
    char c;

    db_close(fx->db);
    fx->db = NULL;
    if (count > 64 || pipe(gate) < 0)
        die("pipe");
    fflush(NULL);
    for (int i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(gate[1]);
            if (read(gate[0], &c, 1) != 0) /* returns when the parent closes its end */
                _exit(9);
            _exit(work(fx, i, arg));
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < count; i++) {
        if (waitpid(pids[i], &status, 0) != pids[i] || status != 0)
            ok = false;
    }
    if (was_open && db_open(&fx->db, fx->kind, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail) != OK)
        ok = false;
    return ok;
}

/* True where the log has `text`. */
static inline bool log_has(struct fixture *fx, const char *text)
{
    FILE *file = fopen(fx->out, "r");
    char line[2000];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file))
        found = strstr(line, text) != NULL;
    if (file)
        fclose(file);
    return found;
}

#endif
