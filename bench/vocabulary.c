#include "bench/vocabulary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

void vocabulary_word(int rank, char out[VOCABULARY_WORD])
{
    static const char *const syllables[] = {"ka", "ro", "mi", "te", "su", "no", "la", "vi",
                                            "po", "re", "de", "an", "co", "st", "bu", "er"};
    size_t len = 0;

    do {
        len += (size_t)snprintf(out + len, VOCABULARY_WORD - len, "%s", syllables[rank % 16]);
        rank /= 16;
    } while (rank > 0 && len + 3 < VOCABULARY_WORD);
}

/* The integral of 1 / rank, turned around. */
int vocabulary_draw(uint64_t *state)
{
    double share = (double)draw(state) / (double)(UINT64_C(1) << 31);
    int rank = (int)pow(VOCABULARY_WORDS, share) - 1;

    return rank < VOCABULARY_WORDS ? rank : VOCABULARY_WORDS - 1;
}

void vocabulary_text(uint64_t *state, char *out, size_t size)
{
    int words = 3 + (int)(draw(state) % 20);
    char word[VOCABULARY_WORD];
    size_t len = 0;

    out[0] = '\0';
    for (int i = 0; i < words && len + VOCABULARY_WORD + 1 < size; i++) {
        vocabulary_word(vocabulary_draw(state), word);
        len += (size_t)snprintf(out + len, size - len, "%s%s", i ? " " : "", word);
    }
}
