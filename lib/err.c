#include "lib/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_row rows[ERR_COUNT] = {
    [OK] = {"ok", "", 200, 0, false},
    [ERR_BAD_JSON] = {"bad_json", "The body is not valid JSON.", 400, 0, false},
    [ERR_BAD_REQUEST] = {"bad_request", "The request is not well formed.", 400, 0, false},
    [ERR_UNKNOWN_TYPE] = {"unknown_type", "This frame type is not known.", 400, 0, false},
    [ERR_AUTH_REQUIRED] = {"auth_required", "Please sign in.", 401, 4500, false},
    [ERR_TOKEN_INVALID] = {"token_invalid", "The token is not valid.", 401, 4500, false},
    [ERR_TOKEN_EXPIRED] = {"token_expired", "The token has expired.", 401, 4001, true},
    [ERR_FORBIDDEN] = {"forbidden", "You may not do this.", 403, 0, false},
    [ERR_MUTED] = {"muted", "You are muted.", 403, 0, false},
    [ERR_BANNED] = {"banned", "You are banned.", 403, 4501, false},
    [ERR_READ_ONLY] = {"read_only", "Guests may only read here.", 403, 0, false},
    [ERR_ORIGIN] = {"origin", "This origin may not use the chat.", 403, 4504, false},
    [ERR_CSRF] = {"csrf", "The form has expired. Reload the page and try again.", 403, 0, false},
    [ERR_NOT_FOUND] = {"not_found", "There is nothing here.", 404, 0, false},
    [ERR_ROOM_NOT_FOUND] = {"room_not_found", "There is no such room.", 404, 0, false},
    [ERR_MESSAGE_NOT_FOUND] = {"message_not_found", "There is no such message.", 404, 0, false},
    [ERR_FILE_NOT_FOUND] = {"file_not_found", "There is no such file.", 404, 0, false},
    [ERR_METHOD_NOT_ALLOWED] = {"method_not_allowed", "This method does not work here.", 405, 0,
                                false},
    [ERR_CLIENT_ID_CONFLICT] = {"client_id_conflict",
                                "This client id was used for another message.", 409, 0, false},
    [ERR_EDIT_CONFLICT] = {"edit_conflict", "The message was changed meanwhile.", 409, 0, false},
    [ERR_UPLOAD_OFFSET] = {"upload_offset", "A part before this one is missing.", 409, 0, true},
    [ERR_NAME_TAKEN] = {"name_taken", "This name is taken.", 409, 0, false},
    [ERR_RESYNC] = {"resync", "The history has changed. Load it again.", 410, 4003, true},
    [ERR_TOO_LONG] = {"too_long", "This is too long.", 413, 0, false},
    [ERR_FILE_TOO_LARGE] = {"file_too_large", "This file is too large.", 413, 0, false},
    [ERR_QUOTA_EXCEEDED] = {"quota_exceeded", "You have no room left for files.", 413, 0, false},
    [ERR_UNSUPPORTED_MEDIA_TYPE] = {"unsupported_media_type",
                                    "Send JSON, a urlencoded form or a multipart form.", 415, 0,
                                    false},
    [ERR_BLOCKED] = {"blocked", "This message was not accepted.", 422, 0, false},
    [ERR_FILE_TYPE] = {"file_type", "Files of this kind are not accepted.", 422, 0, false},
    [ERR_FILE_BROKEN] = {"file_broken", "This file is damaged.", 422, 0, false},
    [ERR_IMAGE_TOO_LARGE] = {"image_too_large", "This picture has too many pixels.", 422, 0, false},
    [ERR_RATE_LIMITED] = {"rate_limited", "Too much at once. Wait a moment.", 429, 0, true},
    [ERR_SLOW_MODE] = {"slow_mode", "This room is in slow mode.", 429, 0, true},
    [ERR_TOO_MANY_CONNECTIONS] = {"too_many_connections", "Too many connections.", 503, 4503, true},
    [ERR_BUSY] = {"busy", "The chat is busy. Try again in a moment.", 503, 0, true},
    [ERR_STORAGE_FULL] = {"storage_full", "The chat's disk is full.", 503, 0, true},
    [ERR_INTERNAL] = {"internal", "Something went wrong here.", 500, 0, true},
};

const struct err_row *err_row(enum err e)
{
    if ((unsigned)e >= ERR_COUNT)
        e = ERR_INTERNAL;
    return &rows[e];
}

enum err err_by_code(const char *code)
{
    for (int e = OK + 1; code && e < ERR_COUNT; e++)
        if (strcmp(rows[e].code, code) == 0)
            return (enum err)e;
    return ERR_INTERNAL;
}

/* vsnprintf cuts at a byte; the message stays UTF-8 only when no piece of a character is left.
 * Where the cut fell behind a whole one, that goes too. */
static void drop_partial_character(char *s)
{
    size_t len = strlen(s), start = len;

    while (start > 0 && len - start < 4 && ((unsigned char)s[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)s[start - 1] >= 0xc0)
        s[start - 1] = '\0';
}

static void fill(struct fail *f, enum err e, int64_t retry_after_ms, const char *fmt, va_list ap)
{
    if (!f)
        return;
    f->err = e;
    f->retry_after_ms = retry_after_ms;
    if (fmt) {
        if (vsnprintf(f->message, sizeof f->message, fmt, ap) >= (int)sizeof f->message)
            drop_partial_character(f->message);
    } else {
        snprintf(f->message, sizeof f->message, "%s", err_row(e)->message);
    }
}

enum err fail(struct fail *f, enum err e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(f, e, 0, fmt, ap);
    va_end(ap);
    return e;
}

enum err fail_later(struct fail *f, enum err e, int64_t retry_after_ms, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(f, e, retry_after_ms, fmt, ap);
    va_end(ap);
    return e;
}

enum err fail_file(struct fail *f, const char *what, const char *path)
{
    return fail(f, errno == ENOSPC || errno == EDQUOT ? ERR_STORAGE_FULL : ERR_INTERNAL,
                "Cannot %s %.150s: %s.", what, path, strerror(errno));
}
