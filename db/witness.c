#include "db/witness.h"
#include "db/handle.h"
#include "db/statements.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct sql newest = {"witness.newest",
                                  "SELECT e.id, e.room_id, e.seq, e.hash, m.value FROM event e"
                                  " JOIN meta m ON m.key = 'epoch' ORDER BY e.id DESC LIMIT 1",
                                  DB_CHAT, "the last entry of the table alone"};
static const struct sql named = {"witness.named",
                                 "SELECT (SELECT value FROM meta WHERE key = 'epoch'),"
                                 " (SELECT hash FROM event WHERE id = ?1),"
                                 " (SELECT floor FROM room WHERE id = ?2),"
                                 " (SELECT seq FROM sqlite_sequence WHERE name = 'event')",
                                 DB_CHAT, "sqlite_sequence, a row for each of a few tables"};

const struct sql *const witness_statements[] = {&newest, &named, NULL};

static const char magic[8] = "OutcryW1";

/* As it lies in the file, at its beginning: within one sector, so it is never half written. Numbers
 * are the machine's own, as the database lives on one. */
struct record {
    char magic[sizeof magic];
    char epoch[WITNESS_EPOCH];
    int64_t id, room_id, seq;
    unsigned char hash[SECURE_HASH];
    unsigned char sum[SECURE_HASH]; /* SHA-256 of what stands before it */
};

static void seal(const struct record *r, unsigned char sum[SECURE_HASH])
{
    secure_sha256(sum, r, offsetof(struct record, sum));
}

bool witness_path(char *out, size_t size, const char *database)
{
    return (size_t)snprintf(out, size, "%s-witness", database) < size;
}

/* False where there is none, or none that can be believed. */
static bool read_record(struct db *db, struct record *r)
{
    int fd = open(db->witness.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    unsigned char sum[SECURE_HASH];
    ssize_t n;

    if (fd < 0 && errno == ENOENT)
        return false;
    n = fd >= 0 ? pread(fd, r, sizeof *r, 0) : -1;
    if (fd >= 0)
        close(fd);
    if (n == 0) /* made, and the machine stopped before it was filled */
        return false;
    if (n == (ssize_t)sizeof *r) {
        seal(r, sum);
        if (memcmp(r->magic, magic, sizeof magic) == 0 && memcmp(sum, r->sum, sizeof sum) == 0)
            return true;
    }
    log_event(db->log, LOG_WARN, "witness_unreadable", LOG_S("path", db->witness.path));
    return false;
}

/* What the database says of the event that the witness names. */
struct found {
    bool same_epoch, has_event, same_hash;
    int64_t floor, newest_id;
};

static enum err look_up(struct db *db, const struct record *r, struct found *out, struct fail *f)
{
    struct query q = query_begin(db, &named);
    const void *value;
    size_t len;

    query_bind_i64(&q, 1, r->id);
    query_bind_i64(&q, 2, r->room_id);
    if (query_row(&q)) {
        value = query_blob(&q, 0, &len);
        out->same_epoch =
            value && len == strnlen(r->epoch, sizeof r->epoch) && memcmp(value, r->epoch, len) == 0;
        value = query_blob(&q, 1, &len);
        out->has_event = value != NULL;
        out->same_hash = value && len == SECURE_HASH && memcmp(value, r->hash, SECURE_HASH) == 0;
        out->floor = query_i64(&q, 2);
        out->newest_id = query_i64(&q, 3);
    }
    return query_end(&q, f);
}

/* The witness is read before the database, which so can only be the newer of the two. */
enum err witness_judge(struct db *db, struct fail *f)
{
    struct found found = {0};
    struct record r;
    enum err e;

    if (!read_record(db, &r))
        return OK;
    e = look_up(db, &r, &found, f);
    if (e)
        return e;
    if (!found.same_epoch)
        db_raise_alarm(db, "The database is not of the history that its witness knows.");
    else if (found.newest_id < r.id || (!found.has_event && found.floor < r.seq))
        db_raise_alarm(db, "The database is older than its witness: its newest events are lost.");
    else if (found.has_event && !found.same_hash)
        db_raise_alarm(db, "The database tells another story than its witness.");
    return OK;
}

enum err witness_note(struct db *db, struct fail *f)
{
    struct witness *w = &db->witness;
    struct query q;
    const void *hash;
    size_t len;

    w->noted = false;
    if (!w->due || !w->path)
        return OK;
    q = query_begin(db, &newest);
    if (query_row(&q)) {
        w->id = query_i64(&q, 0);
        w->room_id = query_i64(&q, 1);
        w->seq = query_i64(&q, 2);
        hash = query_blob(&q, 3, &len);
        w->noted = hash && len == SECURE_HASH;
        if (w->noted)
            memcpy(w->hash, hash, SECURE_HASH);
        snprintf(w->epoch, sizeof w->epoch, "%s", sqlite3_column_text(q.stmt, 4));
    }
    return query_end(&q, f);
}

void witness_write(struct db *db)
{
    struct witness *w = &db->witness;
    struct record r = {.id = w->id, .room_id = w->room_id, .seq = w->seq};

    w->due = false;
    if (!w->noted)
        return;
    w->noted = false;
    memcpy(r.magic, magic, sizeof magic);
    memcpy(r.epoch, w->epoch, sizeof r.epoch);
    memcpy(r.hash, w->hash, sizeof r.hash);
    seal(&r, r.sum);
    if (w->fd < 0)
        w->fd = open(w->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (w->fd < 0 || pwrite(w->fd, &r, sizeof r, 0) != (ssize_t)sizeof r)
        log_event(db->log, LOG_WARN, "witness_not_written", LOG_S("path", w->path),
                  LOG_S("error", strerror(errno)));
}

void witness_release(struct witness *w)
{
    if (w->path && w->fd >= 0)
        close(w->fd);
    free(w->path);
    w->path = NULL;
    w->fd = -1;
}
