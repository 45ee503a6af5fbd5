/* What a well signed token must say, and what is taken from it. */
#include "tests/unit/token_fixture.h"

static void expect_user(struct fixture *t, const char *value, const char *user_id)
{
    char claims[1024];
    struct token_claims c;
    enum err e;

    snprintf(claims, sizeof claims, "{\"exp\":%" PRId64 ",\"user_id\":%s}", NOW + 300, value);
    craft(t, HEADER, claims);
    e = verify(t, &t->hs, t->token, strlen(t->token), &c);
    if (!user_id) {
        if (e != ERR_TOKEN_INVALID)
            fail_msg("%s was taken for a user id", value);
        return;
    }
    assert_int_equal(e, OK);
    assert_string_equal(c.user_id, user_id);
}

static void test_a_good_token_gives_its_claims(void **state)
{
    struct fixture *t = *state;
    struct token_claims c;

    craft(t, HEADER,
          "{\"token_type\":\"access\",\"exp\":1800000300,\"iat\":1799999990,\"jti\":\"x\","
          "\"user_id\":7,\"username\":\" Ana  Li \",\"role\":\"moderator\"}");
    assert_int_equal(verify(t, &t->hs, t->token, strlen(t->token), &c), OK);
    assert_string_equal(c.user_id, "7");
    assert_string_equal(c.name, "Ana Li");
    assert_string_equal(c.role, "moderator");
    assert_int_equal(c.exp_s, 1800000300);
    assert_int_equal(c.issued_s, 1799999990);
}

static void test_names_and_roles_that_cannot_be_used_are_left_out(void **state)
{
    struct fixture *t = *state;
    struct token_claims c;

    craft(t, HEADER,
          "{\"exp\":1800000300,\"user_id\":7,\"username\":\"<b>\",\"role\":[\"admin\"]}");
    assert_int_equal(verify(t, &t->hs, t->token, strlen(t->token), &c), OK);
    assert_null(c.name);
    assert_null(c.role);
    assert_int_equal(c.issued_s, 0);
}

static void test_an_expired_token_says_so(void **state)
{
    struct fixture *t = *state;

    expect_claims(t, &t->hs, "{\"exp\":1799999970,\"user_id\":7}", ERR_TOKEN_EXPIRED);
    expect_claims(t, &t->hs, "{\"exp\":1799999971,\"user_id\":7}", OK);
    expect_claims(t, &t->hs, "{\"exp\":0,\"user_id\":7}", ERR_TOKEN_EXPIRED);
    expect_claims(t, &t->hs, "{\"exp\":-1,\"user_id\":7}", ERR_TOKEN_EXPIRED);
    expect_claims(t, &t->hs, "{\"exp\":-9223372036854775807,\"user_id\":7}", ERR_TOKEN_EXPIRED);
    /* Renewing would not help these. */
    expect_claims(t, &t->hs, "{\"exp\":1,\"user_id\":\"abc\"}", ERR_TOKEN_INVALID);
    expect_claims(t, &t->hs, "{\"exp\":1,\"user_id\":7,\"token_type\":\"refresh\"}",
                  ERR_TOKEN_INVALID);
}

static void test_exp_must_be_a_whole_number(void **state)
{
    static const char *const values[] = {"null",
                                         "\"1800000300\"",
                                         "\"never\"",
                                         "1800000300.5",
                                         "1800000300.0",
                                         "1.8e9",
                                         "true",
                                         "[1800000300]",
                                         "9223372036854775808",
                                         "1e400",
                                         "{}",
                                         "99999999999999999999"};
    struct fixture *t = *state;
    char claims[256];

    expect_claims(t, &t->hs, "{\"user_id\":7}", ERR_TOKEN_INVALID);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        snprintf(claims, sizeof claims, "{\"exp\":%s,\"user_id\":7}", values[i]);
        expect_claims(t, &t->hs, claims, ERR_TOKEN_INVALID);
    }
}

static void test_the_latest_exp_does_not_overflow(void **state)
{
    struct fixture *t = *state;
    struct token_claims c;

    craft(t, HEADER, "{\"exp\":9223372036854775807,\"user_id\":7}");
    assert_int_equal(verify(t, &t->hs, t->token, strlen(t->token), &c), OK);
    assert_true(c.exp_s <= INT64_MAX / 1000);
}

static void test_tokens_of_the_future_are_refused(void **state)
{
    struct fixture *t = *state;

    expect_with(t, &t->hs, "\"nbf\":1800000030", OK);
    expect_with(t, &t->hs, "\"nbf\":1800000031", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"nbf\":9223372036854775807", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"nbf\":-5", OK);
    expect_with(t, &t->hs, "\"nbf\":\"1800000000\"", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"nbf\":1800000000.5", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"nbf\":null", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"iat\":1800000030", OK);
    expect_with(t, &t->hs, "\"iat\":1800000031", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"iat\":\"now\"", ERR_TOKEN_INVALID);
}

static void test_only_access_tokens_are_taken(void **state)
{
    struct fixture *t = *state;

    expect_with(t, &t->hs, "", OK);
    expect_with(t, &t->hs, "\"token_type\":\"access\"", OK);
    expect_with(t, &t->hs, "\"token_type\":\"refresh\"", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"token_type\":\"sliding\"", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"token_type\":\"Access\"", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"token_type\":null", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"token_type\":[\"access\"]", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"token_type\":\"access\\u0000\"", ERR_TOKEN_INVALID);
}

static void test_the_issuer_must_be_exact_where_one_is_configured(void **state)
{
    struct fixture *t = *state;

    expect_with(t, &t->hs, "\"iss\":\"anyone\"", OK);
    t->hs.issuer = xstrdup("https://app.example");
    expect_with(t, &t->hs, "\"iss\":\"https://app.example\"", OK);
    expect_with(t, &t->hs, "", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"iss\":\"https://app.example/\"", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"iss\":\"https://APP.example\"", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"iss\":\"https://app.exampl\"", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"iss\":[\"https://app.example\"]", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"iss\":\"https://app.example\\u0000\"", ERR_TOKEN_INVALID);
}

static void test_the_audience_may_be_one_of_several(void **state)
{
    struct fixture *t = *state;

    expect_with(t, &t->hs, "\"aud\":\"anyone\"", OK);
    t->hs.audience = xstrdup("chat");
    expect_with(t, &t->hs, "\"aud\":\"chat\"", OK);
    expect_with(t, &t->hs, "\"aud\":[\"app\",\"chat\"]", OK);
    expect_with(t, &t->hs, "", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"aud\":\"chats\"", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"aud\":[]", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"aud\":[\"app\",[\"chat\"]]", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"aud\":{\"chat\":\"chat\"}", ERR_TOKEN_INVALID);
    expect_with(t, &t->hs, "\"aud\":null", ERR_TOKEN_INVALID);
}

static void test_a_user_id_is_an_integer_or_a_decimal_string(void **state)
{
    static const char *const refused[] = {"-1",
                                          "\"-1\"",
                                          "\"-0\"",
                                          "\"007\"",
                                          "\"7 \"",
                                          "\" 7\"",
                                          "\"+7\"",
                                          "\"7a\"",
                                          "\"abc\"",
                                          "\"\"",
                                          "7.0",
                                          "7e0",
                                          "true",
                                          "null",
                                          "[7]",
                                          "{}",
                                          "\"7\\u0000\"",
                                          "\"\\uff17\"",
                                          "\"0x7\"",
                                          "9223372036854775808",
                                          "-0.5",
                                          "\"1e3\"",
                                          "\"7\\n\"",
                                          "1e1000",
                                          "\"9223372036854775808\"",
                                          "[]",
                                          "\"0007\"",
                                          "18446744073709551616",
                                          "\"99999999999999999999\""};
    struct fixture *t = *state;

    expect_user(t, "7", "7");
    expect_user(t, "\"7\"", "7");
    expect_user(t, "0", "0");
    expect_user(t, "9007199254740993", "9007199254740993");
    expect_user(t, "\"9007199254740993\"", "9007199254740993");
    expect_user(t, "9223372036854775807", "9223372036854775807");
    expect_user(t, "\"9223372036854775807\"", "9223372036854775807");
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        expect_user(t, refused[i], NULL);
    expect_claims(t, &t->hs, "{\"exp\":1800000300}", ERR_TOKEN_INVALID);
}

static void test_the_user_id_may_be_under_another_claim(void **state)
{
    struct fixture *t = *state;

    free(t->hs.user_claim);
    t->hs.user_claim = xstrdup("sub");
    expect_claims(t, &t->hs, "{\"exp\":1800000300,\"sub\":\"42\"}", OK);
    expect_claims(t, &t->hs, "{\"exp\":1800000300,\"user_id\":42}", ERR_TOKEN_INVALID);
}

static void test_claims_must_be_one_plain_object(void **state)
{
    static const char *const claims[] = {
        "{\"exp\":1800000300,\"user_id\":1,\"user_id\":7}",
        "{\"exp\":1800000300,\"user_id\":1,\"user\\u005fid\":7}",
        "{\"exp\":1,\"exp\":1800000300,\"user_id\":7}",
        "{\"exp\":1800000300,\"user_id\":7,\"x\":{\"a\":1,\"a\":2}}",
        "[{\"exp\":1800000300,\"user_id\":7}]",
        "{\"exp\":1800000300,\"user_id\":7}}",
        "{\"exp\":1800000300,\"user_id\":7,}",
        "{\"exp\":1800000300,\"user_id\":7,\"x\":\"\xff\"}",
        "{\"exp\":1800000300,\"user_id\":7,\"x\":NaN}",
        "{'exp':1800000300,'user_id':7}",
        "\"7\"",
        "null",
        " ",
    };
    struct fixture *t = *state;

    for (size_t i = 0; i < ARRAY_LEN(claims); i++)
        expect_claims(t, &t->hs, claims[i], ERR_TOKEN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOKEN_TEST(test_a_good_token_gives_its_claims),
        TOKEN_TEST(test_names_and_roles_that_cannot_be_used_are_left_out),
        TOKEN_TEST(test_an_expired_token_says_so),
        TOKEN_TEST(test_exp_must_be_a_whole_number),
        TOKEN_TEST(test_the_latest_exp_does_not_overflow),
        TOKEN_TEST(test_tokens_of_the_future_are_refused),
        TOKEN_TEST(test_only_access_tokens_are_taken),
        TOKEN_TEST(test_the_issuer_must_be_exact_where_one_is_configured),
        TOKEN_TEST(test_the_audience_may_be_one_of_several),
        TOKEN_TEST(test_a_user_id_is_an_integer_or_a_decimal_string),
        TOKEN_TEST(test_the_user_id_may_be_under_another_claim),
        TOKEN_TEST(test_claims_must_be_one_plain_object),
    };

    return cmocka_run_group_tests(tests, token_keys_make, token_keys_free);
}
