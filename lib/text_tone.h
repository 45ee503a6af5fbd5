/* Skin tones of emoji. */
#ifndef LIB_TEXT_TONE_H
#define LIB_TEXT_TONE_H

#include "lib/buf.h"

/* The length of ":skin-tone-2:" (light) to ":skin-tone-6:" (dark) at `s`, and the tone as UTF-8 in
 * *tone; 0 where there is none. */
size_t text_tone_length(const char *s, const char **tone);
/* Adds the emoji in this tone. False, and nothing is added, where it has no skin, or that of
 * several people. */
bool text_tone_add(struct buf *b, const char *emoji, size_t len, const char *tone);

#endif
