#include "cgi-bin/siblings.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool siblings_is_private(const char *socket_path)
{
    static const char digits[] = "0123456789";
    const char *slash = strrchr(socket_path, '/'), *name = slash ? slash + 1 : socket_path;
    size_t pid = strspn(name, digits), number;

    if (pid == 0 || name[pid] != '.')
        return false;
    number = strspn(name + pid + 1, digits);
    return number > 0 && !name[pid + 1 + number];
}

static bool is_private(int listener)
{
    struct sockaddr_un at = {0};
    socklen_t len = sizeof at - 1;

    return getsockname(listener, (struct sockaddr *)&at, &len) == 0 && at.sun_family == AF_UNIX &&
           siblings_is_private(at.sun_path);
}

static int open_lock(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void siblings_init(struct siblings *s, int listener, const char *path)
{
    bool needed = is_private(listener);

    /* Two open files: a lock is one file's own. */
    *s = (struct siblings){.shared = needed ? open_lock(path) : -1,
                           .probe = needed ? open_lock(path) : -1};
}

void siblings_release(struct siblings *s)
{
    if (s->shared >= 0)
        close(s->shared);
    if (s->probe >= 0)
        close(s->probe);
    s->shared = s->probe = -1;
}

/* Waits at most for the moment that another one's probe takes. */
void siblings_set_idle(const struct siblings *s, bool idle)
{
    if (s->shared >= 0)
        flock(s->shared, idle ? LOCK_SH : LOCK_UN);
}

bool siblings_are_busy(const struct siblings *s)
{
    if (s->probe < 0 || flock(s->probe, LOCK_EX | LOCK_NB) != 0)
        return false;
    flock(s->probe, LOCK_UN);
    return true;
}
