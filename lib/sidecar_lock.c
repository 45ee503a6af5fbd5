#include "lib/sidecar_lock.h"

#include "lib/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int sidecar_lock_take(const char *path, struct fail *f)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        fail(f, ERR_INTERNAL, "Cannot open the lock %s: %s.", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno == EWOULDBLOCK)
        fail(f, ERR_BUSY, "Another sidecar runs already: it holds %s.", path);
    else
        fail(f, ERR_INTERNAL, "Cannot lock %s: %s.", path, strerror(errno));
    close(fd);
    return -1;
}

/* Locking again what is locked through the same open file succeeds. */
enum err sidecar_lock_inherit(int fd, const char *path, struct fail *f)
{
    struct stat ours, there;

    if (fstat(fd, &ours) != 0 || stat(path, &there) != 0 || ours.st_ino != there.st_ino ||
        ours.st_dev != there.st_dev)
        return fail(f, ERR_BAD_REQUEST, "File descriptor %d is not the lock %s.", fd, path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return fail(f, ERR_BUSY, "Another sidecar runs already: it holds %s.", path);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return fail(f, ERR_INTERNAL, "Cannot keep the lock %s: %s.", path, strerror(errno));
    return OK;
}

bool sidecar_lock_is_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;

    if (fd >= 0)
        close(fd);
    return held;
}

static const char starting[] = "starting\n";

/* A clock that was set counts as time that passed. */
enum sidecar_start sidecar_lock_last_start(const char *path)
{
    int64_t now_s = clock_wall_ms(&(struct clock){0}) / 1000, ago;
    char said[sizeof starting] = "";
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool known = fd >= 0 && fstat(fd, &st) == 0 && read(fd, said, sizeof said - 1) > 0;

    if (fd >= 0)
        close(fd);
    if (!known || strcmp(said, starting) != 0)
        return SIDECAR_STARTED;
    ago = now_s - (int64_t)st.st_mtime;
    return ago > -SIDECAR_RETRY_S && ago < SIDECAR_RETRY_S ? SIDECAR_STARTING : SIDECAR_NOT_STARTED;
}

/* Where it cannot be written, a start is tried again too early: no harm. */
static void say(int fd, const char *text)
{
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, strlen(text), 0) < 0)
        return;
}

void sidecar_lock_begin_start(int fd)
{
    say(fd, starting);
}

void sidecar_lock_serve(int fd)
{
    char pid[16];

    snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    say(fd, pid);
}

void sidecar_lock_let_go(int fd)
{
    say(fd, "");
    close(fd);
}
