/* Hearing of writes without asking: what they go through is the -wal file. */
#include "db/handle.h"

#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int db_watch(const struct db *db)
{
    char wal[4096];
    int fd;

    snprintf(wal, sizeof wal, "%s-wal", db->path);
    fd = db->wal ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
    if (fd >= 0 && inotify_add_watch(fd, wal, IN_MODIFY) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Equal events that nobody has read are one, so this is short. */
bool db_watched(int watch)
{
    char events[1024];
    bool any = false;

    while (watch >= 0 && read(watch, events, sizeof events) > 0)
        any = true;
    return any;
}
