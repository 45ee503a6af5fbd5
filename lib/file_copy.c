#include "lib/file_copy.h"

#include "lib/secure.h"
#include "lib/write_all.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 65536 };

/* To `out`, or nowhere (-1); the hash of all of it. */
static enum err pass(int in, int out, char sha[FILE_STORE_SHA + 1], struct fail *f)
{
    struct secure_hash *hash = secure_hash_begin();
    unsigned char sum[SECURE_HASH];
    char chunk[CHUNK];
    enum err e = OK;
    ssize_t n;

    while (!e && (n = read(in, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno != EINTR)
            e = fail(f, ERR_INTERNAL, "A file cannot be read: %s.", strerror(errno));
        if (n < 0)
            continue;
        secure_hash_add(hash, chunk, (size_t)n);
        if (out >= 0 && !write_all(out, chunk, (size_t)n))
            e = fail(f, ERR_STORAGE_FULL, "A file cannot be written: %s.", strerror(errno));
    }
    secure_hash_end(hash, sum);
    secure_hex(sha, sum, sizeof sum);
    return e;
}

enum err file_is_whole(const char *dir, const char *sha, bool *out, struct fail *f)
{
    char found[FILE_STORE_SHA + 1];
    int64_t size;
    int in;
    enum err e = file_store_open(dir, sha, &in, &size, f);

    if (e)
        return e;
    e = pass(in, -1, found, f);
    close(in);
    *out = !e && strcmp(found, sha) == 0;
    return e;
}

struct copying {
    const char *from, *to;
    struct file_copied *out;
};

static bool is_there(const char *dir, const struct file_store_entry *entry)
{
    int64_t size = -1;
    int fd;

    if (file_store_open(dir, entry->name, &fd, &size, NULL))
        return false;
    close(fd);
    return size == entry->size;
}

static enum err copy_bytes(struct copying *k, const struct file_store_entry *entry, int in,
                           const char *id, struct fail *f)
{
    char found[FILE_STORE_SHA + 1];
    int out = -1;
    enum err e = file_store_new(k->to, id, &out, f);

    if (e)
        return e;
    e = pass(in, out, found, f);
    if (!e && strcmp(found, entry->name) != 0) {
        k->out->broken++;
    } else if (!e) {
        e = file_store_keep(k->to, id, out, entry->name, f);
        k->out->files += !e;
        k->out->bytes += e ? 0 : entry->size;
    }
    close(out);
    return e;
}

static enum err copy_one(void *ctx, const struct file_store_entry *entry, struct fail *f)
{
    struct copying *k = ctx;
    char id[FILE_STORE_ID + 1];
    struct fail unheard;
    int64_t size;
    enum err e;
    int in;

    if (!entry->kept)
        return OK;
    if (is_there(k->to, entry)) {
        k->out->there++;
        return OK;
    }
    if (file_store_open(k->from, entry->name, &in, &size, &unheard))
        return OK;
    secure_random_hex(id, FILE_STORE_ID / 2);
    e = copy_bytes(k, entry, in, id, f);
    file_store_let_go(k->to, id);
    close(in);
    return e;
}

enum err file_copy_all(const char *from, const char *to, struct file_copied *out, struct fail *f)
{
    struct copying k = {from, to, out};

    *out = (struct file_copied){0};
    return file_store_walk(from, copy_one, &k, f);
}
