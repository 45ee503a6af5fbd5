/*
 * The page templates: built in (templates/), each replaced by a file of the same name in the
 * configured template_dir; each parsed once per process at most.
 */
#ifndef CGI_BIN_VIEW_H
#define CGI_BIN_VIEW_H

#include "lib/buf.h"
#include "lib/err.h"

#include <json-c/json.h>

enum { VIEW_VERSION = 40 };

struct view;

/* A hash over static/, made at build time: the ?v= of every static file's URL. */
extern const char asset_version[];

/* `template_dir` "" : the built-in ones only. ERR_BAD_REQUEST with file and line of what is not
 * well formed, ERR_NOT_FOUND where the folder cannot be read. */
MUST_CHECK enum err view_open(struct view **out, const char *template_dir, struct fail *f);
void view_close(struct view *v);
void view_rest(struct view *v); /* ours are parsed again when they are needed */
/* `name` without ".mustache". Appends to `out`. */
MUST_CHECK enum err view_render(const struct view *v, const char *name, struct json_object *data,
                                struct buf *out, struct fail *f);

/* The ?v= of site.css in the configured static_dir, from its time and
 * size; "" where there is none. */
void view_site_version(char out[VIEW_VERSION], const char *static_dir);

#endif
