#include "lib/secure.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
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
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, len, data);
    sha256_digest(&context, SECURE_HASH, out);
}

struct secure_hash {
    struct sha256_ctx context;
};

struct secure_hash *secure_hash_begin(void)
{
    struct secure_hash *h = xmalloc(sizeof *h);

    sha256_init(&h->context);
    return h;
}

void secure_hash_add(struct secure_hash *h, const void *data, size_t len)
{
    sha256_update(&h->context, len, data);
}

void secure_hash_end(struct secure_hash *h, unsigned char out[SECURE_HASH])
{
    sha256_digest(&h->context, SECURE_HASH, out);
    free(h);
}

void secure_hmac(unsigned char out[SECURE_HASH], const void *key, size_t key_len, const void *data,
                 size_t len)
{
    struct hmac_sha256_ctx context;

    hmac_sha256_set_key(&context, key_len, key);
    hmac_sha256_update(&context, len, data);
    hmac_sha256_digest(&context, SECURE_HASH, out);
    explicit_bzero(&context, sizeof context);
}

bool secure_equal(const void *a, const void *b, size_t len)
{
    return memeql_sec(a, b, len) != 0;
}
