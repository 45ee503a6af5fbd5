/*
 * JSON from outside, parsed as RFC 8259 says and no wider: json-c alone accepts NaN, single quotes,
 * raw control characters, leading zeros and invalid UTF-8 (measured, 0.16), saturates big integers
 * and converts types silently. Depth at most 32.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include "lib/arena.h"
#include "lib/err.h"

#include <json-c/json.h>

/* ERR_BAD_JSON with a sentence that names the place. On OK the caller
 * owns *out (json_object_put). */
MUST_CHECK enum err json_parse(const char *s, size_t len, struct json_object **out, struct fail *f);

/* Typed fields of an object. Absent and null: OK with the default. Another type, a NUL inside a
 * string, or a number outside min…max: ERR_BAD_REQUEST with a sentence that names the field.
 * Strings belong to `o`. */
MUST_CHECK enum err json_get_str(struct json_object *o, const char *key, const char **out,
                                 size_t *len, struct fail *f);
/* A list of strings without blanks in them, with a blank between; *out lives in `a`. */
MUST_CHECK enum err json_get_words(struct json_object *o, const char *key, struct arena *a,
                                   const char **out, size_t *len, struct fail *f);
MUST_CHECK enum err json_get_i64(struct json_object *o, const char *key, int64_t min, int64_t max,
                                 int64_t *out, struct fail *f); /* absent: *out stays */
MUST_CHECK enum err json_get_bool(struct json_object *o, const char *key, bool *out,
                                  struct fail *f); /* absent: *out stays */

/* Building: each takes over the value; a NULL string adds nothing. */
void json_set_str(struct json_object *o, const char *key, const char *s);
void json_set_i64(struct json_object *o, const char *key, int64_t n);
void json_set_bool(struct json_object *o, const char *key, bool b);
void json_set(struct json_object *o, const char *key, struct json_object *value);
/* Compact text, valid until `o` changes or goes. */
const char *json_text(struct json_object *o, size_t *len);

#endif
