/* Finding one text in another, upper and lower case alike. */
#ifndef LIB_TEXT_FIND_H
#define LIB_TEXT_FIND_H

#include "lib/base.h"

/* Where `part` (not empty) first stands at or after *start: *start and *end, in bytes. Both are
 * valid UTF-8, and *start is at a character. */
bool text_find(const char *s, size_t len, const char *part, size_t part_len, size_t *start,
               size_t *end);

/* Of the first character, which must be there. */
size_t text_char_len(const char *s);
/* Written without blanks between words (Han, kana, Thai …), so that no index of words has them. */
bool text_is_unspaced(const char *s, size_t len);
/* A letter, a digit, a mark or '_' of a script that does. */
bool text_is_in_word(const char *s, size_t len);

#endif
