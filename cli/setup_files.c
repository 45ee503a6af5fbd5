/* What setup writes and removes. */
#include "cli/setup.h"

#include "lib/write_all.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20, DEPTH_MAX = 16 };

static bool cannot(const char *what, const char *path)
{
    return setup_failed("Cannot %s %s: %s.", what, path, strerror(errno));
}

static bool put(struct setup *s, const char *path, const void *bytes, size_t len, mode_t mode)
{
    const char *fresh = arena_fmt(&s->a, "%s.outcry-new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && write_all(fd, bytes, len) && fchmod(fd, mode) == 0;

    if (fd >= 0)
        close(fd);
    if (ok && rename(fresh, path) == 0)
        return true;
    ok = cannot("write", path);
    unlink(fresh);
    return ok;
}

bool setup_write(struct setup *s, const char *path, const char *text, mode_t mode)
{
    return put(s, path, text, strlen(text), mode);
}

static bool read_into(const char *path, struct buf *out)
{
    char chunk[8192];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT || cannot("read", path);
    while ((n = read(fd, chunk, sizeof chunk)) > 0 && !out->overflow)
        buf_add(out, chunk, (size_t)n);
    close(fd);
    if (out->overflow)
        errno = EFBIG;
    return (n == 0 && !out->overflow) || cannot("read", path);
}

const char *setup_read(struct setup *s, const char *path)
{
    const char *text = NULL;
    struct buf b;

    buf_init(&b, TEXT_MAX);
    if (read_into(path, &b))
        text = arena_str(&s->a, buf_cstr(&b));
    buf_release(&b);
    return text;
}

/* As it was before we came, once. */
static bool keep_theirs(struct setup *s, const char *path, const char *text)
{
    const char *kept = arena_fmt(&s->a, "%s.before-outcry", path);

    return !*text || htaccess_has_block(text) || access(kept, F_OK) == 0 ||
           setup_write(s, kept, text, 0600);
}

bool setup_splice(struct setup *s, const char *path, const char *block, bool keep)
{
    const char *old = setup_read(s, path);
    mode_t mode = 0644;
    struct stat st;
    struct buf b;
    bool ok;

    if (!old)
        return false;
    if (stat(path, &st) == 0)
        mode = st.st_mode & 0777;
    buf_init(&b, TEXT_MAX);
    if (!htaccess_splice(&b, old, block))
        ok = setup_failed("In %s, the lines \"# BEGIN outcry\" and \"# END outcry\" are not one "
                          "pair. Mend or remove them.",
                          path);
    else if (strcmp(buf_cstr(&b), old) == 0)
        ok = true;
    else if (!b.len)
        ok = unlink(path) == 0 || cannot("remove", path);
    else
        ok = (!keep || keep_theirs(s, path, old)) && setup_write(s, path, buf_cstr(&b), mode);
    buf_release(&b);
    return ok;
}

bool setup_write_wrappers(struct setup *s, const char *dir, const char *conf)
{
    static const char *const names[] = {"chat", "api"};
    bool ok = true;

    for (size_t i = 0; ok && i < ARRAY_LEN(names); i++) {
        struct buf b;

        buf_init(&b, TEXT_MAX);
        htaccess_wrapper(&b, arena_fmt(&s->a, "%s/%s.fcgi", s->programs, names[i]), conf);
        ok = setup_write(s, arena_fmt(&s->a, "%s/%s%s", dir, names[i], s->means.extension),
                         buf_cstr(&b), 0755);
        buf_release(&b);
    }
    return ok;
}

/* Calls `each` with every name in `dir`. A folder that is not there is empty. */
static bool each_entry(struct setup *s, const char *dir, int depth, void *arg,
                       bool (*each)(struct setup *s, const char *dir, const char *name, int depth,
                                    void *arg))
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    bool ok = true;

    if (!d)
        return errno == ENOENT || cannot("read", dir);
    if (depth > DEPTH_MAX)
        ok = setup_failed("%s is too deep a folder.", dir);
    while (ok && (entry = readdir(d))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ok = each(s, dir, entry->d_name, depth, arg);
    }
    closedir(d);
    return ok;
}

static bool remove_entry(struct setup *s, const char *dir, const char *name, int depth, void *arg)
{
    const char *path = arena_fmt(&s->a, "%s/%s", dir, name);
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return each_entry(s, path, depth + 1, arg, remove_entry) &&
               (rmdir(path) == 0 || cannot("remove", path));
    return unlink(path) == 0 || errno == ENOENT || cannot("remove", path);
}

bool setup_remove(struct setup *s, const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return each_entry(s, path, 0, NULL, remove_entry) &&
               (rmdir(path) == 0 || cannot("remove", path));
    return unlink(path) == 0 || errno == ENOENT || cannot("remove", path);
}

static bool remove_trial(struct setup *s, const char *dir, const char *name, int depth, void *arg)
{
    (void)depth;
    (void)arg;
    return strncmp(name, SETUP_TRIAL, strlen(SETUP_TRIAL)) != 0 ||
           setup_remove(s, arena_fmt(&s->a, "%s/%s", dir, name));
}

bool setup_remove_trials(struct setup *s)
{
    return each_entry(s, s->dir, 0, NULL, remove_trial);
}

static bool copy_entry(struct setup *s, const char *dir, const char *name, int depth, void *arg)
{
    const char *from = arena_fmt(&s->a, "%s/%s", dir, name);
    const char *to = arena_fmt(&s->a, "%s/%s", (const char *)arg, name);
    struct stat st;
    struct buf b;
    bool ok;

    if (stat(from, &st) != 0)
        return cannot("read", from);
    if (S_ISDIR(st.st_mode))
        return (mkdir(to, 0755) == 0 || cannot("make", to)) && chmod(to, 0755) == 0 &&
               each_entry(s, from, depth + 1, (void *)(uintptr_t)to, copy_entry);
    if (!S_ISREG(st.st_mode) || name[0] == '.')
        return true;
    buf_init(&b, TEXT_MAX * 16);
    ok = read_into(from, &b) && put(s, to, b.len ? b.data : "", b.len, 0644);
    buf_release(&b);
    return ok;
}

/* A whole new folder, then one rename in the place of the old. */
bool setup_copy_static(struct setup *s, const char *to)
{
    const char *fresh = arena_fmt(&s->a, "%s.outcry-new", to);
    const char *old = arena_fmt(&s->a, "%s.outcry-old", to);
    const char *own = arena_fmt(&s->a, "%s/site", to);
    const char *own_new = arena_fmt(&s->a, "%s/site", fresh);

    if (!setup_remove(s, fresh) || !setup_remove(s, old))
        return false;
    if (mkdir(fresh, 0755) != 0 || chmod(fresh, 0755) != 0)
        return cannot("make", fresh);
    if (!each_entry(s, s->statics, 0, (void *)(uintptr_t)fresh, copy_entry))
        return false;
    if (rename(own, own_new) != 0 && errno != ENOENT)
        return cannot("keep", own);
    if ((mkdir(own_new, 0755) != 0 && errno != EEXIST) ||
        (rename(to, old) != 0 && errno != ENOENT) || rename(fresh, to) != 0)
        return cannot("replace", to);
    return setup_remove(s, old);
}
