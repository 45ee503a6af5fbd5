#include "lib/log.h"

#include "lib/clock.h"
#include "lib/secure.h"
#include "lib/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utf8proc.h>

enum { LINE_MAX_BYTES = 4096, VALUE_MAX = 300, ESCAPE_MAX = 12, REQUEST_ID = 8 };

struct line {
    char text[LINE_MAX_BYTES];
    size_t len; /* at most LINE_MAX_BYTES - 1: there is always room for the line end */
};

/* Adds all of it or nothing. */
static bool add(struct line *l, const char *bytes, size_t len)
{
    if (len > sizeof l->text - 1 - l->len)
        return false;
    memcpy(l->text + l->len, bytes, len);
    l->len += len;
    return true;
}

static bool add_str(struct line *l, const char *s)
{
    return add(l, s, strlen(s));
}

/* The code point at s and its length in bytes; 0 where it is not UTF-8. */
static size_t code_point(const char *s, size_t len, int32_t *cp)
{
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)(len < 4 ? len : 4), cp);

    return n > 0 && text_is_utf8(s, (size_t)n) ? (size_t)n : 0;
}

/* Controls, line and paragraph separators, and what turns the reading direction or hides. */
static bool must_escape(int32_t cp)
{
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
        return true;
    default:
        return cp == '"' || cp == '\\';
    }
}

static bool is_plain(const char *s, size_t len)
{
    int32_t cp;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len;) {
        size_t n = code_point(s + i, len - i, &cp);

        if (!n || cp == ' ' || cp == '=' || utf8proc_category(cp) == UTF8PROC_CATEGORY_ZS ||
            must_escape(cp))
            return false;
        i += n;
    }
    return true;
}

static bool add_escaped(struct line *l, const char *s, size_t n, int32_t cp)
{
    char escape[ESCAPE_MAX];

    if (n == 0)
        snprintf(escape, sizeof escape, "\\x%02x", (unsigned char)s[0]);
    else if (cp == '\n')
        snprintf(escape, sizeof escape, "\\n");
    else if (cp == '"' || cp == '\\')
        snprintf(escape, sizeof escape, "\\%c", (char)cp);
    else
        snprintf(escape, sizeof escape, "\\u{%x}", (unsigned)cp);
    return add_str(l, escape);
}

static bool add_value(struct line *l, const char *s)
{
    size_t len = strnlen(s, VALUE_MAX + 1);
    bool cut = len > VALUE_MAX;
    int32_t cp = 0;

    if (!cut && is_plain(s, len))
        return add(l, s, len);
    if (cut)
        len = VALUE_MAX;
    if (!add_str(l, "\""))
        return false;
    for (size_t i = 0; i < len;) {
        size_t n = code_point(s + i, len - i, &cp);
        bool ok;

        if (n == 0 && cut && len - i < 4)
            break; /* perhaps a code point that the cut divided */
        ok = n && !must_escape(cp) ? add(l, s + i, n) : add_escaped(l, s + i, n, cp);
        if (!ok)
            return false;
        i += n ? n : 1;
    }
    return add_str(l, cut ? "…\"" : "\"");
}

/* The whole field or nothing of it. */
static void add_field(struct line *l, const char *key, const char *value)
{
    size_t before = l->len;

    if (!((before == 0 || add_str(l, " ")) && add_str(l, key) && add_str(l, "=") &&
          add_value(l, value)))
        l->len = before;
}

static void add_time(struct line *l)
{
    int64_t ms = clock_wall_ms(&(struct clock){0});
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char day[32], stamp[48];

    gmtime_r(&seconds, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(stamp, sizeof stamp, "%s.%03dZ", day, (int)(ms % 1000));
    add_field(l, "time", stamp);
}

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0660);
}

bool log_open(struct log *log, const char *path, enum log_level level)
{
    *log = (struct log){.fd = STDERR_FILENO, .level = level};
    if (!path || !*path)
        return true;
    log->fd = open_file(path);
    if (log->fd < 0)
        return false;
    log->path = xstrdup(path);
    return true;
}

/* Where the new file cannot be opened the old one stays in use. */
bool log_reopen(struct log *log)
{
    bool reopened;
    int fd;

    if (!log->path)
        return true;
    fd = open_file(log->path);
    if (fd < 0)
        return false;
    /* In one step: another thread may be writing to log->fd at this moment. */
    reopened = dup3(fd, log->fd, O_CLOEXEC) >= 0;
    close(fd);
    return reopened;
}

void log_close(struct log *log)
{
    if (log->path && log->fd >= 0)
        close(log->fd);
    free(log->path);
    log->path = NULL;
    log->fd = -1;
}

void log_new_request(struct log *log)
{
    if (log->random_left < REQUEST_ID) {
        secure_random(log->random, sizeof log->random);
        log->random_left = sizeof log->random;
    }
    log->random_left -= REQUEST_ID;
    secure_hex(log->request_id, log->random + log->random_left, REQUEST_ID);
}

void log_fields(const struct log *log, enum log_level level, const char *event,
                const struct log_field *fields)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct line l = {.len = 0};

    if (!log || log->fd < 0 || level < log->level)
        return;
    add_time(&l);
    add_field(&l, "level", names[level]);
    add_field(&l, "event", event);
    add_field(&l, "request", log->request_id[0] ? log->request_id : "-");
    for (; fields->key; fields++) {
        char number[24];

        snprintf(number, sizeof number, "%" PRId64, fields->num);
        add_field(&l, fields->key, fields->str ? fields->str : number);
    }
    l.text[l.len++] = '\n';
    if (write(log->fd, l.text, l.len) < 0)
        return; /* there is nowhere to say it */
}
