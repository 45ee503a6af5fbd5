#include "lib/file_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0770, FILE_MODE = 0660 }; /* and the umask (lib/folder.h) */

static bool is_hex(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!s[i] || !strchr("0123456789abcdef", s[i]))
            return false;
    return true;
}

bool file_store_is_id(const char *id, size_t len)
{
    return len == FILE_STORE_ID && is_hex(id, len);
}

static enum err refuse(struct fail *f, const char *path)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return fail(f, ERR_STORAGE_FULL, NULL);
    return fail(f, ERR_INTERNAL, "Cannot write %.120s: %s.", path, strerror(errno));
}

static bool make_folder(const char *path)
{
    return mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST;
}

static bool format(char path[FILE_STORE_PATH], const char *dir, const char *rest, const char *id,
                   const char *end)
{
    return snprintf(path, FILE_STORE_PATH, "%s/%s%s%s", dir, rest, id, end) < FILE_STORE_PATH;
}

static bool sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

/* ----- parts ----- */

static enum err open_part_file(const char *dir, const char *id, const char *end, int flags, int *fd,
                               struct fail *f)
{
    char path[FILE_STORE_PATH], folder[FILE_STORE_PATH];

    *fd = -1;
    if (!format(path, dir, "parts/", id, end) || !format(folder, dir, "parts", "", ""))
        return fail(f, ERR_INTERNAL, "files_dir is too long a path.");
    *fd = open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (*fd < 0 && errno == ENOENT && (flags & O_CREAT) && make_folder(dir) && make_folder(folder))
        *fd = open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (*fd < 0 && (errno != ENOENT || (flags & O_CREAT)))
        return refuse(f, path);
    return OK;
}

enum err file_store_open_part(const char *dir, const char *id, bool create, int *fd, struct fail *f)
{
    enum err e = open_part_file(dir, id, "", create ? O_CREAT : 0, fd, f);

    if (e || *fd < 0 || flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return e;
    close(*fd);
    *fd = -1;
    return fail_later(f, ERR_BUSY, 1000, "Another part of this file is being written.");
}

enum err file_store_new(const char *dir, const char *id, int *fd, struct fail *f)
{
    return open_part_file(dir, id, ".new", O_CREAT | O_TRUNC, fd, f);
}

void file_store_let_go(const char *dir, const char *id)
{
    static const char *const ends[] = {"", ".new"};
    char path[FILE_STORE_PATH];

    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (format(path, dir, "parts/", id, ends[i]))
            unlink(path);
}

/* ----- what is kept ----- */

enum err file_store_lock(const char *dir, bool exclusive, int *fd, struct fail *f)
{
    char path[FILE_STORE_PATH];

    if (!format(path, dir, "lock", "", ""))
        return fail(f, ERR_INTERNAL, "files_dir is too long a path.");
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (*fd < 0)
        return refuse(f, path);
    while (flock(*fd, exclusive ? LOCK_EX : LOCK_SH) != 0) {
        if (errno == EINTR)
            continue;
        close(*fd);
        return refuse(f, path);
    }
    return OK;
}

static bool is_sha(const char *sha)
{
    return strlen(sha) == FILE_STORE_SHA && is_hex(sha, FILE_STORE_SHA);
}

bool file_store_place(char place[FILE_STORE_PLACE], const char *sha)
{
    return is_sha(sha) &&
           snprintf(place, FILE_STORE_PLACE, "%.2s/%.2s/%s", sha, sha + 2, sha) < FILE_STORE_PLACE;
}

/* "…/ab", "…/ab/cd" and "…/ab/cd/abcd…". */
static bool format_kept(char outer[FILE_STORE_PATH], char inner[FILE_STORE_PATH],
                        char path[FILE_STORE_PATH], const char *dir, const char *sha)
{
    return is_sha(sha) && snprintf(outer, FILE_STORE_PATH, "%s/%.2s", dir, sha) < FILE_STORE_PATH &&
           snprintf(inner, FILE_STORE_PATH, "%s/%.2s", outer, sha + 2) < FILE_STORE_PATH &&
           snprintf(path, FILE_STORE_PATH, "%s/%s", inner, sha) < FILE_STORE_PATH;
}

enum err file_store_keep(const char *dir, const char *id, int fd, const char *sha, struct fail *f)
{
    char outer[FILE_STORE_PATH], inner[FILE_STORE_PATH], path[FILE_STORE_PATH];
    char from[FILE_STORE_PATH];

    if (!format_kept(outer, inner, path, dir, sha) || !format(from, dir, "parts/", id, ".new"))
        return fail(f, ERR_INTERNAL, "files_dir is too long a path.");
    if (fsync(fd) != 0 || !make_folder(outer) || !make_folder(inner) || rename(from, path) != 0 ||
        !sync_folder(inner) || !sync_folder(outer) || !sync_folder(dir))
        return refuse(f, path);
    return OK;
}

enum err file_store_open(const char *dir, const char *sha, int *fd, int64_t *size, struct fail *f)
{
    char outer[FILE_STORE_PATH], inner[FILE_STORE_PATH], path[FILE_STORE_PATH];
    struct stat st;

    *fd = -1;
    if (format_kept(outer, inner, path, dir, sha))
        *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return fail(f, ERR_FILE_NOT_FOUND, NULL);
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(*fd);
        *fd = -1;
        return fail(f, ERR_FILE_NOT_FOUND, NULL);
    }
    *size = st.st_size;
    return OK;
}

/* ----- all of them ----- */

struct walk {
    const char *dir;
    file_store_fn *each;
    void *ctx;
    struct fail *fail;
};

/* The file `name` below `dir`/`below`, where it is one of ours. */
static enum err tell(const struct walk *w, const char *below, const char *name, bool kept)
{
    char path[FILE_STORE_PATH];
    struct file_store_entry entry = {.name = name, .kept = kept};
    struct stat st;

    if (snprintf(path, sizeof path, "%s/%s/%s", w->dir, below, name) >= FILE_STORE_PATH ||
        lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return OK;
    entry.size = st.st_size;
    entry.changed_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    return w->each(w->ctx, &entry, w->fail);
}

typedef enum err visit_fn(const struct walk *w, const char *below, const char *name);

/* Calls `visit` for what is in `dir`/`below`. */
static enum err list(const struct walk *w, const char *below, visit_fn *visit)
{
    char path[FILE_STORE_PATH];
    DIR *d = format(path, w->dir, below, "", "") ? opendir(path) : NULL;
    struct dirent *entry;
    enum err e = OK;

    if (!d)
        return errno == ENOENT || errno == ENOTDIR
                   ? OK
                   : fail(w->fail, ERR_INTERNAL, "Cannot read %.120s: %s.", path, strerror(errno));
    while (!e && (entry = readdir(d)))
        if (entry->d_name[0] != '.')
            e = visit(w, below, entry->d_name);
    closedir(d);
    return e;
}

static enum err visit_part(const struct walk *w, const char *below, const char *name)
{
    return strlen(name) >= FILE_STORE_ID && is_hex(name, FILE_STORE_ID)
               ? tell(w, below, name, false)
               : OK;
}

static enum err visit_kept(const struct walk *w, const char *below, const char *name)
{
    return is_sha(name) ? tell(w, below, name, true) : OK;
}

static enum err visit_inner(const struct walk *w, const char *below, const char *name)
{
    char inner[8];

    if (strlen(name) != 2 || !is_hex(name, 2))
        return OK;
    snprintf(inner, sizeof inner, "%.2s/%.2s", below, name);
    return list(w, inner, visit_kept);
}

static enum err visit_outer(const struct walk *w, const char *below, const char *name)
{
    (void)below;
    if (strcmp(name, "parts") == 0)
        return list(w, name, visit_part);
    return strlen(name) == 2 && is_hex(name, 2) ? list(w, name, visit_inner) : OK;
}

enum err file_store_walk(const char *dir, file_store_fn *each, void *ctx, struct fail *f)
{
    const struct walk w = {dir, each, ctx, f};

    return list(&w, ".", visit_outer);
}

void file_store_remove(const char *dir, const struct file_store_entry *entry)
{
    char outer[FILE_STORE_PATH], inner[FILE_STORE_PATH], path[FILE_STORE_PATH];

    if (entry->kept ? format_kept(outer, inner, path, dir, entry->name)
                    : format(path, dir, "parts/", entry->name, ""))
        unlink(path);
}
