/*
 * Letters of other alphabets that readers take for Latin ones. A small excerpt by eye of what
 * Unicode UTS 39 (confusables.txt) lists for Cyrillic, Greek, Armenian and phonetic letters; digits
 * are kept apart from letters, and l from I. Used by text_fold() alone.
 */
#ifndef LIB_TEXT_ALIKE_H
#define LIB_TEXT_ALIKE_H

#include "lib/base.h"

/* For a case-folded code point, by the shape of its capital or of both: the Latin letter, or 0. */
char text_alike_folded(int32_t cp);
/* For small letters whose capital looks like another Latin letter, or like none. */
char text_alike_small(int32_t cp);

#endif
