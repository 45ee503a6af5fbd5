#include "lib/local_peer.h"

#include <sys/socket.h>
#include <sys/stat.h>

/* NOBODY is also how a user namespace shows whomever it does not know (user_namespaces(7)), on
 * either side: two of those need not be the same. */
enum { GROUPS_MAX = 256, NOBODY = 65534 };

static bool is_in_group(int fd, const struct ucred *who, gid_t group)
{
    gid_t groups[GROUPS_MAX];
    socklen_t len = sizeof groups;

    if (group == NOBODY)
        return false;
    if (who->gid == group)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
        return false;
    for (size_t i = 0; i < len / sizeof *groups; i++)
        if (groups[i] == group)
            return true;
    return false;
}

bool local_peer_may_write(int fd, const char *path, uid_t *uid)
{
    struct ucred who;
    socklen_t len = sizeof who;
    struct stat st;

    *uid = (uid_t)-1;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
        return false;
    *uid = who.uid;
    if (stat(path, &st) < 0)
        return false;
    return who.uid == 0 || (who.uid == st.st_uid && who.uid != NOBODY && st.st_mode & S_IWUSR) ||
           (st.st_mode & S_IWGRP && is_in_group(fd, &who, st.st_gid)) || st.st_mode & S_IWOTH;
}
