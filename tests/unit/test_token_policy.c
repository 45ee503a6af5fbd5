/* Keys as the configuration names them: which are taken, and what is said of the others. */
#include "tests/unit/token_fixture.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHORT "only thirty-one bytes in length"

struct place {
    char dir[64], path[96];
    struct conf conf;
    struct token_policy policy;
    struct fail f;
};

static int enter(void **state)
{
    struct place *t = xcalloc(1, sizeof *t);

    snprintf(t->dir, sizeof t->dir, "/tmp/outcry-token-XXXXXX");
    if (!mkdtemp(t->dir))
        return -1;
    snprintf(t->path, sizeof t->path, "%s/key", t->dir);
    t->conf = (struct conf){.jwt_alg = (char *)"HS256",
                            .jwt_old_alg = (char *)"HS256",
                            .jwt_user_claim = (char *)"user_id",
                            .jwt_leeway_s = 30,
                            .secret = (char *)SECRET};
    *state = t;
    return 0;
}

static int leave(void **state)
{
    struct place *t = *state;

    token_policy_release(&t->policy);
    unlink(t->path);
    rmdir(t->dir);
    free(t);
    return 0;
}

static void write_file(const char *path, const char *text, size_t len, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void write_key(struct place *t, EVP_PKEY *key, bool private_key)
{
    char pem[8192];

    write_file(t->path, pem, craft_pem(key, private_key, pem, sizeof pem), 0644);
    EVP_PKEY_free(key);
}

static EVP_PKEY *make_rsa_pss(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void expect_taken(struct place *t)
{
    token_policy_release(&t->policy);
    if (token_policy_load(&t->policy, &t->conf, &t->f))
        fail_msg("%s", t->f.message);
}

/* The sentence has `says`, which is how to mend it or where to look. */
static void expect_refused(struct place *t, const char *says)
{
    token_policy_release(&t->policy);
    assert_int_not_equal(token_policy_load(&t->policy, &t->conf, &t->f), OK);
    if (!strstr(t->f.message, says))
        fail_msg("'%s' does not say '%s'", t->f.message, says);
    assert_int_equal(t->policy.key_count, 0);
    assert_null(t->policy.keys[0].key);
}

static void test_a_long_enough_secret_is_taken_as_it_is(void **state)
{
    struct place *t = *state;

    t->conf.jwt_secret = (char *)SECRET;
    t->conf.jwt_issuer = (char *)"";
    t->conf.jwt_audience = (char *)"chat";
    expect_taken(t);
    assert_int_equal(t->policy.key_count, 1);
    assert_int_equal(t->policy.keys[0].len, strlen(SECRET));
    assert_memory_equal(t->policy.keys[0].key, SECRET, strlen(SECRET));
    assert_null(t->policy.keys[0].kid);
    assert_null(t->policy.issuer);
    assert_string_equal(t->policy.audience, "chat");
    assert_string_equal(t->policy.name_claim, "");
}

static void test_a_short_secret_is_refused_with_how_to_make_one(void **state)
{
    struct place *t = *state;

    t->conf.jwt_secret = (char *)SHORT;
    expect_refused(t, "openssl rand -hex 32");
    assert_non_null(strstr(t->f.message, "jwt_secret has 31 bytes"));
    t->conf.jwt_secret = (char *)"x";
    t->conf.jwt_alg = (char *)"HS512";
    expect_refused(t, "openssl rand -hex 32");
}

static void test_a_secret_file_loses_its_line_end_and_nothing_else(void **state)
{
    struct place *t = *state;

    t->conf.jwt_key_file = t->path;
    write_file(t->path, " " SECRET " \r\n", strlen(SECRET) + 4, 0640);
    expect_taken(t);
    assert_int_equal(t->policy.keys[0].len, strlen(SECRET) + 2);
    assert_memory_equal(t->policy.keys[0].key, " " SECRET " ", strlen(SECRET) + 2);
    write_file(t->path, SHORT "\n", strlen(SHORT) + 1, 0600);
    expect_refused(t, "31 bytes");
    write_file(t->path, "\n", 1, 0600);
    expect_refused(t, "jwt_key_file is empty");
    write_file(t->path, "", 0, 0600);
    expect_refused(t, "jwt_key_file is empty");
}

static void test_a_secret_file_that_others_may_read_is_refused(void **state)
{
    struct place *t = *state;

    t->conf.jwt_key_file = t->path;
    write_file(t->path, SECRET, strlen(SECRET), 0644);
    expect_refused(t, "chmod o-rwx /tmp/");
    chmod(t->path, 0640);
    expect_taken(t);
}

static void test_a_public_key_as_secret_is_refused(void **state)
{
    struct place *t = *state;

    t->conf.jwt_key_file = t->path;
    write_key(t, EVP_RSA_gen(2048), false);
    chmod(t->path, 0600);
    expect_refused(t, "RS256 or ES256");
}

static void test_public_keys_of_the_right_kind_are_taken(void **state)
{
    struct place *t = *state;

    t->conf.jwt_key_file = t->path;
    t->conf.jwt_alg = (char *)"RS256";
    write_key(t, EVP_RSA_gen(2048), false);
    expect_taken(t);
    t->conf.jwt_alg = (char *)"ES256";
    write_key(t, EVP_EC_gen("P-256"), false);
    expect_taken(t);
    chmod(t->path, 0646);
    expect_refused(t, "chmod o-w /tmp/");
}

static void test_public_keys_of_another_kind_or_too_weak_are_refused(void **state)
{
    struct place *t = *state;

    t->conf.jwt_key_file = t->path;
    t->conf.jwt_alg = (char *)"ES256";
    write_key(t, EVP_EC_gen("P-384"), false);
    expect_refused(t, "P-256");
    write_key(t, EVP_EC_gen("secp256k1"), false);
    expect_refused(t, "P-256");
    write_key(t, EVP_RSA_gen(2048), false);
    expect_refused(t, "P-256");
    write_key(t, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), false);
    expect_refused(t, "P-256");
    t->conf.jwt_alg = (char *)"RS256";
    expect_refused(t, "not an RSA key");
    write_key(t, EVP_EC_gen("P-256"), false);
    expect_refused(t, "not an RSA key");
    write_key(t, make_rsa_pss(), false);
    expect_refused(t, "not an RSA key");
    write_key(t, EVP_RSA_gen(1024), false);
    expect_refused(t, "2048");
}

static void test_a_private_key_is_refused(void **state)
{
    struct place *t = *state;

    t->conf.jwt_key_file = t->path;
    t->conf.jwt_alg = (char *)"RS256";
    write_key(t, EVP_RSA_gen(2048), true);
    expect_refused(t, "holds a private key");
    assert_non_null(strstr(t->f.message, "openssl pkey -in PRIVATE -pubout"));
}

static void test_a_key_file_that_is_none_is_refused(void **state)
{
    struct place *t = *state;
    char big[20000];

    t->conf.jwt_alg = (char *)"RS256";
    t->conf.jwt_key_file = t->path;
    expect_refused(t, "No such file");
    assert_int_equal(t->f.err, ERR_NOT_FOUND);
    t->conf.jwt_key_file = t->dir;
    expect_refused(t, "is not a file");
    t->conf.jwt_key_file = t->path;
    write_file(t->path, SECRET, strlen(SECRET), 0644);
    expect_refused(t, "no PEM public key");
    write_file(t->path, "", 0, 0644);
    expect_refused(t, "no PEM public key");
    memset(big, 'A', sizeof big);
    write_file(t->path, big, sizeof big, 0644);
    expect_refused(t, "too long");
}

static void test_settings_that_contradict_each_other_are_refused(void **state)
{
    struct place *t = *state;

    t->conf.jwt_alg = (char *)"RS256";
    expect_refused(t, "jwt_key_file");
    t->conf.jwt_secret = (char *)SECRET;
    expect_refused(t, "jwt_key_file");
    t->conf.jwt_alg = (char *)"HS256";
    t->conf.jwt_key_file = t->path;
    expect_refused(t, "both set");
    t->conf.jwt_key_file = NULL;
    t->conf.jwt_alg = (char *)"none";
    expect_refused(t, "HS256");
    t->conf.jwt_alg = (char *)"hs256";
    expect_refused(t, "HS256");
    t->conf.jwt_alg = (char *)"";
    expect_refused(t, "jwt_alg");
    t->conf.jwt_alg = (char *)"HS256";
    t->conf.jwt_leeway_s = -1;
    expect_refused(t, "jwt_leeway_s");
}

static void test_without_a_key_there_are_no_host_tokens(void **state)
{
    struct place *t = *state;

    expect_taken(t);
    assert_int_equal(t->policy.key_count, 0);
    t->conf.jwt_secret = (char *)"";
    t->conf.jwt_key_file = (char *)"";
    expect_taken(t);
    assert_int_equal(t->policy.key_count, 0);
}

static void test_an_old_key_stands_beside_the_current_one(void **state)
{
    struct place *t = *state;

    t->conf.jwt_old_secret = (char *)SECRET;
    expect_refused(t, "jwt_secret or jwt_key_file");
    t->conf.jwt_alg = (char *)"ES256";
    t->conf.jwt_key_file = t->path;
    t->conf.jwt_kid = (char *)"new";
    write_key(t, EVP_EC_gen("P-256"), false);
    expect_taken(t);
    assert_int_equal(t->policy.key_count, 2);
    assert_string_equal(t->policy.keys[0].alg, "ES256");
    assert_string_equal(t->policy.keys[0].kid, "new");
    assert_string_equal(t->policy.keys[1].alg, "HS256");
    assert_null(t->policy.keys[1].kid);
    t->conf.jwt_old_secret = (char *)SHORT;
    expect_refused(t, "jwt_old_secret has 31 bytes");
}

static void test_guest_tokens_have_a_key_of_their_own(void **state)
{
    struct place *t = *state;
    struct token_policy guest;
    struct token_claims c;
    struct arena a;
    char *token;

    t->conf.jwt_secret = (char *)SECRET; /* the same as `secret`, by a careless operator */
    expect_taken(t);
    assert_int_equal(token_policy_guest(&guest, &t->conf, &t->f), OK);
    arena_init(&a);
    assert_int_equal(token_sign(&guest, "00ff00ff", "ana", NULL, NOW, 300, &a, &token, &t->f), OK);
    assert_int_equal(token_verify(&guest, token, strlen(token), NOW, &a, &c, &t->f), OK);
    assert_string_equal(c.user_id, "00ff00ff");
    assert_int_equal(token_verify(&t->policy, token, strlen(token), NOW, &a, &c, &t->f),
                     ERR_TOKEN_INVALID);
    assert_int_equal(token_sign(&t->policy, "12345678", "ana", NULL, NOW, 300, &a, &token, &t->f),
                     OK);
    assert_int_equal(token_verify(&guest, token, strlen(token), NOW, &a, &c, &t->f),
                     ERR_TOKEN_INVALID);
    arena_release(&a);
    token_policy_release(&guest);
}

/* Signed with the secret itself, or with a number for a guest's id. */
static void test_guest_tokens_cannot_be_made_from_the_secret_alone(void **state)
{
    static const char claims[] =
        "{\"iss\":\"outcry-guest\",\"exp\":1800000300,\"user_id\":\"00ff00ff\"}";
    static const char number[] =
        "{\"iss\":\"outcry-guest\",\"exp\":1800000300,\"user_id\":12345678}";
    struct place *t = *state;
    struct token_policy guest;
    struct token_claims c;
    char token[CRAFT_MAX];
    struct arena a;

    arena_init(&a);
    assert_int_equal(token_policy_guest(&guest, &t->conf, &t->f), OK);
    craft_hmac(token, EVP_sha256(), SECRET, strlen(SECRET), HEADER, claims);
    assert_int_equal(token_verify(&guest, token, strlen(token), NOW, &a, &c, &t->f),
                     ERR_TOKEN_INVALID);
    craft_hmac(token, EVP_sha256(), guest.keys[0].key, guest.keys[0].len, HEADER, claims);
    assert_int_equal(token_verify(&guest, token, strlen(token), NOW, &a, &c, &t->f), OK);
    craft_hmac(token, EVP_sha256(), guest.keys[0].key, guest.keys[0].len, HEADER, number);
    assert_int_equal(token_verify(&guest, token, strlen(token), NOW, &a, &c, &t->f),
                     ERR_TOKEN_INVALID);
    token_policy_release(&guest);
    arena_release(&a);
}

static void test_guest_ids_are_hex(void **state)
{
    static const char *const refused[] = {"", "00ff00f", "00FF00FF", "00ff00fg", "-00ff00ff", "7"};
    struct place *t = *state;
    struct token_policy guest;
    struct arena a;
    char *token;

    assert_int_equal(token_policy_guest(&guest, &t->conf, &t->f), OK);
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_int_equal(token_sign(&guest, refused[i], NULL, NULL, NOW, 9, &a, &token, &t->f),
                         ERR_BAD_REQUEST);
    arena_release(&a);
    token_policy_release(&guest);
}

static void test_guests_need_a_secret_of_ours(void **state)
{
    struct place *t = *state;
    struct token_policy guest;

    t->conf.secret = (char *)SHORT;
    assert_int_equal(token_policy_guest(&guest, &t->conf, &t->f), ERR_BAD_REQUEST);
    t->conf.secret = (char *)"";
    assert_int_equal(token_policy_guest(&guest, &t->conf, &t->f), ERR_BAD_REQUEST);
    assert_non_null(strstr(t->f.message, "secret is empty"));
    assert_int_equal(guest.key_count, 0);
}

static enum err judge(struct place *t, const char *token, int64_t now_s)
{
    struct token_claims claims;
    struct arena a;
    enum err e;

    arena_init(&a);
    e = token_verify(&t->policy, token, strlen(token), now_s, &a, &claims, &t->f);
    if (!e)
        assert_string_equal(claims.user_id, "7");
    arena_release(&a);
    return e;
}

/* Only its signature is remembered, and only for as long as its key is ours. */
static void test_a_token_that_was_good_is_judged_again(void **state)
{
    struct place *t = *state;
    char token[CRAFT_MAX], forged[CRAFT_MAX];
    char *end;

    t->conf.jwt_secret = (char *)SECRET;
    expect_taken(t);
    craft_hmac(token, EVP_sha256(), SECRET, strlen(SECRET), HEADER, CLAIMS);
    craft_hmac(forged, EVP_sha256(), SECRET, strlen(SECRET), HEADER,
               "{\"exp\":1900000000,\"user_id\":7}");
    end = strrchr(forged, '.');
    assert_non_null(end);
    snprintf(end, sizeof forged - (size_t)(end - forged), "%s", strrchr(token, '.'));
    assert_false(token_is_known(&t->policy, token, strlen(token)));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(judge(t, token, NOW), OK);
        assert_true(token_is_known(&t->policy, token, strlen(token)));
        assert_int_equal(judge(t, forged, NOW), ERR_TOKEN_INVALID);
        assert_int_equal(judge(t, token, NOW + 331), ERR_TOKEN_EXPIRED);
    }
    t->conf.jwt_secret = (char *)"another secret of the host app, as long";
    expect_taken(t);
    assert_int_equal(judge(t, token, NOW), ERR_TOKEN_INVALID);
}

static void test_more_tokens_than_are_remembered_are_good_too(void **state)
{
    struct place *t = *state;
    char token[CRAFT_MAX], claims[128];

    t->conf.jwt_secret = (char *)SECRET;
    expect_taken(t);
    for (int i = 0; i < 400; i++) {
        snprintf(claims, sizeof claims, "{\"exp\":%lld,\"user_id\":7}",
                 (long long)NOW + 1 + i % 200);
        craft_hmac(token, EVP_sha256(), SECRET, strlen(SECRET), HEADER, claims);
        assert_int_equal(judge(t, token, NOW), OK);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_long_enough_secret_is_taken_as_it_is),
        CASE(test_a_short_secret_is_refused_with_how_to_make_one),
        CASE(test_a_secret_file_loses_its_line_end_and_nothing_else),
        CASE(test_a_secret_file_that_others_may_read_is_refused),
        CASE(test_a_public_key_as_secret_is_refused),
        CASE(test_public_keys_of_the_right_kind_are_taken),
        CASE(test_public_keys_of_another_kind_or_too_weak_are_refused),
        CASE(test_a_private_key_is_refused),
        CASE(test_a_key_file_that_is_none_is_refused),
        CASE(test_settings_that_contradict_each_other_are_refused),
        CASE(test_without_a_key_there_are_no_host_tokens),
        CASE(test_an_old_key_stands_beside_the_current_one),
        CASE(test_guest_tokens_have_a_key_of_their_own),
        CASE(test_guest_tokens_cannot_be_made_from_the_secret_alone),
        CASE(test_guest_ids_are_hex),
        CASE(test_guests_need_a_secret_of_ours),
        CASE(test_a_token_that_was_good_is_judged_again),
        CASE(test_more_tokens_than_are_remembered_are_good_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
