/*
 * How a file comes in: begun with a name and a size, sent in parts that no web server refuses,
 * judged and cleaned when it is whole, and then there for a message of its sender to take. Until
 * that, nobody else can fetch it; a day later it is gone.
 */
#ifndef CHAT_UPLOAD_H
#define CHAT_UPLOAD_H

#include "chat/identity.h"
#include "db/attachment.h"

enum {
    UPLOAD_PART_MAX = 98304, /* mod_fcgid takes 131,072 bytes in a request */
    UPLOAD_THUMB_MAX = 32768,
    UPLOAD_THUMB_PIXELS = 320, /* on the longer side */
    UPLOAD_KEPT_MS = 86400000
};

struct upload_wish {
    const struct actor *actor;
    const char *room; /* slug; NULL or "": the default room */
    const char *name;
    size_t name_len;
    int64_t size;
    const char *address; /* for the rate limit by address; NULL: not limited by address */
};

struct upload {
    struct attachment row; /* file.type: once it is whole */
    int64_t received, expires_ms;
};

/* Whoever may post in the room may send files there: chat_post()'s errors, and file_too_large,
 * quota_exceeded, forbidden (no files here). */
MUST_CHECK enum err upload_begin(struct chat *c, struct arena *a, const struct upload_wish *wish,
                                 struct upload *out, struct fail *f);
/* One's own that is not posted: ERR_FILE_NOT_FOUND. */
MUST_CHECK enum err upload_find(struct chat *c, struct arena *a, const struct actor *who,
                                const char *id, struct upload *out, struct fail *f);
/* Bytes at `offset`, which may have come before: then they are written again. Beyond what has
 * come: ERR_UPLOAD_OFFSET. ERR_BUSY while another is being written. */
MUST_CHECK enum err upload_part(struct chat *c, struct arena *a, const struct actor *who,
                                const char *id, int64_t offset, const void *bytes, size_t len,
                                struct upload *out, struct fail *f);
/* Judges, cleans and keeps it; again: the same answer. `sha256` of what was sent, in hex, or NULL.
 * ERR_FILE_TYPE, ERR_FILE_BROKEN, ERR_IMAGE_TOO_LARGE: it is gone then. ERR_UPLOAD_OFFSET while a
 * part is missing. */
MUST_CHECK enum err upload_done(struct chat *c, struct arena *a, const struct actor *who,
                                const char *id, const char *sha256, struct upload *out,
                                struct fail *f);
/* A small picture of it, of at most UPLOAD_THUMB_MAX bytes: judged and cleaned the same way. */
MUST_CHECK enum err upload_thumb(struct chat *c, struct arena *a, const struct actor *who,
                                 const char *id, const void *bytes, size_t len, struct upload *out,
                                 struct fail *f);
/* One that is not there: OK. */
MUST_CHECK enum err upload_cancel(struct chat *c, struct arena *a, const struct actor *who,
                                  const char *id, struct fail *f);
/* All of it at once: for forms. */
MUST_CHECK enum err upload_whole(struct chat *c, struct arena *a, const struct upload_wish *wish,
                                 const void *bytes, struct upload *out, struct fail *f);

/* A file that somebody may fetch: of a message that they see, or their own that is not posted.
 * ERR_FILE_NOT_FOUND otherwise. */
MUST_CHECK enum err upload_fetch(struct chat *c, struct arena *a, const struct actor *who,
                                 const char *id, struct attachment *out, struct fail *f);

#endif
