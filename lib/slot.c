#include "lib/slot.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { SLOT_PATH_MAX = 4096 };

static int take(const char *beside, int64_t number)
{
    const char *slash = strrchr(beside, '/');
    int folder = slash ? (int)(slash + 1 - beside) : 0;
    char path[SLOT_PATH_MAX];
    int fd;

    snprintf(path, sizeof path, "%.*sslot.%lld", folder, beside, (long long)number);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int slot_take(const char *beside, int64_t count)
{
    int fd = -1;

    for (int64_t i = 0; fd < 0 && i < count; i++)
        fd = take(beside, i);
    return fd;
}

int64_t slot_count_free(const char *beside, int64_t count)
{
    int64_t found = 0;

    for (int64_t i = 0; i < count; i++) {
        int fd = take(beside, i);

        if (fd < 0)
            continue;
        found++;
        close(fd);
    }
    return found;
}
