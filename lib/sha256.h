/*
 * SHA-256 (FIPS 180-4), of our own: libcrypto's costs each process 0.4 MB of relocations, and each
 * CGI request the millisecond that they take. lib/secure.h is what others use.
 */
#ifndef LIB_SHA256_H
#define LIB_SHA256_H

#include "lib/base.h"

enum { SHA256_BYTES = 32, SHA256_BLOCK = 64 };

struct sha256 {
    uint32_t state[8];
    uint64_t len; /* bytes so far */
    unsigned char block[SHA256_BLOCK];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES]);

#endif
