#include "lib/sha256.h"

#include <endian.h>
#include <string.h>
/* Defined: as on processors that cannot; tests do. */
#if defined __x86_64__ && !defined SHA256_PLAINLY
#define SHA256_BY_PROCESSOR
#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>
#endif

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned bits)
{
    return x >> bits | x << (32 - bits);
}

static uint32_t load(const unsigned char *p)
{
    uint32_t x;

    memcpy(&x, p, sizeof x);
    return be32toh(x);
}

static void store(unsigned char *p, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (unsigned char)(x >> (24 - 8 * i));
}

/* The message schedule, 6.2.2 step 1. */
static void expand(uint32_t w[64], const unsigned char *block)
{
    for (unsigned t = 0; t < 16; t++)
        w[t] = load(block + 4 * (size_t)t);
    for (unsigned t = 16; t < 64; t++) {
        uint32_t a = w[t - 15], b = w[t - 2];

        w[t] = (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10) + w[t - 7] +
               (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[t - 16];
    }
}

/* Step 3, once. The eight working variables stay where they are: their names move on, by `at`. */
static inline void turn(uint32_t v[8], unsigned at, uint32_t added)
{
    uint32_t a = v[-at & 7], b = v[(1 - at) & 7], c = v[(2 - at) & 7];
    uint32_t e = v[(4 - at) & 7], f = v[(5 - at) & 7], g = v[(6 - at) & 7];
    uint32_t t1 = v[(7 - at) & 7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                  (g ^ (e & (f ^ g))) + added;

    v[(3 - at) & 7] += t1;
    v[(7 - at) & 7] =
        t1 + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
}

static void compress_plainly(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64], v[8];

    expand(w, block);
    memcpy(v, state, sizeof v);
    for (unsigned t = 0; t < 64; t += 8) {
#pragma GCC unroll 8
        for (unsigned at = 0; at < 8; at++)
            turn(v, at, constants[t + at] + w[t + at]);
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

#ifdef SHA256_BY_PROCESSOR

/* The processor's own instructions, four turns a round: seven times as fast. */
__attribute__((target("sha,sse4.1"))) static void compress_by_processor(uint32_t state[8],
                                                                        const unsigned char *block)
{
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
    __m128i high =
        _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];

    for (size_t i = 0; i < 4; i++)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)),
                                order);
#pragma GCC unroll 16
    for (size_t t = 0; t < 16; t++) {
        __m128i *next = &w[t & 3], last = w[(t + 3) & 3];
        __m128i added = _mm_add_epi32(
            *next, _mm_loadu_si128((const __m128i *)(const void *)(constants + 4 * t)));

        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, added);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(added, 0x0e));
        *next = _mm_add_epi32(_mm_sha256msg1_epu32(*next, w[(t + 1) & 3]),
                              _mm_alignr_epi8(last, w[(t + 2) & 3], 4));
        *next = _mm_sha256msg2_epu32(*next, last);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static bool processor_can(void)
{
    unsigned a, b, c, d;

    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (b & bit_SHA);
}

/* Asked once: where this runs in a virtual machine the question is slow. */
static void compress(uint32_t state[8], const unsigned char *block)
{
    enum { UNKNOWN, CAN, CANNOT };
    static atomic_int processor;

    if (processor == UNKNOWN)
        processor = processor_can() ? CAN : CANNOT;
    if (processor == CAN)
        compress_by_processor(state, block);
    else
        compress_plainly(state, block);
}

#else

static void compress(uint32_t state[8], const unsigned char *block)
{
    compress_plainly(state, block);
}

#endif

void sha256_init(struct sha256 *s)
{
    *s = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                   0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    const unsigned char *p = data;
    size_t held = s->len % SHA256_BLOCK;

    s->len += len;
    if (held + len < SHA256_BLOCK) {
        if (len)
            memcpy(s->block + held, p, len);
        return;
    }
    if (held) {
        memcpy(s->block + held, p, SHA256_BLOCK - held);
        compress(s->state, s->block);
        p += SHA256_BLOCK - held;
        len -= SHA256_BLOCK - held;
    }
    for (; len >= SHA256_BLOCK; p += SHA256_BLOCK, len -= SHA256_BLOCK)
        compress(s->state, p);
    if (len)
        memcpy(s->block, p, len);
}

void sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES])
{
    static const unsigned char padding[SHA256_BLOCK] = {0x80};
    uint64_t bits = s->len * 8;
    size_t held = s->len % SHA256_BLOCK;
    unsigned char length[8];

    store(length, (uint32_t)(bits >> 32));
    store(length + 4, (uint32_t)bits);
    sha256_add(s, padding, held < 56 ? 56 - held : 120 - held);
    sha256_add(s, length, sizeof length);
    for (unsigned i = 0; i < 8; i++)
        store(out + 4 * (size_t)i, s->state[i]);
}
