/*
 * The folder of people's files: parts/ID while one is being sent, ab/cd/SHA256 of what is kept. The
 * names are ours, hex digits alone. What is kept is never changed; the same bytes sent twice are
 * one file.
 */
#ifndef LIB_FILE_STORE_H
#define LIB_FILE_STORE_H

#include "lib/err.h"

enum {
    FILE_STORE_ID = 32,  /* hex digits of a part's id */
    FILE_STORE_SHA = 64, /* of a kept file's name */
    FILE_STORE_PLACE = FILE_STORE_SHA + 7,
    FILE_STORE_PATH = 4096
};

bool file_store_is_id(const char *id, size_t len);

/*
 * The part, opened for reading and writing and locked: one writer at a time, another gets ERR_BUSY.
 * `create`: made where it is not there, else *fd is -1 then. The caller closes it.
 */
MUST_CHECK enum err file_store_open_part(const char *dir, const char *id, bool create, int *fd,
                                         struct fail *f);
/* A new empty file beside the part, to be kept or let go of. */
MUST_CHECK enum err file_store_new(const char *dir, const char *id, int *fd, struct fail *f);
/* Both of them, where they are there. */
void file_store_let_go(const char *dir, const char *id);

/* Held while files are given names that no row has yet (shared), or taken away because no row has
 * theirs (exclusive). The caller closes it. */
MUST_CHECK enum err file_store_lock(const char *dir, bool exclusive, int *fd, struct fail *f);
/* What file_store_new() made gets its name, and is on disk under it. */
MUST_CHECK enum err file_store_keep(const char *dir, const char *id, int fd, const char *sha,
                                    struct fail *f);
/* "ab/cd/abcd…": where a kept file lies below the folder. False where `sha` names none. */
MUST_CHECK bool file_store_place(char place[FILE_STORE_PLACE], const char *sha);
/* ERR_FILE_NOT_FOUND. The caller closes it. */
MUST_CHECK enum err file_store_open(const char *dir, const char *sha, int *fd, int64_t *size,
                                    struct fail *f);

/* One file of the folder: a kept one by its SHA-256, or a part or what
 * was left of it by its name. */
struct file_store_entry {
    const char *name;
    bool kept;
    int64_t size, changed_ms;
};
typedef enum err file_store_fn(void *ctx, const struct file_store_entry *entry, struct fail *f);

/* Calls `each` for all of them; a folder that is not there is an empty one. `each` may take away
 * what it is told of. Its error ends the walk. */
MUST_CHECK enum err file_store_walk(const char *dir, file_store_fn *each, void *ctx,
                                    struct fail *f);
/* One that file_store_walk() told of. */
void file_store_remove(const char *dir, const struct file_store_entry *entry);

#endif
