#include "lib/secure.h"

#include "lib/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Ends the process where the kernel gives no randomness: nothing safe could follow. */
void secure_random(void *out, size_t len)
{
    unsigned char *p = out;

    while (len > 0) {
        ssize_t got = getrandom(p, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            die("getrandom failed (errno %d)", errno);
        p += got;
        len -= (size_t)got;
    }
}

int64_t secure_random_id(void)
{
    uint64_t n;

    do {
        secure_random(&n, sizeof n);
        n >>= 11;
    } while (n == 0);
    return (int64_t)n;
}

void secure_hex(char *out, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

void secure_random_hex(char *out, size_t bytes)
{
    unsigned char some[32];

    while (bytes > 0) {
        size_t n = bytes < sizeof some ? bytes : sizeof some;

        secure_random(some, n);
        secure_hex(out, some, n);
        out += 2 * n;
        bytes -= n;
    }
    *out = '\0';
}

void secure_sha256(unsigned char out[SECURE_HASH], const void *data, size_t len)
{
    struct sha256 s;

    sha256_init(&s);
    sha256_add(&s, data, len);
    sha256_end(&s, out);
}

struct secure_hash {
    struct sha256 sha;
};

struct secure_hash *secure_hash_begin(void)
{
    struct secure_hash *h = xmalloc(sizeof *h);

    sha256_init(&h->sha);
    return h;
}

void secure_hash_add(struct secure_hash *h, const void *data, size_t len)
{
    sha256_add(&h->sha, data, len);
}

void secure_hash_end(struct secure_hash *h, unsigned char out[SECURE_HASH])
{
    sha256_end(&h->sha, out);
    free(h);
}

/* RFC 2104's inner or outer hash, by the byte that the key is mixed with. */
static void hash_keyed(unsigned char out[SECURE_HASH], const unsigned char key[SHA256_BLOCK],
                       unsigned char with, const void *data, size_t len)
{
    unsigned char pad[SHA256_BLOCK];
    struct sha256 s;

    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] = key[i] ^ with;
    sha256_init(&s);
    sha256_add(&s, pad, sizeof pad);
    sha256_add(&s, data, len);
    sha256_end(&s, out);
    explicit_bzero(pad, sizeof pad);
    explicit_bzero(&s, sizeof s);
}

/* A key longer than a block is its hash. */
void secure_hmac(unsigned char out[SECURE_HASH], const void *key, size_t key_len, const void *data,
                 size_t len)
{
    unsigned char block[SHA256_BLOCK] = {0}, inner[SECURE_HASH];

    if (key_len > sizeof block)
        secure_sha256(block, key, key_len);
    else if (key_len)
        memcpy(block, key, key_len);
    hash_keyed(inner, block, 0x36, data, len);
    hash_keyed(out, block, 0x5c, inner, sizeof inner);
    explicit_bzero(block, sizeof block);
}

bool secure_equal(const void *a, const void *b, size_t len)
{
    const volatile unsigned char *p = a, *q = b; /* each is read, whatever the compiler knows */
    unsigned char differs = 0;

    for (size_t i = 0; i < len; i++)
        differs |= p[i] ^ q[i];
    return !differs;
}
