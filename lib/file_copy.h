/* Kept files (file_store.h) as a backup has them: read whole, and copied to another such folder. */
#ifndef LIB_FILE_COPY_H
#define LIB_FILE_COPY_H

#include "lib/file_store.h"

struct file_copied {
    int64_t files, bytes; /* copied now */
    int64_t there;        /* before */
    int64_t broken;       /* not what their names say: left out */
};

/* Whether the file is what its name says. ERR_FILE_NOT_FOUND, ERR_INTERNAL. */
MUST_CHECK enum err file_is_whole(const char *dir, const char *sha, bool *out, struct fail *f);

/* Copies what `to` does not have; one that is taken away meanwhile is nobody's. `to` is made where
 * it is not there; what it has is left alone. */
MUST_CHECK enum err file_copy_all(const char *from, const char *to, struct file_copied *out,
                                  struct fail *f);

#endif
