#include "chat/upload.h"

#include "chat/limits.h"
#include "chat/permit.h"
#include "chat/rooms.h"
#include "lib/file_name.h"
#include "lib/file_store.h"
#include "lib/scrub.h"
#include "lib/write_all.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEGABYTE INT64_C(1048576)

/* ----- beginning ----- */

struct beginning {
    const struct upload_wish *wish;
    struct arena *arena;
    struct attachment *row;
    const char *stale[ATTACHMENTS_UNPOSTED]; /* of the same person, never posted */
    size_t stale_count;
};

static enum err check_wish(const struct chat *c, const struct upload_wish *w, struct fail *f)
{
    int64_t max = c->conf->file_max_mb;

    if (max == 0)
        return fail(f, ERR_FORBIDDEN, "No files can be sent here.");
    if (w->size < 1)
        return fail(f, ERR_BAD_REQUEST, "The file is empty.");
    if (w->size > max * MEGABYTE)
        return fail(f, ERR_FILE_TOO_LARGE, "A file may have %lld megabytes, not more.",
                    (long long)max);
    return OK;
}

static enum err check_quota(struct chat *c, const struct user *u, int64_t size, struct fail *f)
{
    int64_t bytes, unposted, max = c->conf->quota_user_mb;
    enum err e = attachment_usage(c->db, u->id, &bytes, &unposted, f);

    if (e)
        return e;
    if (unposted >= ATTACHMENTS_UNPOSTED)
        return fail(f, ERR_QUOTA_EXCEEDED, "Too many of your files wait to be posted.");
    if (size > max * MEGABYTE - bytes)
        return fail(f, ERR_QUOTA_EXCEEDED,
                    "All of your files together may have %lld megabytes. Delete some first.",
                    (long long)max);
    return OK;
}

static enum err drop_stale(struct chat *c, struct beginning *b, int64_t user_id, struct fail *f)
{
    enum err e =
        attachment_list_stale(c->db, b->arena, user_id, b->row->created_ms - UPLOAD_KEPT_MS,
                              b->stale, ATTACHMENTS_UNPOSTED, &b->stale_count, f);

    for (size_t i = 0; !e && i < b->stale_count; i++)
        e = attachment_cancel(c->db, b->stale[i], user_id, f);
    return e;
}

static enum err begin(struct chat *c, void *arg, struct fail *f)
{
    struct beginning *b = arg;
    const struct upload_wish *w = b->wish;
    struct room room;
    struct user user = {0};
    enum err e = rooms_find_bare(c, b->arena, w->actor, w->room, &room, f);

    if (!e)
        e = permit_person(c, b->arena, w->actor, &user, f);
    if (!e)
        e = permit_room(&room, &user, f);
    if (!e)
        e = limits_take_upload(c, w->actor, w->address, f);
    if (!e)
        e = drop_stale(c, b, user.id, f);
    if (!e)
        e = check_quota(c, &user, w->size, f);
    if (e)
        return e;
    b->row->user_id = user.id;
    b->row->room_id = room.id;
    return attachment_insert(c->db, b->row, f);
}

enum err upload_begin(struct chat *c, struct arena *a, const struct upload_wish *wish,
                      struct upload *out, struct fail *f)
{
    struct beginning b = {.wish = wish, .arena = a, .row = &out->row};
    char id[ATTACHMENT_ID + 1];
    enum err e = check_wish(c, wish, f);

    if (e)
        return e;
    secure_random_hex(id, ATTACHMENT_ID / 2);
    *out = (struct upload){.row = {
                               .id = arena_str(a, id),
                               .name = file_name_clean(a, wish->name, wish->name_len),
                               .size = wish->size,
                               .created_ms = clock_wall_ms(&c->clock),
                           }};
    out->expires_ms = out->row.created_ms + UPLOAD_KEPT_MS;
    e = chat_write(c, begin, &b, f);
    for (size_t i = 0; !e && i < b.stale_count; i++)
        file_store_let_go(c->conf->files_dir, b.stale[i]);
    return e;
}

/* ----- one that was begun ----- */

static enum err find_row(struct chat *c, struct arena *a, const struct actor *who, const char *id,
                         struct upload *out, struct fail *f)
{
    enum err e;

    *out = (struct upload){0};
    if (!file_store_is_id(id, strlen(id)))
        return fail(f, ERR_FILE_NOT_FOUND, NULL);
    e = attachment_by_id(c->db, a, id, &out->row, f);
    if (!e && (!who->user_id || out->row.user_id != who->user_id || out->row.msg_id))
        return fail(f, ERR_FILE_NOT_FOUND, NULL);
    out->expires_ms = out->row.created_ms + UPLOAD_KEPT_MS;
    return e;
}

static int64_t size_of(int fd)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
}

enum err upload_find(struct chat *c, struct arena *a, const struct actor *who, const char *id,
                     struct upload *out, struct fail *f)
{
    enum err e = find_row(c, a, who, id, out, f);
    int fd = -1;

    if (e || out->row.file.type) {
        out->received = out->row.size;
        return e;
    }
    e = file_store_open_part(c->conf->files_dir, id, false, &fd, f);
    out->received = size_of(fd);
    if (fd >= 0)
        close(fd);
    return e;
}

/* All of it or nothing: what did not fit is taken back. */
static enum err write_at(int fd, int64_t offset, const void *bytes, size_t len, struct fail *f)
{
    int64_t before = size_of(fd);
    const char *p = bytes;

    while (len > 0) {
        ssize_t n = pwrite(fd, p, len, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            bool full = n == 0 || errno == ENOSPC || errno == EDQUOT;

            if (ftruncate(fd, before) != 0)
                full = false;
            return fail(f, full ? ERR_STORAGE_FULL : ERR_INTERNAL, NULL);
        }
        p += n;
        offset += n;
        len -= (size_t)n;
    }
    return OK;
}

enum err upload_part(struct chat *c, struct arena *a, const struct actor *who, const char *id,
                     int64_t offset, const void *bytes, size_t len, struct upload *out,
                     struct fail *f)
{
    enum err e = find_row(c, a, who, id, out, f);
    int fd = -1;

    if (e)
        return e;
    if (out->row.file.type || len == 0 || offset > out->row.size - (int64_t)len)
        return fail(f, ERR_BAD_REQUEST, "This part does not fit into the file of %lld bytes.",
                    (long long)out->row.size);
    e = file_store_open_part(c->conf->files_dir, id, true, &fd, f);
    if (e)
        return e;
    if (offset > size_of(fd))
        e = fail(f, ERR_UPLOAD_OFFSET, "Only %lld bytes have come so far.", (long long)size_of(fd));
    if (!e)
        e = write_at(fd, offset, bytes, len, f);
    out->received = size_of(fd);
    close(fd);
    return e;
}

static enum err cancel(struct chat *c, void *arg, struct fail *f)
{
    const struct attachment *row = arg;

    return attachment_cancel(c->db, row->id, row->user_id, f);
}

enum err upload_cancel(struct chat *c, struct arena *a, const struct actor *who, const char *id,
                       struct fail *f)
{
    struct upload u;
    enum err e = find_row(c, a, who, id, &u, f);

    if (!e)
        e = chat_write(c, cancel, &u.row, f);
    if (!e)
        file_store_let_go(c->conf->files_dir, id);
    return e == ERR_FILE_NOT_FOUND ? OK : e;
}

/* ----- judged, cleaned, kept ----- */

/* From raw bytes in `in` to a file that is kept and a row that says so. */
struct keeping {
    struct arena *arena;
    struct attachment *row;
    struct blob *blob; /* of the row: file or thumb */
    enum media kind;
    struct scrubbed clean;
    char sha256[FILE_STORE_SHA + 1];
};

static enum err store_row(struct chat *c, void *arg, struct fail *f)
{
    struct keeping *k = arg;

    return k->blob == &k->row->thumb ? attachment_set_thumb(c->db, k->row, f)
                                     : attachment_set_file(c->db, k->row, f);
}

static enum media kind_of(int in)
{
    char head[MEDIA_HEAD];
    ssize_t n = pread(in, head, sizeof head, 0);

    return n > 0 ? media_sniff(head, (size_t)n) : MEDIA_NONE;
}

static void fill_row(struct keeping *k)
{
    *k->blob = (struct blob){
        .type = media_row(k->kind)->type,
        .sha256 = k->sha256,
        .width = k->clean.width,
        .height = k->clean.height,
    };
    if (k->blob == &k->row->file) {
        k->row->size = k->clean.size;
        k->row->name = file_name_fit(k->arena, k->row->name, k->kind);
    }
}

/* The lock is held until the row is there, so that nobody takes the file for one without. */
static enum err keep_locked(struct chat *c, struct keeping *k, const char *temporary, int out,
                            struct fail *f)
{
    int lock;
    enum err e = file_store_lock(c->conf->files_dir, false, &lock, f);

    if (e)
        return e;
    e = file_store_keep(c->conf->files_dir, temporary, out, k->sha256, f);
    if (!e) {
        fill_row(k);
        e = chat_write(c, store_row, k, f);
    }
    close(lock);
    return e;
}

static enum err keep(struct chat *c, struct keeping *k, int in, struct fail *f)
{
    char temporary[FILE_STORE_ID + 1];
    int out = -1;
    enum err e;

    secure_random_hex(temporary, FILE_STORE_ID / 2);
    e = file_store_new(c->conf->files_dir, temporary, &out, f);
    if (!e && lseek(in, 0, SEEK_SET) != 0)
        e = fail(f, ERR_INTERNAL, "The file cannot be read.");
    if (!e)
        e = scrub(k->kind, in, out, &k->clean, f);
    if (!e && k->blob == &k->row->thumb &&
        (k->clean.width > UPLOAD_THUMB_PIXELS || k->clean.height > UPLOAD_THUMB_PIXELS))
        e = fail(f, ERR_IMAGE_TOO_LARGE, "A small picture has at most %d pixels on a side.",
                 UPLOAD_THUMB_PIXELS);
    secure_hex(k->sha256, k->clean.sha256, SECURE_HASH);
    if (!e)
        e = keep_locked(c, k, temporary, out, f);
    if (out >= 0)
        close(out);
    file_store_let_go(c->conf->files_dir, temporary);
    return e;
}

static enum err check_sha256(int in, const char *sha256, struct fail *f)
{
    struct secure_hash *hash = secure_hash_begin();
    unsigned char sum[SECURE_HASH], chunk[16384];
    char hex[2 * SECURE_HASH + 1];
    int64_t at = 0;
    ssize_t n;

    while ((n = pread(in, chunk, sizeof chunk, at)) > 0) {
        secure_hash_add(hash, chunk, (size_t)n);
        at += n;
    }
    secure_hash_end(hash, sum);
    secure_hex(hex, sum, sizeof sum);
    if (strcasecmp(hex, sha256) != 0)
        return fail(f, ERR_FILE_BROKEN, "What came is not what was sent: send it again.");
    return OK;
}

static enum err judge_and_keep(struct chat *c, struct arena *a, struct upload *u,
                               const char *sha256, int in, struct fail *f)
{
    struct keeping k = {.arena = a, .row = &u->row, .blob = &u->row.file};
    enum err e = sha256 ? check_sha256(in, sha256, f) : OK;

    if (e)
        return e;
    k.kind = kind_of(in);
    if (!k.kind)
        return fail(f, ERR_FILE_TYPE,
                    "Only pictures (PNG, JPEG, GIF, WebP), PDF, plain text and CSV are accepted.");
    e = keep(c, &k, in, f);
    u->row.file.sha256 = arena_str(a, k.sha256);
    return e;
}

static bool is_hopeless(enum err e)
{
    return e == ERR_FILE_TYPE || e == ERR_FILE_BROKEN || e == ERR_IMAGE_TOO_LARGE;
}

enum err upload_done(struct chat *c, struct arena *a, const struct actor *who, const char *id,
                     const char *sha256, struct upload *out, struct fail *f)
{
    enum err e = find_row(c, a, who, id, out, f);
    struct fail unheard;
    int in = -1;

    if (e || out->row.file.type) {
        out->received = out->row.size;
        return e;
    }
    e = file_store_open_part(c->conf->files_dir, id, false, &in, f);
    out->received = size_of(in);
    if (!e && out->received != out->row.size)
        e = fail(f, ERR_UPLOAD_OFFSET, "Only %lld of %lld bytes have come so far.",
                 (long long)out->received, (long long)out->row.size);
    else if (!e)
        e = judge_and_keep(c, a, out, sha256, in, f);
    if (is_hopeless(e) && upload_cancel(c, a, who, id, &unheard))
        log_event(c->log, LOG_WARN, "upload_not_cancelled", LOG_S("why", unheard.message));
    if (!e)
        file_store_let_go(c->conf->files_dir, id);
    if (in >= 0)
        close(in);
    out->received = out->row.size;
    return e;
}

/* ----- more of it ----- */

/* Bytes in memory as a file, at its end; -1 where there is no memory for it. */
static int file_of(const void *bytes, size_t len)
{
    int fd = memfd_create("upload", MFD_CLOEXEC);

    if (fd >= 0 && !write_all(fd, bytes, len)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static enum err keep_thumb(struct chat *c, struct keeping *k, int in, struct fail *f)
{
    k->kind = kind_of(in);
    if (!media_row(k->kind)->is_image)
        return fail(f, ERR_FILE_TYPE, "A small picture is a PNG, JPEG, GIF or WebP.");
    return keep(c, k, in, f);
}

enum err upload_thumb(struct chat *c, struct arena *a, const struct actor *who, const char *id,
                      const void *bytes, size_t len, struct upload *out, struct fail *f)
{
    struct keeping k = {.arena = a, .row = &out->row, .blob = &out->row.thumb};
    enum err e = find_row(c, a, who, id, out, f);
    int in;

    if (e)
        return e;
    if (len > UPLOAD_THUMB_MAX)
        return fail(f, ERR_FILE_TOO_LARGE, "A small picture may have %d bytes.", UPLOAD_THUMB_MAX);
    in = file_of(bytes, len);
    if (in < 0)
        return fail(f, ERR_BUSY, NULL);
    e = keep_thumb(c, &k, in, f);
    close(in);
    out->row.thumb.sha256 = e ? NULL : arena_str(a, k.sha256);
    return e ? e : upload_find(c, a, who, id, out, f);
}

enum err upload_whole(struct chat *c, struct arena *a, const struct upload_wish *wish,
                      const void *bytes, struct upload *out, struct fail *f)
{
    enum err e = upload_begin(c, a, wish, out, f);
    int64_t at = 0;

    while (!e && at < wish->size) {
        int64_t left = wish->size - at;
        size_t len = (size_t)(left < UPLOAD_PART_MAX ? left : UPLOAD_PART_MAX);

        e = upload_part(c, a, wish->actor, out->row.id, at, (const char *)bytes + at, len, out, f);
        at += (int64_t)len;
    }
    return e ? e : upload_done(c, a, wish->actor, out->row.id, NULL, out, f);
}
