/*
 * Randomness and keyed hashes (getrandom(2), Nettle's SHA-256), and what is built on them: ids
 * that say nothing, and seals that only this installation can make.
 */
#ifndef LIB_SECURE_H
#define LIB_SECURE_H

#include "lib/base.h"

enum { SECURE_HASH = 32 };

void secure_random(void *out, size_t len);
/* Uniform in 1 … 2^53-1, so that JavaScript holds it exactly. */
int64_t secure_random_id(void);
/* Writes 2×bytes lower-case hex digits and a NUL. */
void secure_random_hex(char *out, size_t bytes);
void secure_hex(char *out, const unsigned char *bytes, size_t len);

void secure_sha256(unsigned char out[SECURE_HASH], const void *data, size_t len);
/* The same, piece by piece; _end() frees what _begin() made. */
struct secure_hash;
struct secure_hash *secure_hash_begin(void);
void secure_hash_add(struct secure_hash *h, const void *data, size_t len);
void secure_hash_end(struct secure_hash *h, unsigned char out[SECURE_HASH]);
void secure_hmac(unsigned char out[SECURE_HASH], const void *key, size_t key_len, const void *data,
                 size_t len);
/* Compares without telling by time where the difference is. */
bool secure_equal(const void *a, const void *b, size_t len);

#endif
