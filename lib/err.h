/*
 * Errors: one enum for the whole program, and one table that says what each is called on the wire,
 * which HTTP status and which WebSocket close code it maps to, and whether a retry can help.
 * The codes are those of docs/protocol.md.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include "lib/base.h"

enum err {
    OK = 0,
    ERR_BAD_JSON,
    ERR_BAD_REQUEST,
    ERR_UNKNOWN_TYPE,
    ERR_AUTH_REQUIRED,
    ERR_TOKEN_INVALID,
    ERR_TOKEN_EXPIRED,
    ERR_FORBIDDEN,
    ERR_MUTED,
    ERR_BANNED,
    ERR_READ_ONLY,
    ERR_ORIGIN,
    ERR_CSRF,
    ERR_NOT_FOUND, /* no such page, endpoint or row */
    ERR_ROOM_NOT_FOUND,
    ERR_MESSAGE_NOT_FOUND,
    ERR_FILE_NOT_FOUND,
    ERR_METHOD_NOT_ALLOWED,
    ERR_CLIENT_ID_CONFLICT,
    ERR_EDIT_CONFLICT,
    ERR_UPLOAD_OFFSET,
    ERR_NAME_TAKEN,
    ERR_RESYNC,
    ERR_TOO_LONG,
    ERR_FILE_TOO_LARGE,
    ERR_QUOTA_EXCEEDED,
    ERR_UNSUPPORTED_MEDIA_TYPE,
    ERR_BLOCKED,
    ERR_FILE_TYPE,
    ERR_FILE_BROKEN,
    ERR_IMAGE_TOO_LARGE,
    ERR_RATE_LIMITED,
    ERR_SLOW_MODE,
    ERR_TOO_MANY_CONNECTIONS,
    ERR_BUSY,
    ERR_STORAGE_FULL,
    ERR_INTERNAL,
    ERR_COUNT
};

struct err_row {
    const char *code;    /* the "code" of an error object */
    const char *message; /* the sentence used where the caller has no better one */
    int http_status;
    int close_code; /* 0: the socket stays open */
    bool retryable;
};

/* The row of `e`; never NULL. A value outside the enum gets the row of ERR_INTERNAL. */
const struct err_row *err_row(enum err e);
/* The error of that code; ERR_INTERNAL where none has it, or it is NULL. */
enum err err_by_code(const char *code);

/* What went wrong, for whoever must tell the user. Filled by fail(), read by chat/wire. */
struct fail {
    enum err err;
    int64_t retry_after_ms; /* 0: not given */
    char message[240];      /* one sentence for a person; UTF-8 */
};

/* Fills `f` (which may be NULL) and returns `e`, so that a check reads `return fail(f, ERR_X, …)`.
 * A NULL `fmt` takes the table's sentence. */
enum err fail(struct fail *f, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);
enum err fail_later(struct fail *f, enum err e, int64_t retry_after_ms, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* "Cannot WHAT PATH: …", as errno says; ERR_STORAGE_FULL where the disk or a quota is full, else
 * ERR_INTERNAL. */
enum err fail_file(struct fail *f, const char *what, const char *path);

#endif
