#include "chat/file_check.h"

#include "chat/upload.h"
#include "lib/clock.h"
#include "lib/file_copy.h"

#include <string.h>
#include <unistd.h>

struct checking {
    struct db *db;
    const char *dir;
    bool whole;
    int64_t before_ms;
    struct file_check *out;
};

static void note(struct file_check *out, int64_t *count, const char *sha)
{
    if (!out->missing && !out->broken)
        memcpy(out->first, sha, strlen(sha) + 1);
    (*count)++;
}

/* A row that went away between the two looks takes its file along. */
static enum err check_missing(struct checking *k, const char *sha, struct fail *f)
{
    bool has = false;
    enum err e = attachment_has(k->db, sha, &has, f);

    if (!e && has)
        note(k->out, &k->out->missing, sha);
    return e;
}

static enum err check_named(struct checking *k, const char *sha, struct fail *f)
{
    bool whole = true;
    int64_t size;
    enum err e;
    int fd;

    k->out->named++;
    e = file_store_open(k->dir, sha, &fd, &size, f);
    if (e == ERR_FILE_NOT_FOUND)
        return check_missing(k, sha, f);
    if (e)
        return e;
    close(fd);
    e = k->whole ? file_is_whole(k->dir, sha, &whole, f) : OK;
    if (!e && !whole)
        note(k->out, &k->out->broken, sha);
    return e;
}

static enum err check_all_named(struct checking *k, bool thumbs, struct fail *f)
{
    char sha[FILE_STORE_SHA + 1] = "";
    const char *next = "";
    enum err e = OK;
    struct arena a;

    arena_init(&a);
    while (!e && next) {
        e = attachment_next_blob(k->db, &a, thumbs, sha, &next, f);
        if (e || !next)
            break;
        memcpy(sha, next, sizeof sha);
        arena_clear(&a);
        e = check_named(k, sha, f);
    }
    arena_release(&a);
    return e;
}

static enum err check_kept(void *ctx, const struct file_store_entry *entry, struct fail *f)
{
    struct checking *k = ctx;
    bool has = true;
    enum err e;

    if (!entry->kept || entry->changed_ms >= k->before_ms)
        return OK;
    e = attachment_has(k->db, entry->name, &has, f);
    if (!e && !has) {
        k->out->orphans++;
        k->out->orphan_bytes += entry->size;
    }
    return e;
}

enum err file_check(struct db *db, const char *dir, bool whole, struct file_check *out,
                    struct fail *f)
{
    struct clock clock = {0};
    struct checking k = {db, dir, whole, clock_wall_ms(&clock) - UPLOAD_KEPT_MS, out};
    enum err e;

    *out = (struct file_check){0};
    e = check_all_named(&k, false, f);
    if (!e)
        e = check_all_named(&k, true, f);
    return e ? e : file_store_walk(dir, check_kept, &k, f);
}
