#include "db/restore.h"
#include "db/handle.h"
#include "db/statements.h"
#include "db/verify.h"
#include "lib/folder.h"
#include "lib/secure.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STAMP = 40, EPOCH_BYTES = 16, LOCK_MS = 30000 };

static const struct sql drop_presence = {"restore.drop_presence", "DELETE FROM presence", DB_STATE,
                                         NULL};
static const struct sql drop_tickets = {"restore.drop_tickets", "DELETE FROM ws_ticket", DB_STATE,
                                        NULL};

const struct sql *const restore_statements[] = {&drop_presence, &drop_tickets, NULL};

struct restoring {
    const struct conf *conf;
    const struct log *log;
    const char *source;
    const struct restore_mend *mend;
    char stamp[STAMP];
    struct restore_report *out;
};

/* What lies beside a database, named after it. */
static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-queue", "-write"};

static bool join(char *out, size_t size, const char *a, const char *b)
{
    return (size_t)snprintf(out, size, "%s%s", a, b) < size;
}

static void remove_database(const char *path)
{
    char file[4200];

    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (join(file, sizeof file, path, suffixes[i]))
            unlink(file);
    }
}

/* "20261122-091500-3f2a9c01": tells when, and is nobody else's. */
static void make_stamp(char out[STAMP])
{
    time_t now = time(NULL);
    struct tm tm;
    char random[9];
    size_t len;

    gmtime_r(&now, &tm);
    secure_random_hex(random, 4);
    len = strftime(out, STAMP, "%Y%m%d-%H%M%S-", &tm);
    snprintf(out + len, STAMP - len, "%s", random);
}

/* ----- the new database, beside the old one ----- */

/* It gets the mode that the replaced one has, so that whoever could open that can open this. */
static enum err take_mode(const struct conf *conf, const char *file, struct fail *f)
{
    struct stat st;

    if (stat(conf->database, &st) != 0)
        return OK;
    return chmod(file, st.st_mode & 0777) == 0 ? OK : fail_file(f, "set the mode of", file);
}

static enum err begin_history(struct db *db, struct restore_report *out, struct fail *f)
{
    enum err e = migrate_run(db, NULL, &out->schema, f);

    if (!e)
        e = db_begin_write(db, f);
    if (e)
        return e;
    secure_random_hex(out->epoch, EPOCH_BYTES);
    e = db_set_epoch(db, out->epoch, f);
    if (!e)
        return db_commit(db, f);
    db_rollback(db);
    return e;
}

struct found {
    const char *file;
    struct fail *f;
};

static void keep_first(void *ctx, const struct verify_room *r)
{
    struct found *found = ctx;

    if (r->problem[0] && !found->f->err)
        fail(found->f, ERR_INTERNAL, "Damaged: %.80s: room %s: %s", found->file, r->slug,
             r->problem);
}

static enum err check_logs(struct db *db, const char *source, struct fail *f)
{
    struct found found = {source, f};
    struct verify_total total;
    enum err e = verify_database(db, keep_first, &found, &total, f);

    return e ? e : total.problems ? ERR_INTERNAL : OK;
}

static enum err mend(const struct restoring *r, struct db *db, struct fail *f)
{
    enum err e = r->mend ? r->mend->run(r->mend->ctx, db, f) : OK;

    return e ? e : db_checkpoint_all(db, f);
}

static enum err prepare(const struct restoring *r, bool first, struct fail *f)
{
    struct conf beside = *r->conf;
    struct db *db;
    enum err e;

    beside.database = r->out->file;
    e = db_open_file(&db, DB_CHAT, DB_READ_WRITE, false, &beside, r->log, f);
    if (e)
        return e;
    if (first)
        e = begin_history(db, r->out, f);
    if (!e && first)
        e = check_logs(db, r->source, f);
    if (!e)
        e = mend(r, db, f);
    db_close(db);
    return e;
}

static enum err make(const struct restoring *r, struct fail *f)
{
    struct backup_report copied;
    struct db *from;
    enum err e = backup_open(&from, r->source, r->log, f);

    if (e)
        return e;
    e = backup_check(from, &r->out->source, f);
    if (!e)
        e = backup_make(from, r->out->file, &copied, f);
    db_close(from);
    if (!e)
        e = take_mode(r->conf, r->out->file, f);
    return e ? e : prepare(r, true, f);
}

/* ----- into its place ----- */

/* A second name for what stands there; that a WAL or journal is missing is no error. */
static enum err keep(const char *path, struct restore_report *out, struct fail *f)
{
    static const char *const whole[] = {"-wal", "-journal", ""};
    char from[4200], to[4200];

    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        if (!join(from, sizeof from, path, whole[i]) || !join(to, sizeof to, out->kept, whole[i]))
            return fail(f, ERR_BAD_REQUEST, "The database's path is too long.");
        if (link(from, to) != 0 && (errno != ENOENT || !whole[i][0]))
            return fail_file(f, "keep", from);
    }
    return OK;
}

/* Names the replaced database: a file gets a second name, the target of a link has its own. */
static enum err find_replaced(const struct conf *conf, const char *stamp, bool *is_file,
                              struct restore_report *out, struct fail *f)
{
    struct stat st;
    char *real;

    out->kept[0] = '\0';
    *is_file = false;
    if (lstat(conf->database, &st) != 0)
        return errno == ENOENT ? OK : fail_file(f, "look at", conf->database);
    *is_file = !S_ISLNK(st.st_mode);
    if (*is_file) {
        if ((size_t)snprintf(out->kept, sizeof out->kept, "%s.replaced-%s", conf->database,
                             stamp) >= sizeof out->kept)
            return fail(f, ERR_BAD_REQUEST, "The database's path is too long.");
        return keep(conf->database, out, f);
    }
    real = realpath(conf->database, NULL);
    if (real)
        snprintf(out->kept, sizeof out->kept, "%s", real);
    free(real);
    return OK;
}

static enum err rename_link(const struct conf *conf, struct restore_report *out, struct fail *f)
{
    char link_path[4200], *name = xstrdup(out->file);
    enum err e = OK;

    snprintf(link_path, sizeof link_path, "%s.link", out->file);
    if (symlink(basename(name), link_path) != 0 || rename(link_path, conf->database) != 0)
        e = fail_file(f, "put in place", conf->database);
    else if (!folder_sync_of(conf->database))
        e = fail_file(f, "sync the folder of", conf->database);
    unlink(link_path);
    free(name);
    return e;
}

/* Under the replaced database's turnstile: no writer is in it now, and none begins on it later. */
static enum err swap(const struct restoring *r, struct fail *f)
{
    const struct conf *conf = r->conf;
    char file[4200];
    bool is_file;
    enum err e = find_replaced(conf, r->stamp, &is_file, r->out, f);

    /* It knows the old history. The first commit in the new one makes another. */
    if (!e && witness_path(file, sizeof file, conf->database))
        unlink(file);
    if (!e)
        e = rename_link(conf, r->out, f);
    if (e)
        return e;
    for (size_t i = 1; is_file && i <= 3; i++) { /* they have their second names */
        if (join(file, sizeof file, conf->database, suffixes[i]))
            unlink(file);
    }
    return OK;
}

static enum err swap_locked(const struct restoring *r, struct fail *f)
{
    char *real = realpath(r->conf->database, NULL);
    struct turnstile t;
    enum err e;

    if (!real) /* there is none, or a link to nothing: nobody writes */
        return swap(r, f);
    e = turnstile_open(&t, real, f);
    free(real);
    if (e)
        return e;
    e = turnstile_take(&t, LOCK_MS, f);
    if (!e) {
        e = r->mend ? prepare(r, false, f) : OK;
        if (!e)
            e = swap(r, f);
        turnstile_leave(&t);
    }
    turnstile_close(&t);
    return e;
}

/* ----- what knew the old history ----- */

static enum err drop_all(struct db *state, struct fail *f)
{
    struct query q;
    enum err e = db_begin_write(state, f);

    if (e)
        return e;
    q = query_begin(state, &drop_presence);
    e = query_run(&q, f);
    if (!e) {
        q = query_begin(state, &drop_tickets);
        e = query_run(&q, f);
    }
    return db_finish_own(state, true, e, f);
}

/* The database is in place already: what fails here is logged, rows expire by themselves. */
static void forget_people(const struct conf *conf, const struct log *log)
{
    struct db *state;
    struct fail f = {0};

    if (db_open(&state, DB_STATE, DB_READ_WRITE, conf, log, &f) == OK) {
        if (drop_all(state, &f))
            log_event(log, LOG_ERROR, "state_not_cleared", LOG_S("why", f.message));
        db_close(state);
    } else {
        log_event(log, LOG_ERROR, "state_not_cleared", LOG_S("why", f.message));
    }
}

enum err restore_run(const struct conf *conf, const struct log *log, const char *source,
                     const struct restore_mend *mend, struct restore_report *out, struct fail *f)
{
    struct restoring r = {conf, log, source, mend, .out = out};
    enum err e;

    *out = (struct restore_report){0};
    make_stamp(r.stamp);
    if ((size_t)snprintf(out->file, sizeof out->file, "%s.%s", conf->database, r.stamp) >=
        sizeof out->file - STAMP)
        return fail(f, ERR_BAD_REQUEST, "The database's path is too long.");
    e = make(&r, f);
    if (!e)
        e = swap_locked(&r, f);
    if (e)
        remove_database(out->file);
    else
        forget_people(conf, log);
    return e;
}
