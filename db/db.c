/* Opening and closing: the file, the pragmas, the limits. */
#include "db/handle.h"
#include "lib/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * query_only comes last and apart. journal_size_limit cuts the file back when the WAL starts anew.
 * Automatic checkpoints would run outside the turnstile.
 */
static const char pragmas_common[] = "PRAGMA foreign_keys = ON;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON;"
                                     "PRAGMA secure_delete = ON;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA mmap_size = 0;"
                                     "PRAGMA wal_autocheckpoint = 0;"
                                     "PRAGMA journal_size_limit = 4194304;";
/* A commit of chat.db is on disk when it is acknowledged; state.db may be lost. */
static const char *const pragmas_of[] = {
    [DB_CHAT] = "PRAGMA synchronous = FULL;",
    [DB_STATE] = "PRAGMA synchronous = OFF;",
};

static const struct {
    int id, value;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 1000000},     {SQLITE_LIMIT_SQL_LENGTH, 100000},
    {SQLITE_LIMIT_COLUMN, 100},         {SQLITE_LIMIT_EXPR_DEPTH, 100},
    {SQLITE_LIMIT_COMPOUND_SELECT, 8},  {SQLITE_LIMIT_VDBE_OP, 25000},
    {SQLITE_LIMIT_FUNCTION_ARG, 16},    {SQLITE_LIMIT_ATTACHED, 1}, /* VACUUM needs one */
    {SQLITE_LIMIT_VARIABLE_NUMBER, 64}, {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 8},    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const struct {
    int option, value;
} options[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0},          {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
};

bool db_wal_works_on(long fs_type)
{
    /* A WAL needs memory that all processes share and locks that hold: not over a network. FUSE is
     * among them because sshfs and most cluster file systems come through it. */
    static const unsigned network[] = {
        0x6969 /* NFS */,        0x517b /* SMB */,        0xfe534d42 /* SMB2 */,
        0xff534d42 /* CIFS */,   0x01021997 /* 9p */,     0x65735546 /* FUSE */,
        0x5346414f /* AFS */,    0x73757245 /* Coda */,   0x00c36400 /* Ceph */,
        0x0bd00bd0 /* Lustre */, 0x47504653 /* GPFS */,   0x7461636f /* OCFS2 */,
        0x01161970 /* GFS2 */,   0x786f4256 /* vboxsf */, 0x564c /* NCP */,
    };

    for (size_t i = 0; i < ARRAY_LEN(network); i++) {
        if ((unsigned)fs_type == network[i])
            return false;
    }
    return true;
}

static int on_commit(void *arg, sqlite3 *sqlite, const char *name, int pages)
{
    struct db *db = arg;

    (void)sqlite;
    (void)name;
    db->wal_pages = pages;
    return SQLITE_OK;
}

/*
 * Finds or makes the file. Made by open() so that it (and the -wal and -shm that copy its mode) is
 * never readable by others; O_EXCL, because opening and closing a file that SQLite has open in this
 * process would drop its POSIX locks.
 */
static enum err find_file(struct db *db, const char *path, bool create, struct fail *f)
{
    struct statfs fs;
    struct stat st;
    int fd;

    if (create) {
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
        if (fd >= 0)
            close(fd);
        else if (errno != EEXIST)
            return fail(f, errno == ENOSPC ? ERR_STORAGE_FULL : ERR_INTERNAL,
                        "Cannot create the database %s: %s.", path, strerror(errno));
    }
    /* Two names of one file must not have two turnstiles. */
    db->path = realpath(path, NULL);
    if (!db->path && errno == ENOENT)
        return fail(f, ERR_INTERNAL, "There is no database at %s. Run `outcry init`.", path);
    if (!db->path || statfs(db->path, &fs) < 0 || stat(db->path, &st) < 0)
        return fail(f, ERR_INTERNAL, "Cannot open the database %s: %s.", path, strerror(errno));
    db->device = st.st_dev;
    db->inode = st.st_ino;
    db->wal = db_wal_works_on((long)fs.f_type);
    if (!db->wal)
        log_event(db->log, LOG_WARN, "no_wal", LOG_S("path", db->path),
                  LOG_S("reason", "network file system"));
    return OK;
}

static enum err open_error(struct db *db, const char *what, struct fail *f)
{
    int rc = sqlite3_extended_errcode(db->sqlite);
    enum err e = db_error(db, rc, what, f);

    if (e != ERR_INTERNAL)
        return e;
    return fail(f, e, "Cannot use the database %s: %s.", db->path, sqlite3_errmsg(db->sqlite));
}

/* One value of a pragma as text, "" where it has none. */
static enum err pragma_text(struct db *db, const char *text, char *out, size_t size, struct fail *f)
{
    sqlite3_stmt *stmt = NULL;
    const unsigned char *value;
    enum err e = OK;

    out[0] = '\0';
    if (sqlite3_prepare_v2(db->sqlite, text, -1, &stmt, NULL) != SQLITE_OK)
        return open_error(db, text, f);
    switch (sqlite3_step(stmt)) {
    case SQLITE_ROW:
        value = sqlite3_column_text(stmt, 0);
        sqlite3_snprintf((int)size, out, "%s", value ? (const char *)value : "");
        break;
    case SQLITE_DONE:
        break;
    default:
        e = open_error(db, text, f);
    }
    sqlite3_finalize(stmt);
    return e;
}

/* The mode is a property of the file, so this writes once in a file's life. */
static enum err set_journal_mode(struct db *db, struct fail *f)
{
    const char *wanted = db->wal ? "wal" : "delete";
    char mode[16];
    enum err e = pragma_text(db, "PRAGMA journal_mode", mode, sizeof mode, f);

    if (e || strcmp(mode, wanted) == 0)
        return e;
    if (db->wal) {
        e = turnstile_take(&db->turnstile, db->lock_timeout_ms, f);
        if (e)
            return e;
    }
    e = pragma_text(db, db->wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE",
                    mode, sizeof mode, f);
    if (db->wal)
        turnstile_leave(&db->turnstile);
    if (!e && strcmp(mode, wanted) != 0)
        e = fail(f, ERR_INTERNAL, "The database %s cannot be brought to journal mode %s (is %s).",
                 db->path, wanted, mode);
    return e;
}

static enum err configure(struct db *db, struct fail *f)
{
    char page_size[16];
    int64_t bytes;
    enum err e;

    sqlite3_extended_result_codes(db->sqlite, 1);
    sqlite3_busy_timeout(db->sqlite, (int)db->lock_timeout_ms);
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (sqlite3_db_config(db->sqlite, options[i].option, options[i].value, NULL) != SQLITE_OK)
            return open_error(db, "db_config", f);
    }
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        sqlite3_limit(db->sqlite, limits[i].id, limits[i].value);
    if (sqlite3_exec(db->sqlite, pragmas_common, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db->sqlite, pragmas_of[db->kind], NULL, NULL, NULL) != SQLITE_OK)
        return open_error(db, "pragmas", f);
    e = set_journal_mode(db, f);
    if (!e)
        e = pragma_text(db, "PRAGMA page_size", page_size, sizeof page_size, f);
    if (e)
        return e;
    if (!text_to_i64(page_size, strlen(page_size), 512, 65536, &bytes))
        return open_error(db, "page_size", f);
    db->page_size = (int)bytes;
    sqlite3_wal_hook(db->sqlite, on_commit, db);
    return OK;
}

/* Of the process; heeded before its first use of SQLite alone. Nobody asks how much is in use, and
 * counting it takes a lock at each malloc; pages are taken one by one, not twenty at the start. */
static void set_up_memory(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

/*
 * Readers, too, open with SQLITE_OPEN_READWRITE and are held by query_only: a handle opened
 * READONLY cannot make the -shm file or recover a WAL, and so could not read a database that nobody
 * else has open. Where the file may not be written, SQLite falls back to READONLY by itself.
 */
static enum err open_all(struct db *db, const char *path, bool create, struct fail *f)
{
    enum err e = find_file(db, path, create, f);

    if (!e && db->wal)
        e = turnstile_open(&db->turnstile, db->path, f);
    if (e)
        return e;
    set_up_memory();
    if (sqlite3_open_v2(db->path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return open_error(db, "open", f);
    return configure(db, f);
}

enum err db_open_file(struct db **out, enum db_kind kind, enum db_access access, bool create,
                      const struct conf *conf, const struct log *log, struct fail *f)
{
    struct db *db = xcalloc(1, sizeof *db);
    enum err e;

    db->kind = kind;
    db->access = access;
    db->log = log;
    db->conf = conf;
    db->lock_timeout_ms = conf->lock_timeout_ms;
    db->wal_max_bytes = conf->wal_max_bytes;
    db->turnstile.queue_fd = db->turnstile.write_fd = -1;
    db->witness.fd = -1;
    e = open_all(db, db_configured_path(db), create, f);
    if (e) {
        db_close(db);
        db = NULL;
    }
    *out = db;
    return e;
}

static enum err judge_schema(struct db *db, struct fail *f)
{
    int version = 0;
    enum db_access access = db->access;
    enum err e = migrate_judge(db, &version, f);

    if (e || version == migrate_newest(db->kind))
        return e;
    if (db->kind == DB_CHAT)
        return version == 0
                   ? fail(f, ERR_INTERNAL, "The database %s is empty. Run `outcry init`.", db->path)
                   : fail(f, ERR_INTERNAL,
                          "The database %s has schema %d and this program needs %d. Run `outcry "
                          "migrate`.",
                          db->path, version, migrate_newest(db->kind));
    db->access = DB_READ_WRITE;
    e = migrate_run(db, NULL, NULL, f);
    db->access = access;
    return e;
}

/* Damage that this meets is an alarm: what can still be read is served. */
static enum err meet_witness(struct db *db, struct fail *f)
{
    char path[4096];
    enum err e;

    if (!witness_path(path, sizeof path, db->conf->database))
        return fail(f, ERR_BAD_REQUEST, "The database's path is too long.");
    db->witness.path = xstrdup(path);
    e = witness_judge(db, f);
    return db->alarm[0] ? OK : e;
}

static enum err open_and_judge(struct db **out, enum db_kind kind, enum db_access access,
                               const struct conf *conf, const struct log *log, struct fail *f)
{
    enum err e = db_open_file(out, kind, access, kind == DB_STATE, conf, log, f);

    if (e)
        return e;
    e = judge_schema(*out, f);
    if (!e && kind == DB_CHAT)
        e = meet_witness(*out, f);
    if (!e && access == DB_READ_ONLY &&
        sqlite3_exec((*out)->sqlite, "PRAGMA query_only = ON", NULL, NULL, NULL) != SQLITE_OK)
        e = open_error(*out, "query_only", f);
    if (e) {
        db_close(*out);
        *out = NULL;
    }
    return e;
}

/* Once more where the file was replaced just while it was opened: what is open must be known. */
enum err db_open(struct db **out, enum db_kind kind, enum db_access access, const struct conf *conf,
                 const struct log *log, struct fail *f)
{
    enum err e = open_and_judge(out, kind, access, conf, log, f);

    if (e || db_is_current(*out))
        return e;
    db_close(*out);
    return open_and_judge(out, kind, access, conf, log, f);
}

void db_take_over(struct db *db, struct db *fresh)
{
    struct db old = *db;

    *db = *fresh;
    *fresh = old;
    sqlite3_wal_hook(db->sqlite, on_commit, db);
    if (fresh->sqlite)
        sqlite3_wal_hook(fresh->sqlite, on_commit, fresh);
    db_close(fresh);
}

static void forget_statements(struct db *db)
{
    for (size_t i = 0; i < db->statement_count; i++)
        sqlite3_finalize(db->statements[i].stmt);
    db->statement_count = 0;
}

void db_rest(struct db *db)
{
    assert(db->tx == TX_NONE);
    buckets_release(db);
    forget_statements(db);
    if (db->sqlite) /* not left already: a request may need one database and not the other */
        sqlite3_db_release_memory(db->sqlite);
}

static void close_file(struct db *db)
{
    tokens_release(db);
    buckets_release(db);
    forget_statements(db);
    sqlite3_close(db->sqlite);
    db->sqlite = NULL;
}

void db_leave(struct db *db)
{
    db_rest(db);
    if (!db->alarm[0])
        close_file(db);
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db_rollback(db);
    close_file(db);
    turnstile_close(&db->turnstile);
    witness_release(&db->witness);
    free(db->statements);
    free(db->path);
    free(db);
}
