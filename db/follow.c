/* The file that is open, and the one that stands in its place now. */
#include "db/handle.h"

#include <assert.h>
#include <sys/stat.h>

enum { RETRY_MS = 1000 };

const char *db_configured_path(const struct db *db)
{
    return db->kind == DB_CHAT ? db->conf->database : db->conf->state_database;
}

bool db_is_current(const struct db *db)
{
    struct stat st;

    return !db->conf || (stat(db_configured_path(db), &st) == 0 && st.st_ino == db->inode &&
                         st.st_dev == db->device);
}

uint64_t db_file(const struct db *db)
{
    return (uint64_t)db->inode ^ ((uint64_t)db->device << 48);
}

enum err db_follow(struct db *db, bool *moved, struct fail *f)
{
    uint64_t before = db_file(db);
    struct db *fresh;
    struct fail why = {0};

    assert(db->tx == TX_NONE);
    *moved = false;
    if (db->sqlite && db_is_current(db))
        return OK;
    if (db_open(&fresh, db->kind, db->access, db->conf, db->log, &why)) {
        log_event(db->log, LOG_ERROR, "database_not_followed",
                  LOG_S("path", db_configured_path(db)), LOG_S("why", why.message));
        return fail_later(f, ERR_BUSY, RETRY_MS, "The storage is being replaced; try again soon.");
    }
    db_take_over(db, fresh);
    *moved = db_file(db) != before;
    if (*moved)
        log_event(db->log, LOG_WARN, "database_followed", LOG_S("path", db->path));
    return OK;
}

enum err db_return(struct db *db, struct fail *f)
{
    bool moved;

    return db->sqlite ? OK : db_follow(db, &moved, f);
}
