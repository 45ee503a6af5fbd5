/*
 * The main() of every fuzzer: runs the files it is given, or makes inputs from the fuzzer's
 * examples by a seeded mutator, a bounded number of rounds (more with OUTCRY_LONG=1). It prints the
 * seed first and TAP; OUTCRY_SEED=N repeats a run exactly. A broken promise aborts, and prints its
 * round.
 *
 * A fuzzer defines LLVMFuzzerTestOneInput() and then FUZZ_MAIN(). With -DFUZZ_NO_MAIN and clang's
 * -fsanitize=fuzzer the same file is a libFuzzer target.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "lib/base.h"
#include "lib/secure.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FUZZ_INPUT_MAX = 16384, FUZZ_LONG_FACTOR = 30, FUZZ_MUTATIONS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_input {
    const char *s;
    size_t len;
};

/* From a string literal, which may have NULs in it. */
#define FUZZ_INPUT(literal)                                                                        \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

struct fuzz {
    const char *name;
    unsigned rounds;
    const struct fuzz_input *examples;
    size_t example_count;
    const struct fuzz_input *words; /* pieces that mean something */
    size_t word_count;
};

/* A promise that must hold for any input. */
#define FUZZ_PROMISE(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("# broken: %s (%s:%d)\n", #condition, __FILE__, __LINE__);                      \
            fflush(stdout);                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct fuzz_state {
    uint64_t random;
    size_t len;
    uint8_t data[FUZZ_INPUT_MAX];
};

/* splitmix64 */
static inline uint64_t fuzz_next(struct fuzz_state *s)
{
    uint64_t z = s->random += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline size_t fuzz_below(struct fuzz_state *s, size_t limit)
{
    return limit ? (size_t)(fuzz_next(s) % limit) : 0;
}

static inline void fuzz_insert(struct fuzz_state *s, size_t at, const void *bytes, size_t len)
{
    if (len > FUZZ_INPUT_MAX - s->len)
        len = FUZZ_INPUT_MAX - s->len;
    memmove(s->data + at + len, s->data + at, s->len - at);
    memcpy(s->data + at, bytes, len);
    s->len += len;
}

static inline void fuzz_remove(struct fuzz_state *s, size_t at, size_t len)
{
    memmove(s->data + at, s->data + at + len, s->len - at - len);
    s->len -= len;
}

/* Copies a piece of the input to another place in it, up to 64 times: nesting, repetition. */
static inline void fuzz_repeat(struct fuzz_state *s, size_t at)
{
    uint8_t piece[64];
    size_t len = fuzz_below(s, sizeof piece), from = fuzz_below(s, s->len);

    if (len > s->len - from)
        len = s->len - from;
    memcpy(piece, s->data + from, len);
    for (size_t times = 1 + fuzz_below(s, 2) * fuzz_below(s, 64); times > 0; times--)
        fuzz_insert(s, at, piece, len);
}

static inline void fuzz_mutate(const struct fuzz *z, struct fuzz_state *s)
{
    size_t at = fuzz_below(s, s->len + 1), left = s->len - at;
    const struct fuzz_input *other = &z->examples[fuzz_below(s, z->example_count)];
    const struct fuzz_input *word = &z->words[fuzz_below(s, z->word_count)];
    uint8_t byte = (uint8_t)fuzz_next(s);
    size_t from;

    switch (fuzz_below(s, 8)) {
    case 0:
        if (left)
            s->data[at] ^= (uint8_t)(1U << fuzz_below(s, 8));
        break;
    case 1:
        if (left)
            s->data[at] = byte;
        break;
    case 2:
        fuzz_insert(s, at, &byte, 1);
        break;
    case 3:
        fuzz_remove(s, at, fuzz_below(s, left < 16 ? left + 1 : 16));
        break;
    case 4:
        fuzz_repeat(s, at);
        break;
    case 5:
        from = fuzz_below(s, other->len);
        fuzz_insert(s, at, other->s + from, fuzz_below(s, other->len - from + 1));
        break;
    default:
        fuzz_insert(s, at, word->s, word->len);
        break;
    }
}

/* The input of one round depends on the seed and the round alone. */
static inline void fuzz_make(const struct fuzz *z, struct fuzz_state *s, uint64_t seed,
                             unsigned round)
{
    const struct fuzz_input *example;

    s->random = seed ^ (uint64_t)round << 32;
    s->len = 0;
    example = &z->examples[fuzz_below(s, z->example_count)];
    fuzz_insert(s, 0, example->s, example->len);
    for (size_t n = fuzz_below(s, FUZZ_MUTATIONS + 1); n > 0; n--)
        fuzz_mutate(z, s);
}

/* From memory of its exact size, so that the address sanitizer sees the first byte after it. */
static inline void fuzz_run(const uint8_t *data, size_t len)
{
    uint8_t *exact = xmalloc(len);

    memcpy(exact, data, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

static inline int fuzz_files(int argc, char **argv)
{
    uint8_t *data = xmalloc(FUZZ_INPUT_MAX);

    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        size_t len;

        if (!file)
            die("cannot open %s", argv[i]);
        len = fread(data, 1, FUZZ_INPUT_MAX, file);
        fclose(file);
        fuzz_run(data, len);
        printf("ok %d - %s\n", i, argv[i]);
    }
    free(data);
    printf("1..%d\n", argc - 1);
    return 0;
}

static inline int fuzz_main(const struct fuzz *z, int argc, char **argv)
{
    const char *given = getenv("OUTCRY_SEED"), *asked = getenv("OUTCRY_LONG");
    unsigned rounds = z->rounds * (asked && !strcmp(asked, "1") ? FUZZ_LONG_FACTOR : 1);
    struct fuzz_state *s;
    uint64_t seed;

    if (argc > 1)
        return fuzz_files(argc, argv);
    if (given)
        seed = strtoull(given, NULL, 10);
    else
        secure_random(&seed, sizeof seed);
    printf("1..1\n# OUTCRY_SEED=%llu, %u rounds\n", (unsigned long long)seed, rounds);
    fflush(stdout);
    s = xmalloc(sizeof *s);
    for (unsigned round = 0; round < rounds; round++) {
        fuzz_make(z, s, seed, round);
        fuzz_run(s->data, s->len);
    }
    free(s);
    printf("ok 1 - %s keeps its promises for any input\n", z->name);
    return 0;
}

#ifdef FUZZ_NO_MAIN
#define FUZZ_MAIN(title, count, examples, words)                                                   \
    _Static_assert(sizeof(examples) && sizeof(words) && (count) && sizeof(title), "")
#else
#define FUZZ_MAIN(title, count, examples, words)                                                   \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        const struct fuzz z = {title, count,           examples, ARRAY_LEN(examples),              \
                               words, ARRAY_LEN(words)};                                           \
        return fuzz_main(&z, argc, argv);                                                          \
    }                                                                                              \
    _Static_assert((count) > 0, "at least one round")
#endif

#endif
