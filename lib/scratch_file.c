#include "lib/scratch_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES = 4200 };

enum err scratch_file(const char *neighbour, int *fd, struct fail *f)
{
    char path[PATH_BYTES];

    *fd = -1;
    if ((size_t)snprintf(path, sizeof path, "%s-scratch-XXXXXX", neighbour) >= sizeof path)
        return fail(f, ERR_BAD_REQUEST, "The path is too long.");
    *fd = mkostemp(path, O_CLOEXEC);
    if (*fd < 0)
        return fail_file(f, "make a file beside", neighbour);
    unlink(path);
    return OK;
}
