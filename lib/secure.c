#include "lib/secure.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sys/random.h>

void secure_init(void)
{
    if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                                 OPENSSL_INIT_NO_ADD_ALL_DIGESTS | OPENSSL_INIT_NO_LOAD_CONFIG,
                             NULL))
        die("libcrypto cannot be used");
}

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
    if (!EVP_Digest(len ? data : "", len, out, NULL, EVP_sha256(), NULL))
        die("libcrypto has no SHA-256");
}

static EVP_MD_CTX *context_of(struct secure_hash *h)
{
    return (EVP_MD_CTX *)(void *)h;
}

struct secure_hash *secure_hash_begin(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
        die("libcrypto has no SHA-256");
    return (struct secure_hash *)(void *)context;
}

void secure_hash_add(struct secure_hash *h, const void *data, size_t len)
{
    if (!EVP_DigestUpdate(context_of(h), data, len))
        die("libcrypto cannot hash");
}

void secure_hash_end(struct secure_hash *h, unsigned char out[SECURE_HASH])
{
    if (!EVP_DigestFinal_ex(context_of(h), out, NULL))
        die("libcrypto cannot hash");
    EVP_MD_CTX_free(context_of(h));
}

void secure_hmac(unsigned char out[SECURE_HASH], const void *key, size_t key_len, const void *data,
                 size_t len)
{
    unsigned char hashed[SECURE_HASH];

    /* RFC 2104: a key longer than a block is its hash. libcrypto takes its length as an int. */
    if (key_len > INT_MAX) {
        secure_sha256(hashed, key, key_len);
        key = hashed;
        key_len = sizeof hashed;
    }
    if (!HMAC(EVP_sha256(), key_len ? key : "", (int)key_len, len ? data : (const void *)"", len,
              out, NULL))
        die("libcrypto has no HMAC-SHA-256");
}

bool secure_equal(const void *a, const void *b, size_t len)
{
    return len == 0 || CRYPTO_memcmp(a, b, len) == 0;
}
