/* A file without a name, for what is too long to be made in memory: gone when it is closed. */
#ifndef LIB_SCRATCH_FILE_H
#define LIB_SCRATCH_FILE_H

#include "lib/err.h"

/* On the disk that `neighbour` is on, beside it; for reading and writing. The caller closes it. */
MUST_CHECK enum err scratch_file(const char *neighbour, int *fd, struct fail *f);

#endif
