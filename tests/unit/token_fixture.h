/*
 * What the tests of tokens share: policies of each kind, tokens made for them, and what verifying
 * those must say. The including test's main() uses token_keys_make and token_keys_free.
 */
#ifndef TESTS_UNIT_TOKEN_FIXTURE_H
#define TESTS_UNIT_TOKEN_FIXTURE_H

#include "lib/token_part.h"

#include "tests/unit/craft.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECRET "a secret of the host app, long enough for anyone"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS "{\"token_type\":\"access\",\"exp\":1800000300,\"iat\":1800000000,\"user_id\":7}"

static const int64_t NOW = 1800000000;

/* Made once: an RSA key takes a while. */
struct token_keys {
    EVP_PKEY *rsa, *p256, *p384;
};

struct fixture {
    const struct token_keys *keys;
    struct arena a;
    struct token_policy hs; /* HS256 with SECRET, leeway 30, nothing else asked for */
    struct token_policy rs, es;
    char token[CRAFT_MAX];
};

static inline int token_keys_make(void **state)
{
    struct token_keys *k = xcalloc(1, sizeof *k);

    k->rsa = EVP_RSA_gen(2048);
    k->p256 = EVP_EC_gen("P-256");
    k->p384 = EVP_EC_gen("P-384");
    *state = k;
    return k->rsa && k->p256 && k->p384 ? 0 : -1;
}

static inline int token_keys_free(void **state)
{
    struct token_keys *k = *state;

    EVP_PKEY_free(k->rsa);
    EVP_PKEY_free(k->p256);
    EVP_PKEY_free(k->p384);
    free(k);
    return 0;
}

static inline void fill_policy(struct token_policy *p, const char *alg, const void *key, size_t len)
{
    struct fail f;

    *p = (struct token_policy){.key_count = 1, .leeway_s = 30};
    assert_int_equal(token_foreign_load(&p->foreign, token_alg_find(alg), "jwt_alg", &f), OK);
    p->keys[0].alg = xstrdup(alg);
    p->keys[0].key = xcalloc(1, len + 1);
    memcpy(p->keys[0].key, key, len);
    p->keys[0].len = len;
    p->user_claim = xstrdup("user_id");
    p->name_claim = xstrdup("username");
    p->role_claim = xstrdup("role");
}

static inline void fill_public_policy(struct token_policy *p, const char *alg, EVP_PKEY *key)
{
    char pem[2048];

    fill_policy(p, alg, pem, craft_pem(key, false, pem, sizeof pem));
}

static inline int set_up(void **state)
{
    struct fixture *t = xcalloc(1, sizeof *t);

    arena_init(&t->a);
    fill_policy(&t->hs, "HS256", SECRET, strlen(SECRET));
    t->keys = *state; /* of the group */
    fill_public_policy(&t->rs, "RS256", t->keys->rsa);
    fill_public_policy(&t->es, "ES256", t->keys->p256);
    *state = t;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *t = *state;

    token_policy_release(&t->hs);
    token_policy_release(&t->rs);
    token_policy_release(&t->es);
    arena_release(&t->a);
    free(t);
    return 0;
}

static inline enum err verify(struct fixture *t, const struct token_policy *p, const char *token,
                              size_t len, struct token_claims *claims)
{
    struct fail f = {0};
    enum err e = token_verify(p, token, len, NOW, &t->a, claims, &f);

    if (e) {
        assert_int_equal(f.err, e);
        assert_true(strlen(f.message) > 10);
        assert_null(strstr(f.message, "eyJ"));
    }
    return e;
}

static inline enum err verify_str(struct fixture *t, const struct token_policy *p,
                                  const char *token)
{
    struct token_claims claims;

    return verify(t, p, token, strlen(token), &claims);
}

static inline void expect(struct fixture *t, const struct token_policy *p, enum err expected,
                          const char *what)
{
    enum err e = verify_str(t, p, t->token);

    if (e != expected)
        fail_msg("%s: got %s, expected %s", what, err_row(e)->code, err_row(expected)->code);
}

static inline void craft(struct fixture *t, const char *header, const char *claims)
{
    craft_hmac(t->token, EVP_sha256(), SECRET, strlen(SECRET), header, claims);
}

static inline void expect_claims(struct fixture *t, const struct token_policy *p,
                                 const char *claims, enum err expected)
{
    craft(t, HEADER, claims);
    expect(t, p, expected, claims);
}

static inline void expect_header(struct fixture *t, const char *header, enum err expected)
{
    craft(t, header, CLAIMS);
    expect(t, &t->hs, expected, header);
}

/* One claim beside those that are needed. */
static inline void expect_with(struct fixture *t, const struct token_policy *p, const char *claim,
                               enum err expected)
{
    char claims[1024];

    snprintf(claims, sizeof claims, "{\"exp\":%" PRId64 ",\"user_id\":7%s%s}", NOW + 300,
             *claim ? "," : "", claim);
    expect_claims(t, p, claims, expected);
}

#define TOKEN_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
