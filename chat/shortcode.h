/* Emoji by name: `:rocket:`. With both colons only, so that `:)` and `10:30` stay as they are. */
#ifndef CHAT_SHORTCODE_H
#define CHAT_SHORTCODE_H

#include "lib/arena.h"

enum { SHORTCODE_MAX = 40 }; /* bytes between the colons */

/* `text` with its shortcodes replaced, but in code and addresses; `text`
 * itself where it has none. */
const char *shortcode_replace(struct arena *a, const char *text);

/* How long the code at `s` is, from its first backtick to its last; the backticks alone where
 * nothing closes them. */
size_t shortcode_code_length(const char *s);

#endif
