/*
 * token_verify(). An input that begins with 'S' is a header, a NUL and claims, which are signed
 * here with the right key: whatever is then taken must be a user whose token has not ended. Any
 * other input is a token itself, and none but the examples is taken.
 */
#include "lib/text.h"
#include "lib/token.h"

#include "tests/fuzz/fuzz.h"
#include "tests/unit/craft.h"

#define SECRET "a secret of the host app, long enough for anyone"
#define GOOD_1                                                                                     \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE4MDAwMDAzMDAsInVzZXJfaWQiOjd9.Pqj6T-"         \
    "mAVSmqla43OktHxEC_XTcKuNbFIqTyI2s9qSc"
#define GOOD_2                                                                                     \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIiwiZXhwIjoxODAwMDA"         \
    "wMzAwLCJpYXQiOjE4MDAwMDAwMDAsImp0aSI6IngiLCJ1c2VyX2lkIjoiNyIsInVzZXJuYW1lIjoiYW5hIn0"         \
    ".mcWLstQF9cG8Xa9aEp6K3021hLi7PEAz3JfgmaIWQLI"

enum { NOW = 1800000000, SIGNED_MAX = 4096 };

static void check_taken(const struct token_claims *c)
{
    int64_t id;

    FUZZ_PROMISE(text_to_i64(c->user_id, strlen(c->user_id), 0, INT64_MAX, &id));
    FUZZ_PROMISE(c->exp_s > NOW - 30 && c->exp_s <= INT64_MAX / 1000);
    FUZZ_PROMISE(c->issued_s <= NOW + 30);
    FUZZ_PROMISE(!c->name || (*c->name && text_is_utf8(c->name, strlen(c->name))));
    FUZZ_PROMISE(!c->role || (*c->role && text_is_utf8(c->role, strlen(c->role))));
}

static enum err verify(const char *token, size_t len, bool strict)
{
    struct conf conf = {.jwt_alg = (char *)"HS256",
                        .jwt_secret = (char *)SECRET,
                        .jwt_name_claim = (char *)"username",
                        .jwt_role_claim = (char *)"role",
                        .jwt_issuer = (char *)(strict ? "host" : ""),
                        .jwt_audience = (char *)(strict ? "chat" : ""),
                        .jwt_leeway_s = 30};
    struct token_policy policy;
    struct token_claims c;
    struct fail f = {0};
    struct arena a;
    enum err e;

    FUZZ_PROMISE(!token_policy_load(&policy, &conf, &f));
    arena_init(&a);
    e = token_verify(&policy, token, len, NOW, &a, &c, &f);
    FUZZ_PROMISE(e == OK || e == ERR_TOKEN_INVALID || e == ERR_TOKEN_EXPIRED);
    if (e)
        FUZZ_PROMISE(strlen(f.message) &&
                     (len < 12 || !memmem(f.message, strlen(f.message), token, 12)));
    else
        check_taken(&c);
    arena_release(&a);
    token_policy_release(&policy);
    return e;
}

static void verify_signed(const char *parts, size_t size, bool strict)
{
    char text[SIGNED_MAX + 1], token[CRAFT_MAX];
    const char *nul;

    if (size > SIGNED_MAX)
        size = SIGNED_MAX;
    memcpy(text, parts, size);
    text[size] = '\0';
    nul = memchr(text, '\0', size);
    craft_hmac(token, EVP_sha256(), SECRET, strlen(SECRET), text, nul ? nul + 1 : "{}");
    (void)!verify(token, strlen(token), strict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *input = (const char *)data;

    if (size && (input[0] == 'S' || input[0] == 'T'))
        verify_signed(input + 1, size - 1, input[0] == 'T');
    else if (!verify(input, size, false))
        FUZZ_PROMISE((size == strlen(GOOD_1) && !memcmp(input, GOOD_1, size)) ||
                     (size == strlen(GOOD_2) && !memcmp(input, GOOD_2, size)));
    return 0;
}

static const struct fuzz_input examples[] = {
    FUZZ_INPUT(GOOD_1),
    FUZZ_INPUT(GOOD_2),
    FUZZ_INPUT("eyJhbGciOiJub25lIn0.eyJleHAiOjE4MDAwMDAzMDAsInVzZXJfaWQiOjd9."),
    FUZZ_INPUT(
        "S{\"alg\":\"HS256\",\"typ\":\"JWT\"}\0{\"token_type\":\"access\",\"exp\":1800000300,"
        "\"iat\":1799999990,\"jti\":\"abc\",\"user_id\":7}"),
    FUZZ_INPUT("S{\"alg\":\"HS256\",\"kid\":\"a\"}\0{\"exp\":1799999980,\"nbf\":1799999980,"
               "\"user_id\":\"42\",\"username\":\"Ana\",\"role\":\"moderator\"}"),
    FUZZ_INPUT("T{\"alg\":\"HS256\"}\0{\"exp\":1800000300,\"user_id\":1,\"iss\":\"host\","
               "\"aud\":[\"app\",\"chat\"]}"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT("."),
    FUZZ_INPUT("="),
    FUZZ_INPUT("\0"),
    FUZZ_INPUT("eyJ"),
    FUZZ_INPUT("none"),
    FUZZ_INPUT("HS512"),
    FUZZ_INPUT("\"alg\":"),
    FUZZ_INPUT("\"crit\":"),
    FUZZ_INPUT("\"b64\":"),
    FUZZ_INPUT("\"exp\":"),
    FUZZ_INPUT("\"nbf\":"),
    FUZZ_INPUT("\"iat\":"),
    FUZZ_INPUT("\"user_id\":"),
    FUZZ_INPUT("null"),
    FUZZ_INPUT("\"7\""),
    FUZZ_INPUT("9223372036854775808"),
    FUZZ_INPUT("-1"),
    FUZZ_INPUT("1e3"),
    FUZZ_INPUT("\\u0000"),
    FUZZ_INPUT("\xff"),
    FUZZ_INPUT(","),
    FUZZ_INPUT("{"),
    FUZZ_INPUT("}"),
    FUZZ_INPUT("\""),
    FUZZ_INPUT("\"token_type\":\"refresh\","),
    FUZZ_INPUT("AAAA"),
    FUZZ_INPUT("\"chat\""),
};

FUZZ_MAIN("token_verify", 300000, examples, words);
