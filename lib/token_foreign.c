/*
 * What a site needs whose tokens are not HS256: libjwt, and libcrypto below it. Loaded by name, so
 * that those who have no use for them do not carry them: 0.4 MB that are each process's own, and a
 * third of the time in which a CGI program answers.
 */
#include "lib/token_part.h"

#include <dlfcn.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

enum { RSA_MIN_BITS = 2048 };

struct token_foreign {
    __typeof__(jwt_decode) *jwt_decode;
    __typeof__(jwt_get_alg) *jwt_get_alg;
    __typeof__(jwt_free) *jwt_free;
    __typeof__(jwt_new) *jwt_new;
    __typeof__(jwt_add_grants_json) *jwt_add_grants_json;
    __typeof__(jwt_set_alg) *jwt_set_alg;
    __typeof__(jwt_add_header) *jwt_add_header;
    __typeof__(jwt_encode_str) *jwt_encode_str;
    __typeof__(OPENSSL_init_crypto) *OPENSSL_init_crypto;
    __typeof__(BIO_new_mem_buf) *BIO_new_mem_buf;
    __typeof__(BIO_free) *BIO_free;
    __typeof__(PEM_read_bio_PUBKEY) *PEM_read_bio_PUBKEY;
    __typeof__(EVP_PKEY_get_base_id) *EVP_PKEY_get_base_id;
    __typeof__(EVP_PKEY_get_bits) *EVP_PKEY_get_bits;
    __typeof__(EVP_PKEY_get_group_name) *EVP_PKEY_get_group_name;
    __typeof__(EVP_PKEY_free) *EVP_PKEY_free;
    __typeof__(ERR_clear_error) *ERR_clear_error;
};

/* Where in there a function of this name belongs. */
#define PLACE(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct token_foreign, name)                                                \
    }

struct function_place {
    const char *name;
    size_t offset;
};
static const struct function_place of_libjwt[] = {
    PLACE(jwt_decode),          PLACE(jwt_get_alg), PLACE(jwt_free),       PLACE(jwt_new),
    PLACE(jwt_add_grants_json), PLACE(jwt_set_alg), PLACE(jwt_add_header), PLACE(jwt_encode_str),
};
static const struct function_place of_libcrypto[] = {
    PLACE(OPENSSL_init_crypto),     PLACE(BIO_new_mem_buf),      PLACE(BIO_free),
    PLACE(PEM_read_bio_PUBKEY),     PLACE(EVP_PKEY_get_base_id), PLACE(EVP_PKEY_get_bits),
    PLACE(EVP_PKEY_get_group_name), PLACE(EVP_PKEY_free),        PLACE(ERR_clear_error),
};

/* The library stays in the process, whoever frees what points into it: keys are read again. */
static bool find(const char *soname, const struct function_place *places, size_t count,
                 struct token_foreign *out)
{
    void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    bool found = handle != NULL;

    for (size_t i = 0; found && i < count; i++) {
        void *function = dlsym(handle, places[i].name);

        memcpy((char *)out + places[i].offset, &function, sizeof function);
        found = function != NULL;
    }
    if (handle)
        dlclose(handle);
    return found;
}

bool token_alg_is_own(const struct token_alg *alg)
{
    return alg->id == JWT_ALG_HS256;
}

/* libcrypto without the texts of its errors and without its configuration, which we do not use. */
enum err token_foreign_load(struct token_foreign **lib, const struct token_alg *alg,
                            const char *setting, struct fail *f)
{
    struct token_foreign found = {0};

    if (*lib || token_alg_is_own(alg))
        return OK;
    if (!find("libcrypto.so.3", of_libcrypto, ARRAY_LEN(of_libcrypto), &found) ||
        !found.OPENSSL_init_crypto(
            OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG, NULL) ||
        !find("libjwt.so.0", of_libjwt, ARRAY_LEN(of_libjwt), &found))
        return fail(f, ERR_BAD_REQUEST,
                    "%s = %s needs libjwt and libcrypto, which cannot be loaded. Run: apt-get "
                    "install libjwt0",
                    setting, alg->name);
    *lib = xmalloc(sizeof found);
    **lib = found;
    return OK;
}

bool token_foreign_fits(const struct token_foreign *lib, const struct token_key *key,
                        const struct token_alg *alg, const char *token)
{
    jwt_t *jwt = NULL;
    bool ok;

    if (lib->jwt_decode(&jwt, token, key->key, (int)key->len)) {
        /* A TLS connection on this thread must not find our leftovers. */
        lib->ERR_clear_error();
        return false;
    }
    ok = lib->jwt_get_alg(jwt) == alg->id;
    lib->jwt_free(jwt);
    return ok;
}

char *token_foreign_sign(const struct token_foreign *lib, const struct token_key *key,
                         const struct token_alg *alg, const char *claims)
{
    char *text = NULL;
    jwt_t *jwt;

    if (lib->jwt_new(&jwt))
        return NULL;
    if (!lib->jwt_add_grants_json(jwt, claims) &&
        !lib->jwt_set_alg(jwt, alg->id, key->key, (int)key->len) &&
        (!key->kid || !lib->jwt_add_header(jwt, "kid", key->kid)))
        text = lib->jwt_encode_str(jwt);
    lib->jwt_free(jwt);
    return text;
}

enum err token_foreign_check_public(const struct token_foreign *lib, const struct token_key *key,
                                    const struct token_alg *alg, const char *setting,
                                    struct fail *f)
{
    BIO *bio = lib->BIO_new_mem_buf(key->key, (int)key->len);
    EVP_PKEY *pkey = lib->PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    char group[64] = "";
    int type = pkey ? lib->EVP_PKEY_get_base_id(pkey) : 0,
        bits = pkey ? lib->EVP_PKEY_get_bits(pkey) : 0;

    if (type == EVP_PKEY_EC && !lib->EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL))
        group[0] = '\0';
    lib->EVP_PKEY_free(pkey);
    lib->BIO_free(bio);
    lib->ERR_clear_error();
    if (!type)
        return fail(f, ERR_BAD_REQUEST,
                    "%s is no PEM public key. Make one with: openssl pkey -in PRIVATE -pubout",
                    setting);
    if (alg->kind == TOKEN_KEY_RSA && type != EVP_PKEY_RSA)
        return fail(f, ERR_BAD_REQUEST, "%s is not an RSA key, which %s needs.", setting,
                    alg->name);
    if (alg->kind == TOKEN_KEY_RSA && bits < RSA_MIN_BITS)
        return fail(f, ERR_BAD_REQUEST, "%s is an RSA key of %d bits; at least %d are needed.",
                    setting, bits, RSA_MIN_BITS);
    if (alg->kind == TOKEN_KEY_EC && strcmp(group, "prime256v1") != 0)
        return fail(f, ERR_BAD_REQUEST, "%s is not a P-256 (prime256v1) key, which %s needs.",
                    setting, alg->name);
    return OK;
}
