#include "lib/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mode after the owner: chown() takes the set-group-id bit away. */
static bool make(const char *dir, mode_t mode, uid_t uid, gid_t gid)
{
    if (mkdir(dir, mode & 0700) != 0)
        return errno == EEXIST;
    return ((uid == (uid_t)-1 && gid == (gid_t)-1) || chown(dir, uid, gid) == 0) &&
           chmod(dir, mode) == 0;
}

bool folder_make_for(const char *file, mode_t mode, uid_t uid, gid_t gid)
{
    char *copy = xstrdup(file);
    char *dir = dirname(copy);
    bool ok = true;

    for (char *p = dir + 1; ok && dir[0] && *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        ok = mkdir(dir, 0755) == 0 || errno == EEXIST;
        *p = '/';
    }
    ok = ok && make(dir, mode, uid, gid);
    free(copy);
    return ok;
}

void folder_set_umask(const char *file)
{
    char *copy = xstrdup(file);
    mode_t old = umask(0077);
    struct stat st;

    if (stat(dirname(copy), &st) == 0 && (st.st_mode & S_IWGRP))
        old = 0;
    umask(old | 0007);
    free(copy);
}

bool folder_sync_of(const char *file)
{
    char *copy = xstrdup(file);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    free(copy);
    return ok;
}
