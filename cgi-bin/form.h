/*
 * What a client filled in: a query string, an urlencoded or multipart body, or a JSON object, read
 * into one kind of value. Types and bounds are params.c's business; here bytes become fields.
 */
#ifndef CGI_BIN_FORM_H
#define CGI_BIN_FORM_H

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/json.h"

/* A form with files passes mod_fcgid's limit of 131,072 bytes. */
enum { FORM_FIELDS_MAX = 64, FORM_FILES_MAX = 122880 };

enum form_kind { FORM_EMPTY, FORM_URLENCODED, FORM_MULTIPART, FORM_JSON };

/* Bytes as sent, decoded; they may hold anything, NUL too. A NUL follows. */
struct form_field {
    const char *name, *value;
    size_t name_len, value_len;
    const char *filename; /* of a multipart form's file, as sent; NULL: no file */
    size_t filename_len;
};

struct form {
    enum form_kind kind;
    struct form_field fields[FORM_FIELDS_MAX];
    size_t count;
    struct json_object *json; /* FORM_JSON: an object; owned */
};

/* The kind that a Content-Type means; "" or NULL is FORM_EMPTY. ERR_UNSUPPORTED_MEDIA_TYPE. */
MUST_CHECK enum err form_kind_of(const char *content_type, enum form_kind *out, struct fail *f);

/* Parses a body of that kind. ERR_BAD_JSON, or ERR_BAD_REQUEST for what is malformed or has too
 * many fields. Release it in either case. */
MUST_CHECK enum err form_parse(struct form *form, struct arena *a, enum form_kind kind,
                               const char *content_type, const char *body, size_t len,
                               struct fail *f);
/* A query string: urlencoded. */
MUST_CHECK enum err form_parse_query(struct form *form, struct arena *a, const char *query,
                                     struct fail *f);
void form_release(struct form *form);

/* How often a field came (not for JSON), and its first occurrence in *out. */
size_t form_find(const struct form *form, const char *name, const struct form_field **out);

#endif
