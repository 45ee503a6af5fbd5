/*
 * One line per event, key=value, UTF-8, to stderr or to a file that reopens on request:
 *   time=2026-11-22T09:00:00.123Z level=info event=posted request=4f… room=general seq=41
 * Values with blanks, quotes, controls or bytes that are not UTF-8 are quoted and escaped, and cut
 * at 300 bytes, so no input can forge a line. Never a token, a password or a message body.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log {
    int fd;
    enum log_level level;
    char *path; /* owned; NULL: stderr */
    char request_id[17];
    unsigned char random[128]; /* for the next ones */
    size_t random_left;
};

struct log_field {
    const char *key;
    const char *str; /* NULL: the number */
    int64_t num;
};

static inline struct log_field log_str(const char *key, const char *value)
{
    return (struct log_field){.key = key, .str = value ? value : "-"};
}

#define LOG_S(k, v) log_str(k, v)
#define LOG_N(k, v) ((struct log_field){.key = (k), .num = (int64_t)(v)})

/* Usage: log_event(log, LOG_INFO, "posted", LOG_S("room", slug), LOG_N("seq", seq)); fields may be
 * none. */
#define log_event(log, level, event, ...)                                                          \
    log_fields(log, level, event, &(const struct log_field[]){{0}, ##__VA_ARGS__, {0}}[1])

/* `path` NULL or "" means stderr. False, with errno set, where the file cannot be opened. */
bool log_open(struct log *log, const char *path, enum log_level level);
bool log_reopen(struct log *log);
void log_close(struct log *log);
/* A new random request id for the lines that follow. */
void log_new_request(struct log *log);
/* `fields` ends with a zeroed one. One write(2) per line. A NULL log writes nothing. */
void log_fields(const struct log *log, enum log_level level, const char *event,
                const struct log_field *fields);

#endif
