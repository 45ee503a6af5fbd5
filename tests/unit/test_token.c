/* A token's shape, header and signature, the hostile ones by name; and what we sign ourselves. */
#include "tests/unit/token_fixture.h"

static void test_each_algorithm_verifies_its_own_tokens(void **state)
{
    struct fixture *t = *state;
    struct token_policy p;

    craft(t, HEADER, CLAIMS);
    expect(t, &t->hs, OK, "HS256");
    fill_policy(&p, "HS384", SECRET, strlen(SECRET));
    craft_hmac(t->token, EVP_sha384(), SECRET, strlen(SECRET), "{\"alg\":\"HS384\"}", CLAIMS);
    expect(t, &p, OK, "HS384");
    token_policy_release(&p);
    fill_policy(&p, "HS512", SECRET, strlen(SECRET));
    craft_hmac(t->token, EVP_sha512(), SECRET, strlen(SECRET), "{\"alg\":\"HS512\"}", CLAIMS);
    expect(t, &p, OK, "HS512");
    token_policy_release(&p);
    craft_pkey(t->token, t->keys->rsa, "{\"alg\":\"RS256\"}", CLAIMS);
    expect(t, &t->rs, OK, "RS256");
    craft_pkey(t->token, t->keys->p256, "{\"alg\":\"ES256\"}", CLAIMS);
    expect(t, &t->es, OK, "ES256");
}

static void test_alg_none_is_refused_in_every_spelling(void **state)
{
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
                                          "{\"alg\":\"NONE\"}", "{\"alg\":\"nOnE\"}",
                                          "{\"alg\":\"\"}",     "{}"};
    struct fixture *t = *state;
    size_t len;

    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        expect_header(t, headers[i], ERR_TOKEN_INVALID);
        len = craft_unsigned(t->token, headers[i], CLAIMS);
        expect(t, &t->hs, ERR_TOKEN_INVALID, "two parts");
        memcpy(t->token + len, ".", 2);
        expect(t, &t->hs, ERR_TOKEN_INVALID, "an empty signature");
        expect(t, &t->rs, ERR_TOKEN_INVALID, "an empty signature");
        memcpy(t->token + len, ".AA", 4);
        expect(t, &t->hs, ERR_TOKEN_INVALID, "some signature");
    }
}

static void test_hs256_signed_with_the_public_key_is_refused(void **state)
{
    struct fixture *t = *state;
    char pem[2048];
    size_t len = craft_pem(t->keys->rsa, false, pem, sizeof pem);

    craft_hmac(t->token, EVP_sha256(), pem, len, HEADER, CLAIMS);
    expect(t, &t->rs, ERR_TOKEN_INVALID, "HS256 with the RSA public key");
    craft_hmac(t->token, EVP_sha256(), pem, len, "{\"alg\":\"RS256\"}", CLAIMS);
    expect(t, &t->rs, ERR_TOKEN_INVALID, "said to be RS256");
    len = craft_pem(t->keys->p256, false, pem, sizeof pem);
    craft_hmac(t->token, EVP_sha256(), pem, len, HEADER, CLAIMS);
    expect(t, &t->es, ERR_TOKEN_INVALID, "HS256 with the EC public key");
}

static void test_another_algorithm_than_the_configured_is_refused(void **state)
{
    struct fixture *t = *state;
    EVP_PKEY *other = EVP_RSA_gen(2048);

    craft_hmac(t->token, EVP_sha512(), SECRET, strlen(SECRET), "{\"alg\":\"HS512\"}", CLAIMS);
    expect(t, &t->hs, ERR_TOKEN_INVALID, "HS512 where HS256 is configured");
    expect_header(t, "{\"alg\":\"hs256\"}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"HS256 \"}", ERR_TOKEN_INVALID);
    craft_pkey(t->token, t->keys->rsa, "{\"alg\":\"RS256\"}", CLAIMS);
    expect(t, &t->es, ERR_TOKEN_INVALID, "RS256 where ES256 is configured");
    craft_pkey(t->token, t->keys->p384, "{\"alg\":\"ES256\"}", CLAIMS);
    expect(t, &t->es, ERR_TOKEN_INVALID, "P-384");
    craft_pkey(t->token, other, "{\"alg\":\"RS256\"}", CLAIMS);
    expect(t, &t->rs, ERR_TOKEN_INVALID, "another RSA key");
    EVP_PKEY_free(other);
    craft_hmac(t->token, EVP_sha256(), "wrong", 5, HEADER, CLAIMS);
    expect(t, &t->hs, ERR_TOKEN_INVALID, "another secret");
    craft_hmac(t->token, EVP_sha256(), "", 0, HEADER, CLAIMS);
    expect(t, &t->hs, ERR_TOKEN_INVALID, "an empty secret");
}

static void test_headers_that_ask_for_more_are_refused(void **state)
{
    struct fixture *t = *state;

    expect_header(t, "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"HS256\",\"crit\":null}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"HS256\",\"b64\":true}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"HS256\",\"alg\":\"HS256\"}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"none\",\"alg\":\"HS256\"}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":[\"HS256\"]}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"HS256\\u0000\"}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"HS256\",\"kid\":1}", ERR_TOKEN_INVALID);
    expect_header(t, "{\"alg\":\"HS256\",\"typ\":1}", ERR_TOKEN_INVALID);
    expect_header(t, "{'alg':'HS256'}", ERR_TOKEN_INVALID);
    expect_header(t, "[\"HS256\"]", ERR_TOKEN_INVALID);
    expect_header(t, "null", ERR_TOKEN_INVALID);
}

static void test_headers_that_only_tell_more_are_taken(void **state)
{
    struct fixture *t = *state;

    expect_header(t, "{\"alg\":\"HS256\"}", OK);
    expect_header(t, "{\"typ\":\"jwt\",\"alg\":\"HS256\"}", OK);
    expect_header(t, "{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}", OK);
    expect_header(t, "{\"alg\":\"HS256\",\"jku\":\"http://127.0.0.1/\",\"jwk\":{\"k\":\"\"}}", OK);
    /* A token of another type was made for something else. */
    expect_header(t, "{\"typ\":\"at+jwt\",\"alg\":\"HS256\"}", ERR_TOKEN_INVALID);
}

static void test_a_key_id_chooses_the_key_and_rotation_takes_both(void **state)
{
    static const char next[] = "the next secret of the host app, just as long";
    struct fixture *t = *state;
    struct token_policy *p = &t->hs;

    p->keys[1] = (struct token_key){
        .alg = xstrdup("HS256"), .key = (unsigned char *)xstrdup(next), .len = strlen(next)};
    p->key_count = 2;
    craft(t, HEADER, CLAIMS);
    expect(t, p, OK, "the first key");
    craft_hmac(t->token, EVP_sha256(), next, strlen(next), HEADER, CLAIMS);
    expect(t, p, OK, "the second key");
    p->keys[0].kid = xstrdup("a");
    p->keys[1].kid = xstrdup("b");
    expect(t, p, ERR_TOKEN_INVALID, "no key id where keys have one");
    craft_hmac(t->token, EVP_sha256(), next, strlen(next), "{\"alg\":\"HS256\",\"kid\":\"b\"}",
               CLAIMS);
    expect(t, p, OK, "the second key by its id");
    craft_hmac(t->token, EVP_sha256(), next, strlen(next), "{\"alg\":\"HS256\",\"kid\":\"a\"}",
               CLAIMS);
    expect(t, p, ERR_TOKEN_INVALID, "the other key's id");
    expect_header(t, "{\"alg\":\"HS256\",\"kid\":\"c\"}", ERR_TOKEN_INVALID);
}

static void test_without_keys_every_token_is_refused(void **state)
{
    struct fixture *t = *state;
    struct token_policy none = {.user_claim = t->hs.user_claim};

    craft(t, HEADER, CLAIMS);
    expect(t, &none, ERR_TOKEN_INVALID, "no key at all");
    craft(t, "{\"alg\":\"none\"}", CLAIMS);
    expect(t, &none, ERR_TOKEN_INVALID, "alg none");
}

static void test_what_is_not_shaped_like_a_token_is_refused(void **state)
{
    static const char *const shapes[] = {"", ".", "..", "...", "a.b.c", "a.b", "eyJ", "Bearer x"};
    struct fixture *t = *state;
    struct token_claims c;
    char *copy;
    size_t len;

    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        assert_int_equal(verify_str(t, &t->hs, shapes[i]), ERR_TOKEN_INVALID);
    craft(t, HEADER, CLAIMS);
    len = strlen(t->token);
    copy = arena_alloc(&t->a, len + 3);
    memcpy(copy, t->token, len);
    assert_int_equal(verify(t, &t->hs, copy, len, &c), OK);
    assert_int_equal(verify(t, &t->hs, copy, len + 1, &c), ERR_TOKEN_INVALID); /* a NUL */
    for (const char *extra = "!=. \n\r\tA+/-_.%"; *extra; extra++) {
        copy[len] = *extra;
        assert_int_equal(verify(t, &t->hs, copy, len + 1, &c), ERR_TOKEN_INVALID);
    }
    memmove(copy + 1, copy, len);
    copy[0] = ' ';
    assert_int_equal(verify(t, &t->hs, copy, len + 1, &c), ERR_TOKEN_INVALID);
}

static void test_a_token_has_at_most_8_kib(void **state)
{
    static const size_t sizes[] = {5900, 6200, 9000};
    struct fixture *t = *state;
    char claims[10240];

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        snprintf(claims, sizeof claims, "{\"exp\":1800000300,\"user_id\":7,\"x\":\"%0*d\"}",
                 (int)sizes[i], 0);
        craft(t, HEADER, claims);
        expect(t, &t->hs, strlen(t->token) <= TOKEN_MAX ? OK : ERR_TOKEN_INVALID, "long");
    }
    assert_true(strlen(t->token) > TOKEN_MAX);
}

/* Each of `others` in every place, and every shorter token. */
static void expect_fragile(struct fixture *t, const struct token_policy *p, const char *others)
{
    size_t len = strlen(t->token);
    struct token_claims c;

    expect(t, p, OK, "before");
    for (size_t i = 0; i < len; i++) {
        char was = t->token[i];

        assert_int_equal(verify(t, p, t->token, i, &c), ERR_TOKEN_INVALID);
        for (const char *other = others; *other; other++) {
            t->token[i] = *other;
            if (*other != was && verify(t, p, t->token, len, &c) != ERR_TOKEN_INVALID)
                fail_msg("'%c' for '%c' at %zu was taken", *other, was, i);
        }
        t->token[i] = was;
    }
    expect(t, p, OK, "after");
}

static void test_no_change_to_a_token_goes_unnoticed(void **state)
{
    struct fixture *t = *state;

    craft(t, HEADER, CLAIMS);
    expect_fragile(t, &t->hs, "AQgw-_9!.");
    craft_pkey(t->token, t->keys->rsa, "{\"alg\":\"RS256\"}", CLAIMS);
    expect_fragile(t, &t->rs, "A_");
    craft_pkey(t->token, t->keys->p256, "{\"alg\":\"ES256\"}", CLAIMS);
    expect_fragile(t, &t->es, "A_");
}

/* The last character of 256 bytes has four bits to spare. */
static void test_a_token_has_one_spelling(void **state)
{
    struct fixture *t = *state;
    char *last;

    craft_pkey(t->token, t->keys->rsa, "{\"alg\":\"RS256\"}", CLAIMS);
    expect(t, &t->rs, OK, "as signed");
    last = t->token + strlen(t->token) - 1;
    assert_true(*last == 'A' || *last == 'Q' || *last == 'g' || *last == 'w');
    (*last)++;
    expect(t, &t->rs, ERR_TOKEN_INVALID, "the same bytes, spelt otherwise");
}

static void test_what_we_sign_we_take(void **state)
{
    struct fixture *t = *state;
    struct token_claims c;
    struct fail f = {0};
    char *token, *again;

    t->hs.issuer = xstrdup("https://app.example");
    t->hs.audience = xstrdup("chat");
    t->hs.keys[0].kid = xstrdup("2026");
    assert_int_equal(token_sign(&t->hs, "7", "ana", "moderator", NOW, 300, &t->a, &token, &f), OK);
    assert_int_equal(verify(t, &t->hs, token, strlen(token), &c), OK);
    assert_string_equal(c.user_id, "7");
    assert_string_equal(c.name, "ana");
    assert_string_equal(c.role, "moderator");
    assert_int_equal(c.issued_s, NOW);
    assert_int_equal(c.exp_s, NOW + 300);
    assert_int_equal(token_sign(&t->hs, "7", NULL, NULL, NOW, 300, &t->a, &token, &f), OK);
    assert_int_equal(token_sign(&t->hs, "7", NULL, NULL, NOW, 300, &t->a, &again, &f), OK);
    assert_string_not_equal(token, again); /* the jti */
    assert_int_equal(verify(t, &t->hs, token, strlen(token), &c), OK);
    assert_null(c.name);
    assert_null(c.role);
}

static void test_what_we_would_not_take_we_do_not_sign(void **state)
{
    struct fixture *t = *state;
    struct token_policy none = {0};
    struct fail f = {0};
    char *token;

    assert_int_equal(token_sign(&t->hs, "abc", NULL, NULL, NOW, 9, &t->a, &token, &f),
                     ERR_BAD_REQUEST);
    assert_int_equal(token_sign(&t->hs, "7", "<b>", NULL, NOW, 9, &t->a, &token, &f),
                     ERR_BAD_REQUEST);
    assert_int_equal(token_sign(&t->hs, "7", NULL, NULL, NOW, 0, &t->a, &token, &f),
                     ERR_BAD_REQUEST);
    assert_int_equal(token_sign(&t->hs, "7", NULL, NULL, NOW, INT64_MAX, &t->a, &token, &f),
                     ERR_BAD_REQUEST);
    assert_int_equal(token_sign(&t->rs, "7", NULL, NULL, NOW, 9, &t->a, &token, &f),
                     ERR_BAD_REQUEST);
    assert_int_equal(token_sign(&none, "7", NULL, NULL, NOW, 9, &t->a, &token, &f),
                     ERR_BAD_REQUEST);
    assert_null(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOKEN_TEST(test_each_algorithm_verifies_its_own_tokens),
        TOKEN_TEST(test_alg_none_is_refused_in_every_spelling),
        TOKEN_TEST(test_hs256_signed_with_the_public_key_is_refused),
        TOKEN_TEST(test_another_algorithm_than_the_configured_is_refused),
        TOKEN_TEST(test_headers_that_ask_for_more_are_refused),
        TOKEN_TEST(test_headers_that_only_tell_more_are_taken),
        TOKEN_TEST(test_a_key_id_chooses_the_key_and_rotation_takes_both),
        TOKEN_TEST(test_without_keys_every_token_is_refused),
        TOKEN_TEST(test_what_is_not_shaped_like_a_token_is_refused),
        TOKEN_TEST(test_a_token_has_at_most_8_kib),
        TOKEN_TEST(test_no_change_to_a_token_goes_unnoticed),
        TOKEN_TEST(test_a_token_has_one_spelling),
        TOKEN_TEST(test_what_we_sign_we_take),
        TOKEN_TEST(test_what_we_would_not_take_we_do_not_sign),
    };

    return cmocka_run_group_tests(tests, token_keys_make, token_keys_free);
}
