#include "lib/sha256.h"

#include <endian.h>
#include <string.h>

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

static void compress(uint32_t state[8], const unsigned char *block)
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
