/*
 * Tokens made by hand, the hostile ones too: any header and any claims, signed with libcrypto
 * alone, so that neither libjwt nor our own code judges what it made itself. For tests and fuzzers.
 */
#ifndef TESTS_UNIT_CRAFT_H
#define TESTS_UNIT_CRAFT_H

#include "lib/base.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

enum { CRAFT_MAX = 32768 };

/* Appends base64url without padding; returns the new length. */
static inline size_t craft_base64url(char *out, size_t at, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *s = bytes;

    for (size_t i = 0; i < len; i += 3) {
        unsigned b = (unsigned)s[i] << 16 | (i + 1 < len ? (unsigned)s[i + 1] << 8 : 0) |
                     (i + 2 < len ? s[i + 2] : 0);

        out[at++] = digits[b >> 18 & 63];
        out[at++] = digits[b >> 12 & 63];
        if (i + 1 < len)
            out[at++] = digits[b >> 6 & 63];
        if (i + 2 < len)
            out[at++] = digits[b & 63];
    }
    out[at] = '\0';
    return at;
}

/* "header.claims", what a signature is of. */
static inline size_t craft_unsigned(char *out, const char *header, const char *claims)
{
    size_t at = craft_base64url(out, 0, header, strlen(header));

    out[at++] = '.';
    return craft_base64url(out, at, claims, strlen(claims));
}

static inline void craft_hmac(char *out, const EVP_MD *md, const void *key, size_t key_len,
                              const char *header, const char *claims)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_len;
    size_t len = craft_unsigned(out, header, claims);

    if (!HMAC(md, key, (int)key_len, (const unsigned char *)out, len, mac, &mac_len))
        die("craft: HMAC");
    out[len++] = '.';
    craft_base64url(out, len, mac, mac_len);
}

/* RSA as it is; ECDSA from DER to r and s of equal length, as RFC 7518 has it. */
static inline void craft_pkey(char *out, EVP_PKEY *key, const char *header, const char *claims)
{
    unsigned char sig[1024], raw[160] = {0};
    size_t sig_len = sizeof sig, len = craft_unsigned(out, header, claims);
    size_t half = (size_t)(EVP_PKEY_get_bits(key) + 7) / 8;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const unsigned char *der = sig;
    ECDSA_SIG *ec;

    if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, sig, &sig_len, (const unsigned char *)out, len) != 1)
        die("craft: signing");
    EVP_MD_CTX_free(ctx);
    out[len++] = '.';
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) {
        craft_base64url(out, len, sig, sig_len);
        return;
    }
    ec = d2i_ECDSA_SIG(NULL, &der, (long)sig_len);
    if (!ec || BN_bn2binpad(ECDSA_SIG_get0_r(ec), raw, (int)half) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(ec), raw + half, (int)half) < 0)
        die("craft: ECDSA");
    ECDSA_SIG_free(ec);
    craft_base64url(out, len, raw, 2 * half);
}

/* The PEM of a key, NUL-terminated, in `out`. */
static inline size_t craft_pem(EVP_PKEY *key, bool private_key, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int ok = private_key ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
                         : PEM_write_bio_PUBKEY(bio, key);
    int len = ok ? BIO_read(bio, out, (int)size - 1) : 0;

    if (len <= 0)
        die("craft: PEM");
    out[len] = '\0';
    BIO_free(bio);
    return (size_t)len;
}

#endif
