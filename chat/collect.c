#include "chat/collect.h"

#include "chat/upload.h"
#include "lib/file_store.h"

#include <unistd.h>

struct collecting {
    struct chat *chat;
    bool dry;
    int64_t before_ms;
    struct collected *out;
    struct arena arena;
    bool found; /* by the last step */
};

/* One upload a step, so that writers wait for none. */
static enum err drop_one(struct chat *c, void *arg, struct fail *f)
{
    struct collecting *k = arg;
    struct attachment row;
    enum err e = attachment_next_stale(c->db, &k->arena, k->before_ms, &row, &k->found, f);

    return e || !k->found ? e : attachment_cancel(c->db, row.id, row.user_id, f);
}

static enum err drop_stale(struct collecting *k, struct fail *f)
{
    enum err e;

    do {
        e = chat_write(k->chat, drop_one, k, f);
        arena_clear(&k->arena);
        k->out->uploads += !e && k->found;
    } while (!e && k->found);
    return e;
}

/* Under the lock no file gets a name between the question and its end. */
static enum err collect_locked(struct collecting *k, const struct file_store_entry *entry,
                               struct fail *f)
{
    bool has = false;
    enum err e = entry->kept ? attachment_has(k->chat->db, entry->name, &has, f) : OK;

    if (e || has)
        return e;
    k->out->files++;
    k->out->bytes += entry->size;
    if (!k->dry)
        file_store_remove(k->chat->conf->files_dir, entry);
    return OK;
}

static enum err collect_one(void *ctx, const struct file_store_entry *entry, struct fail *f)
{
    struct collecting *k = ctx;
    int lock;
    enum err e;

    if (entry->changed_ms >= k->before_ms)
        return OK;
    e = file_store_lock(k->chat->conf->files_dir, true, &lock, f);
    if (e)
        return e;
    e = collect_locked(k, entry, f);
    close(lock);
    return e;
}

enum err collect_files(struct chat *c, bool dry, struct collected *out, struct fail *f)
{
    struct collecting k = {
        .chat = c, .dry = dry, .before_ms = clock_wall_ms(&c->clock) - UPLOAD_KEPT_MS, .out = out};
    enum err e;

    *out = (struct collected){0};
    arena_init(&k.arena);
    e = dry ? OK : drop_stale(&k, f);
    if (!e)
        e = file_store_walk(c->conf->files_dir, collect_one, &k, f);
    arena_release(&k.arena);
    return e;
}
