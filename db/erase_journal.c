#include "db/erase_journal.h"
#include "db/handle.h"
#include "db/statements.h"
#include "lib/buf.h"
#include "lib/folder.h"
#include "lib/text.h"
#include "lib/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 96, SEED_MAX_BYTES = 64 << 20 };

static const struct sql erased_before = {
    "erase_journal.erased_before",
    "SELECT e.user_id, u.first_seen_ms, e.asked_ms FROM erasure e JOIN user u ON u.id = e.user_id"
    " ORDER BY e.asked_ms",
    DB_CHAT, "once, before there is a journal: the table of the erased"};

static const char *const kinds[ERASE_KINDS] = {
    [ERASE_PERSON] = "person",
    [ERASE_MESSAGE] = "message",
};

const struct sql *const erase_journal_statements[] = {&erased_before, NULL};

static bool path_of(char *out, size_t size, const struct conf *conf)
{
    return (size_t)snprintf(out, size, "%s-erased", conf->database) < size;
}

static size_t print_line(char out[LINE_MAX_BYTES], const struct erase_line *line)
{
    return (size_t)snprintf(out, LINE_MAX_BYTES, "+ %s %lld %lld %lld\n", kinds[line->kind],
                            (long long)line->id, (long long)line->since_ms,
                            (long long)line->asked_ms);
}

/* ----- a new journal ----- */

static enum err list_erased(struct db *db, struct buf *out, struct fail *f)
{
    struct query q = query_begin(db, &erased_before);
    char text[LINE_MAX_BYTES];

    while (query_row(&q)) {
        struct erase_line line = {ERASE_PERSON, query_i64(&q, 0), query_i64(&q, 1),
                                  query_i64(&q, 2)};

        buf_add(out, text, print_line(text, &line));
    }
    return query_end(&q, f);
}

static enum err write_new(int fd, const struct buf *lines, const char *path, struct fail *f)
{
    if (!write_all(fd, lines->data, lines->len))
        return fail_file(f, "write", path);
    return fsync(fd) == 0 ? OK : fail_file(f, "sync", path);
}

/* Whole or not at all: under another name first. */
static enum err make_new(struct db *db, const char *path, struct fail *f)
{
    char part[4200];
    struct buf lines;
    enum err e;
    int fd;

    snprintf(part, sizeof part, "%s.part", path);
    buf_init(&lines, SEED_MAX_BYTES);
    e = list_erased(db, &lines, f);
    fd = e ? -1 : open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (!e)
        e = fd >= 0 ? write_new(fd, &lines, part, f) : fail_file(f, "make", part);
    if (fd >= 0)
        close(fd);
    buf_release(&lines);
    if (!e && rename(part, path) != 0)
        e = fail_file(f, "make", path);
    if (!e && !folder_sync_of(path))
        e = fail_file(f, "sync the folder of", path);
    return e;
}

enum err erase_journal_begin(struct db *db, struct fail *f)
{
    char path[4096];

    if (!db->witness.path)
        return OK;
    if (!path_of(path, sizeof path, db->conf))
        return fail(f, ERR_BAD_REQUEST, "The database's path is too long.");
    return access(path, F_OK) == 0 ? OK : make_new(db, path, f);
}

/* ----- a line more ----- */

/* What a stop of the machine left half written is ended, so that it spoils no other line. */
static enum err append(struct db *db, int fd, const char *path, const struct erase_line *line,
                       off_t *at, struct fail *f)
{
    char text[1 + LINE_MAX_BYTES] = "\n", last = '\n';
    size_t len = print_line(text + 1, line), from;
    struct stat st;

    if (fstat(fd, &st) != 0 || (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1))
        return fail_file(f, "read", path);
    from = last == '\n' ? 1 : 0;
    len += 1 - from;
    errno = ENOSPC; /* what a write that is cut short has met */
    if (pwrite(fd, text + from, len, st.st_size) != (ssize_t)len || fsync(fd) != 0) {
        enum err e = fail_file(f, "write", path);

        if (ftruncate(fd, st.st_size) != 0)
            log_event(db->log, LOG_WARN, "erasure_line_left", LOG_S("path", path));
        return e;
    }
    *at = st.st_size + (off_t)(1 - from);
    return OK;
}

enum err erase_journal_add(struct db *db, const struct erase_line *line, off_t *at, struct fail *f)
{
    char path[4096];
    enum err e = erase_journal_begin(db, f);
    int fd;

    *at = -1;
    if (e || !db->witness.path)
        return e;
    if (!path_of(path, sizeof path, db->conf))
        return fail(f, ERR_BAD_REQUEST, "The database's path is too long.");
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fail_file(f, "open", path);
    e = append(db, fd, path, line, at, f);
    close(fd);
    return e;
}

void erase_journal_take_back(struct db *db, off_t at)
{
    char path[4096];
    int fd;

    if (at < 0 || !path_of(path, sizeof path, db->conf))
        return;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || pwrite(fd, "-", 1, at) != 1 || fsync(fd) != 0)
        log_event(db->log, LOG_ERROR, "erasure_not_taken_back", LOG_S("path", path),
                  LOG_S("error", strerror(errno)));
    if (fd >= 0)
        close(fd);
}

/* ----- reading ----- */

static bool next_number(char **at, int64_t *out)
{
    char *word = strsep(at, " ");

    return word && text_to_i64(word, strlen(word), 0, INT64_MAX, out);
}

static bool next_kind(char **at, enum erase_kind *out)
{
    char *word = strsep(at, " ");

    for (*out = 0; word && *out < ERASE_KINDS; ++*out)
        if (strcmp(word, kinds[*out]) == 0)
            return true;
    return false;
}

/* False: taken back, or not whole. */
static bool parse(char *text, size_t len, struct erase_line *line)
{
    char *at = text + 2;

    if (len < 3 || text[len - 1] != '\n' || memcmp(text, "+ ", 2) != 0)
        return false;
    text[len - 1] = '\0';
    return next_kind(&at, &line->kind) && next_number(&at, &line->id) &&
           next_number(&at, &line->since_ms) && next_number(&at, &line->asked_ms) && !at;
}

enum err erase_journal_read(const struct conf *conf, erase_journal_fn *each, void *ctx,
                            struct fail *f)
{
    char path[4096], *text = NULL;
    size_t size = 0;
    enum err e = OK;
    FILE *in;

    if (!path_of(path, sizeof path, conf))
        return fail(f, ERR_BAD_REQUEST, "The database's path is too long.");
    in = fopen(path, "re");
    if (!in)
        return errno == ENOENT ? OK : fail_file(f, "read", path);
    while (!e) {
        ssize_t len = getline(&text, &size, in);
        struct erase_line line;

        if (len < 0)
            break;
        if (parse(text, (size_t)len, &line))
            e = each(ctx, &line, f);
    }
    if (!e && ferror(in))
        e = fail_file(f, "read", path);
    free(text);
    fclose(in);
    return e;
}
