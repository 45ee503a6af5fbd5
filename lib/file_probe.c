#include "lib/file_probe.h"

#include "lib/secure.h"

#include <unistd.h>

static const char text[] = FILE_PROBE_TEXT;

void file_probe_sha256(char sha[FILE_STORE_SHA + 1])
{
    unsigned char sum[SECURE_HASH];

    secure_sha256(sum, text, sizeof text - 1);
    secure_hex(sha, sum, sizeof sum);
}

static bool is_kept(const char *dir, const char *sha)
{
    int64_t size;
    int fd;

    if (file_store_open(dir, sha, &fd, &size, NULL))
        return false;
    close(fd);
    return true;
}

static enum err keep(const char *dir, const char *id, int fd, const char *sha, struct fail *f)
{
    int lock;
    enum err e;

    if (write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1)
        return fail(f, ERR_STORAGE_FULL, NULL);
    e = file_store_lock(dir, false, &lock, f);
    if (e)
        return e;
    e = file_store_keep(dir, id, fd, sha, f);
    close(lock);
    return e;
}

enum err file_probe_keep(const char *dir, struct fail *f)
{
    char sha[FILE_STORE_SHA + 1], id[FILE_STORE_ID + 1];
    int fd = -1;
    enum err e;

    file_probe_sha256(sha);
    if (is_kept(dir, sha))
        return OK;
    secure_random_hex(id, FILE_STORE_ID / 2);
    e = file_store_new(dir, id, &fd, f);
    if (e)
        return e;
    e = keep(dir, id, fd, sha, f);
    close(fd);
    file_store_let_go(dir, id);
    return e;
}
