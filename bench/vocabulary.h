/* Invented talk: words as frequent as those of a language (Zipf's law), the same each time. */
#ifndef BENCH_VOCABULARY_H
#define BENCH_VOCABULARY_H

#include "lib/base.h"

enum { VOCABULARY_WORDS = 30000, VOCABULARY_WORD = 24 };

/* The word of that rank, 0 the most frequent; no two are alike. */
void vocabulary_word(int rank, char out[VOCABULARY_WORD]);
/* A rank, the frequent ones often. `state` is any number, and changes. */
int vocabulary_draw(uint64_t *state);
/* A message of 3 to 22 words. */
void vocabulary_text(uint64_t *state, char *out, size_t size);

#endif
