/* What people attach to messages: rows; the bytes are lib/file_store.h's. */
#ifndef DB_ATTACHMENT_H
#define DB_ATTACHMENT_H

#include "db/message.h"

enum {
    ATTACHMENT_ID = 32,       /* hex digits */
    ATTACHMENTS_MAX = 10,     /* in a message */
    ATTACHMENTS_UNPOSTED = 50 /* of one person */
};

/* The bytes of a file or of its small picture, as they are kept. */
struct blob {
    const char *type, *sha256; /* NULL: not there yet, or none */
    int64_t width, height;
};

struct attachment {
    const char *id, *name;
    int64_t user_id, room_id;
    int64_t msg_id; /* 0: not posted yet */
    int64_t size, created_ms;
    struct blob file, thumb;
};

/* ERR_FILE_NOT_FOUND. Strings live in `a`. */
MUST_CHECK enum err attachment_by_id(struct db *db, struct arena *a, const char *id,
                                     struct attachment *out, struct fail *f);
/* Those of a message, in their order: at most ATTACHMENTS_MAX; *out lives in `a`. */
MUST_CHECK enum err attachment_list(struct db *db, struct arena *a, int64_t msg_id,
                                    struct attachment **out, size_t *count, struct fail *f);
/* Tells of each whole file that a person sent, in turn; a row's strings live until the next one. */
typedef void attachment_fn(void *ctx, const struct attachment *file);
MUST_CHECK enum err attachment_each_of(struct db *db, int64_t user_id, attachment_fn *tell,
                                       void *ctx, struct fail *f);
/* Bytes of all that a person has, and how many files of it are not posted. */
MUST_CHECK enum err attachment_usage(struct db *db, int64_t user_id, int64_t *bytes,
                                     int64_t *unposted, struct fail *f);
/* A person's that were begun before `before_ms` and never posted: their ids. */
MUST_CHECK enum err attachment_list_stale(struct db *db, struct arena *a, int64_t user_id,
                                          int64_t before_ms, const char **ids, size_t max,
                                          size_t *count, struct fail *f);

/* The same of anybody. */
MUST_CHECK enum err attachment_next_stale(struct db *db, struct arena *a, int64_t before_ms,
                                          struct attachment *out, bool *found, struct fail *f);
/* The next SHA-256 that a row names, of files or of small pictures, in order: 64 characters in `a`;
 * NULL at the end. */
MUST_CHECK enum err attachment_next_blob(struct db *db, struct arena *a, bool thumbs,
                                         const char *after, const char **out, struct fail *f);
/* Whether a row names these bytes. */
MUST_CHECK enum err attachment_has(struct db *db, const char *sha256, bool *out, struct fail *f);

/* In the caller's write transaction. The id, user, room, name, size and time of a new one. */
MUST_CHECK enum err attachment_insert(struct db *db, const struct attachment *n, struct fail *f);
/* name, size and file, or thumb, of one that is there and not posted: else ERR_FILE_NOT_FOUND. */
MUST_CHECK enum err attachment_set_file(struct db *db, const struct attachment *n, struct fail *f);
MUST_CHECK enum err attachment_set_thumb(struct db *db, const struct attachment *n, struct fail *f);
/* Makes it the message's, at `place`: a whole one of that person and room, posted nowhere else.
 * Else ERR_FILE_NOT_FOUND. */
MUST_CHECK enum err attachment_claim(struct db *db, const char *id, const struct message *m,
                                     int64_t place, struct fail *f);
/* One that is not posted; none: OK. */
MUST_CHECK enum err attachment_cancel(struct db *db, const char *id, int64_t user_id,
                                      struct fail *f);
/* Those of a message. */
MUST_CHECK enum err attachment_drop(struct db *db, int64_t msg_id, struct fail *f);
#endif
