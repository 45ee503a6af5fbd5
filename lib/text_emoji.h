/* Which texts are one emoji: a reaction may be nothing else. */
#ifndef LIB_TEXT_EMOJI_H
#define LIB_TEXT_EMOJI_H

#include "lib/base.h"

enum { TEXT_EMOJI_BYTES = 64 };

/* One emoji sequence in UTF-8, of at most TEXT_EMOJI_BYTES: a pictograph with skin tone or
 * variation selector, several joined, a flag, a keycap. */
bool text_is_emoji(const char *s, size_t len);
/* The same emoji, with or without variation selectors. Both are emoji. */
bool text_same_emoji(const char *a, const char *b);

#endif
