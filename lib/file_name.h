/* The name of a file that somebody sent: shown to others, and what their browser saves it as. */
#ifndef LIB_FILE_NAME_H
#define LIB_FILE_NAME_H

#include "lib/arena.h"
#include "lib/media.h"

enum { FILE_NAME_CHARS = 120 };

/* Without folders, controls, bidi and invisible characters and what no file system takes; never
 * empty. Both live in `a`. */
const char *file_name_clean(struct arena *a, const char *name, size_t len);
/* The same with an end that fits its kind: a text called run.bat becomes run.bat.txt. */
const char *file_name_fit(struct arena *a, const char *name, enum media kind);

#endif
