/* The beginning of a message, on one line: what a quote shows of it. */
#ifndef CHAT_EXCERPT_H
#define CHAT_EXCERPT_H

#include <stddef.h>

enum { EXCERPT_CHARS = 120, EXCERPT_BYTES = 4 * EXCERPT_CHARS + 4 };

/* At most EXCERPT_CHARS code points of valid UTF-8, every run of blanks as one space, "…" where
 * more follows; NUL-terminated. */
void excerpt_write(char out[EXCERPT_BYTES], const char *body);

#endif
