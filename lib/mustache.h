/*
 * Mustache (github.com/mustache/spec, core modules: interpolation, sections, inverted sections,
 * partials, comments, delimiters) over json-c objects. Debian has no such library for C.
 *
 * {{x}} escapes for HTML; {{{x}}} and {{&x}} do not, and lint lists their uses in templates. A
 * missing name and null render as nothing, an object or a list as compact JSON. False in a section
 * are null, false, 0, "" and the empty list. Nesting of sections and partials is at most 64.
 */
#ifndef LIB_MUSTACHE_H
#define LIB_MUSTACHE_H

#include "lib/buf.h"
#include "lib/err.h"

#include <json-c/json.h>

struct mustache; /* a parsed template; immutable, owned by its maker */

/* ERR_BAD_REQUEST with a sentence that has the line number where the template is not well formed.
 * `text` is copied. `name` appears in messages. */
MUST_CHECK enum err mustache_parse(const char *name, const char *text, size_t len,
                                   struct mustache **out, struct fail *f);
void mustache_free(struct mustache *m);

/* Finds a partial by name; NULL where there is none (it then renders as nothing). */
typedef const struct mustache *mustache_partial_fn(void *ctx, const char *name);

/* Appends to `out`. ERR_INTERNAL where nesting is too deep or `out` overflowed. */
MUST_CHECK enum err mustache_render(const struct mustache *m, struct json_object *data,
                                    mustache_partial_fn *partial, void *ctx, struct buf *out,
                                    struct fail *f);

#endif
