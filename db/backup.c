#include "db/backup.h"
#include "db/handle.h"
#include "db/statements.h"
#include "lib/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_MODE = 0640 };

static const struct sql vacuum_into = {"backup.vacuum_into", "VACUUM INTO ?1", DB_CHAT, NULL};
static const struct sql integrity = {"backup.integrity", "PRAGMA integrity_check(1)", DB_CHAT,
                                     NULL};
static const struct sql foreign_keys = {"backup.foreign_keys", "PRAGMA foreign_key_check", DB_CHAT,
                                        NULL};
static const struct sql count_messages = {"backup.count_messages", "SELECT count(*) FROM message",
                                          DB_CHAT, "once in a copy's life; an index alone"};

const struct sql *const backup_statements[] = {
    &vacuum_into, &integrity, &foreign_keys, &count_messages, NULL,
};

/* What SQLite said, for a person: the map of errors alone hides which file is meant. */
static enum err sentence(struct db *db, enum err e, const char *doing, struct fail *f)
{
    return e == ERR_INTERNAL
               ? fail(f, e, "%s %.120s: %s.", doing, db->path, sqlite3_errmsg(db->sqlite))
               : e;
}

enum err backup_open(struct db **out, const char *path, const struct log *log, struct fail *f)
{
    struct db *db = xcalloc(1, sizeof *db);
    enum err e = OK;

    *out = NULL;
    db->kind = DB_CHAT;
    db->access = DB_READ_ONLY;
    db->log = log;
    db->turnstile.queue_fd = db->turnstile.write_fd = -1;
    db->path = realpath(path, NULL);
    if (!db->path) {
        e = fail_file(f, "read", path);
    } else if (sqlite3_open_v2(db->path, &db->sqlite, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                               NULL) != SQLITE_OK ||
               sqlite3_exec(db->sqlite,
                            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                            "PRAGMA mmap_size = 0; PRAGMA synchronous = FULL;",
                            NULL, NULL, NULL) != SQLITE_OK) {
        e = fail(f, ERR_INTERNAL, "Cannot read %.150s: %s.", path, sqlite3_errmsg(db->sqlite));
    }
    if (e) {
        db_close(db);
        return e;
    }
    sqlite3_extended_result_codes(db->sqlite, 1);
    *out = db;
    return OK;
}

enum err backup_integrity(struct db *db, struct fail *f)
{
    struct query q = query_begin_unchecked(db, &integrity);
    struct fail why;
    char said[160] = "nothing";
    enum err e;

    if (query_row(&q))
        sqlite3_snprintf((int)sizeof said, said, "%s", sqlite3_column_text(q.stmt, 0));
    e = query_end(&q, &why);
    if (e)
        return sentence(db, fail(f, e, "%s", why.message), "Damaged:", f);
    if (strcmp(said, "ok") != 0)
        return fail(f, ERR_INTERNAL, "Damaged: %.100s: %s.", db->path, said);
    q = query_begin_unchecked(db, &foreign_keys);
    if (query_row(&q))
        e = fail(f, ERR_INTERNAL,
                 "Damaged: %.100s: a row of %s refers to one of %s that is not there.", db->path,
                 (const char *)sqlite3_column_text(q.stmt, 0),
                 (const char *)sqlite3_column_text(q.stmt, 2));
    return query_end(&q, NULL) && !e ? fail(f, ERR_INTERNAL, "Damaged: %.100s.", db->path) : e;
}

enum err backup_check(struct db *copy, struct backup_report *out, struct fail *f)
{
    struct arena a;
    struct stat st;
    struct query q;
    const char *epoch = "";
    enum err e = migrate_judge(copy, &out->schema, f);

    if (!e && out->schema == 0)
        e = fail(f, ERR_INTERNAL, "There is no chat in %.150s.", copy->path);
    if (!e)
        e = backup_integrity(copy, f);
    if (e)
        return e;
    arena_init(&a);
    e = db_epoch(copy, &a, &epoch, f);
    snprintf(out->epoch, sizeof out->epoch, "%s", epoch);
    arena_release(&a);
    if (!e && !out->epoch[0])
        return fail(f, ERR_INTERNAL, "The database %.150s was never set up: it has no epoch.",
                    copy->path);
    q = query_begin(copy, &count_messages);
    out->messages = query_row(&q) ? query_i64(&q, 0) : 0;
    if (query_end(&q, f))
        return sentence(copy, ERR_INTERNAL, "Damaged:", f);
    out->bytes = stat(copy->path, &st) == 0 ? (int64_t)st.st_size : 0;
    return e;
}

/* The new file and the entry of its folder are on disk. */
static enum err sync_file(const char *path, struct fail *f)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err e = fd >= 0 && fsync(fd) == 0 ? OK : fail_file(f, "sync", path);

    if (fd >= 0)
        close(fd);
    return e;
}

/* VACUUM INTO takes a file that is empty: made here, so that nobody else can ever read it. */
static enum err make_empty(const char *path, struct fail *f)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, COPY_MODE);
    enum err e = fd >= 0 && fchmod(fd, COPY_MODE) == 0 ? OK : fail_file(f, "write", path);

    if (fd >= 0)
        close(fd);
    return e;
}

/* query_only, which holds back a handle opened for reading, also forbids to write elsewhere. */
static void set_query_only(struct db *db, bool on)
{
    sqlite3_exec(db->sqlite, on ? "PRAGMA query_only = ON" : "PRAGMA query_only = OFF", NULL, NULL,
                 NULL);
}

static enum err fill(struct db *db, const char *path, struct fail *f)
{
    struct query q;
    struct fail why;
    enum err e;

    set_query_only(db, false);
    q = query_begin_unchecked(db, &vacuum_into);
    query_bind_text(&q, 1, path);
    e = query_run(&q, &why);
    if (e)
        e = sentence(db, fail(f, e, "%s", why.message), "Cannot copy", f);
    set_query_only(db, db->access == DB_READ_ONLY);
    return e ? e : sync_file(path, f);
}

static enum err check_copy(struct db *db, const char *path, struct backup_report *out,
                           struct fail *f)
{
    struct arena a;
    struct db *copy;
    const char *epoch;
    enum err e = backup_open(&copy, path, db->log, f);

    if (e)
        return e;
    e = backup_check(copy, out, f);
    db_close(copy);
    if (e)
        return e;
    arena_init(&a);
    e = db_epoch(db, &a, &epoch, f);
    if (!e && strcmp(epoch, out->epoch) != 0)
        e = fail(f, ERR_BUSY, "The database was restored meanwhile; the copy was thrown away.");
    arena_release(&a);
    return e;
}

enum err backup_make(struct db *db, const char *target, struct backup_report *out, struct fail *f)
{
    char part[4096];
    enum err e;

    *out = (struct backup_report){0};
    if ((size_t)snprintf(part, sizeof part, "%s.part-%ld", target, (long)getpid()) >= sizeof part)
        return fail(f, ERR_BAD_REQUEST, "The path is too long.");
    if (access(target, F_OK) == 0)
        return fail(f, ERR_BAD_REQUEST, "%.150s exists; nothing was written.", target);
    e = make_empty(part, f);
    if (e)
        return e;
    e = fill(db, part, f);
    if (!e)
        e = check_copy(db, part, out, f);
    /* link() never replaces what came to stand there meanwhile. */
    if (!e && link(part, target) != 0)
        e = errno == EEXIST
                ? fail(f, ERR_BAD_REQUEST, "%.150s exists; nothing was written.", target)
                : fail_file(f, "write", target);
    unlink(part);
    return e || folder_sync_of(target) ? e : fail_file(f, "sync the folder of", target);
}
