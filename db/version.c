/*
 * Whether anything was committed, without asking SQLite: that takes a lock and gives it back. The
 * first thing in the shared memory of a WAL is two copies of a header that every commit changes (a
 * counter, the last frame's number and checksum), see https://www.sqlite.org/walformat.html; SQLite
 * itself begins each read by comparing them with what it saw last.
 */
#include "db/handle.h"

#include <string.h>

enum { INDEX_PART = 32768, IS_SET_UP = 12 /* this byte */ };

/* False where there is no such memory, or somebody is writing there. */
static bool read_index(const struct db *db, unsigned char out[DB_MARK_INDEX])
{
    volatile void *part = NULL;
    sqlite3_file *file = NULL;

    if (!db->wal ||
        sqlite3_file_control(db->sqlite, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file->pMethods || file->pMethods->iVersion < 2 ||
        file->pMethods->xShmMap(file, 0, INDEX_PART, 0, &part) != SQLITE_OK || !part)
        return false;
    memcpy(out, (const void *)part, DB_MARK_INDEX);
    file->pMethods->xShmBarrier(file); /* the second is written first */
    return memcmp(out, (const char *)part + DB_MARK_INDEX, DB_MARK_INDEX) == 0 && out[IS_SET_UP];
}

struct db_mark db_mark(struct db *db)
{
    struct db_mark m = {.file = db_file(db), .own = db->commits};

    if (read_index(db, m.index))
        m.version = 1;
    else
        m.version = db_data_version(db);
    return m;
}

bool db_mark_equal(const struct db_mark *a, const struct db_mark *b)
{
    return a->version && a->file == b->file && a->version == b->version && a->own == b->own &&
           memcmp(a->index, b->index, sizeof a->index) == 0;
}
