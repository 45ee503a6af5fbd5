/* What a token whose signature is good must say, and what we take from it. */
#include "lib/token_part.h"

#include "lib/text.h"

#include <inttypes.h>
#include <string.h>

/* The end of year 9999: later expiries mean never, and milliseconds of it still fit an int64_t. */
static const int64_t EXP_MAX_S = 253402300799;

enum { HEX_ID_MIN = 8, HEX_ID_MAX = 64, ROLE_MAX = 64 };

/* Absent: OK, *out stays. A float, a string, null or more than 64 bits: not well formed. */
static enum err get_int(struct json_object *claims, const char *key, int64_t *out, struct fail *f)
{
    struct json_object *value;

    if (!json_object_object_get_ex(claims, key, &value))
        return OK;
    if (!value || json_get_i64(claims, key, INT64_MIN, INT64_MAX, out, NULL))
        return fail(f, ERR_TOKEN_INVALID, "The token's %s is not a whole number.", key);
    return OK;
}

static enum err check_times(const struct token_policy *p, struct json_object *claims, int64_t now_s,
                            struct token_claims *out, struct fail *f)
{
    int64_t not_before = INT64_MIN;
    enum err e;

    if (!json_object_object_get_ex(claims, "exp", NULL))
        return fail(f, ERR_TOKEN_INVALID, "The token has no exp.");
    e = get_int(claims, "exp", &out->exp_s, f);
    if (!e)
        e = get_int(claims, "nbf", &not_before, f);
    if (!e)
        e = get_int(claims, "iat", &out->issued_s, f);
    if (e)
        return e;
    if (out->exp_s > EXP_MAX_S)
        out->exp_s = EXP_MAX_S;
    if (not_before > now_s + p->leeway_s)
        return fail(f, ERR_TOKEN_INVALID, "The token is not valid yet.");
    if (out->issued_s > now_s + p->leeway_s)
        return fail(f, ERR_TOKEN_INVALID, "The token was issued in the future.");
    return OK;
}

static bool is_string(struct json_object *value, const char *expected)
{
    size_t len = strlen(expected);

    return json_object_is_type(value, json_type_string) &&
           (size_t)json_object_get_string_len(value) == len &&
           !memcmp(json_object_get_string(value), expected, len);
}

static bool audience_fits(struct json_object *aud, const char *expected)
{
    size_t n;

    if (!json_object_is_type(aud, json_type_array))
        return is_string(aud, expected);
    n = json_object_array_length(aud);
    for (size_t i = 0; i < n; i++)
        if (is_string(json_object_array_get_idx(aud, i), expected))
            return true;
    return false;
}

/* Refresh tokens carry the same signature as access tokens. */
static enum err check_purpose(const struct token_policy *p, struct json_object *claims,
                              struct fail *f)
{
    struct json_object *type;

    if (json_object_object_get_ex(claims, "token_type", &type) && !is_string(type, "access"))
        return fail(f, ERR_TOKEN_INVALID, "The token is not an access token.");
    if (p->issuer && !is_string(json_object_object_get(claims, "iss"), p->issuer))
        return fail(f, ERR_TOKEN_INVALID, "The token is from another issuer.");
    if (p->audience && !audience_fits(json_object_object_get(claims, "aud"), p->audience))
        return fail(f, ERR_TOKEN_INVALID, "The token is for another audience.");
    return OK;
}

static bool is_hex_id(const char *s, size_t len)
{
    if (len < HEX_ID_MIN || len > HEX_ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!s[i] || !strchr("0123456789abcdef", s[i]))
            return false;
    return true;
}

char *token_user_id(const struct token_policy *p, const char *s, size_t len, struct arena *a)
{
    int64_t number;

    if (p->hex_user_id)
        return is_hex_id(s, len) ? arena_strn(a, s, len) : NULL;
    if (!text_to_i64(s, len, 0, INT64_MAX, &number))
        return NULL;
    return arena_fmt(a, "%" PRId64, number);
}

static enum err check_user(const struct token_policy *p, struct json_object *claims,
                           struct arena *a, struct token_claims *out, struct fail *f)
{
    const char *text = NULL;
    int64_t number;
    size_t len;

    if (!json_get_str(claims, p->user_claim, &text, &len, NULL)) {
        if (text)
            out->user_id = token_user_id(p, text, len, a);
    } else if (!p->hex_user_id &&
               !json_get_i64(claims, p->user_claim, 0, INT64_MAX, &number, NULL)) {
        out->user_id = arena_fmt(a, "%" PRId64, number);
    }
    if (!out->user_id)
        return fail(f, ERR_TOKEN_INVALID, "The token's user id is not one.");
    return OK;
}

/* Name and role are wishes of the host: what cannot be used is left out. */
static void take_name_and_role(const struct token_policy *p, struct json_object *claims,
                               struct arena *a, struct token_claims *out)
{
    const char *text;
    size_t len;

    if (!json_get_str(claims, p->name_claim, &text, &len, NULL) && text)
        out->name = text_name(a, text, len);
    if (!json_get_str(claims, p->role_claim, &text, &len, NULL) && len && len <= ROLE_MAX)
        out->role = arena_strn(a, text, len);
}

enum err token_check_claims(const struct token_policy *p, struct json_object *claims, int64_t now_s,
                            struct arena *a, struct token_claims *out, struct fail *f)
{
    enum err e = check_times(p, claims, now_s, out, f);

    if (!e)
        e = check_purpose(p, claims, f);
    if (!e)
        e = check_user(p, claims, a, out, f);
    if (e)
        return e;
    take_name_and_role(p, claims, a, out);
    /* Last, so that "expired" always means: a renewed one would be taken. */
    if (out->exp_s <= now_s - p->leeway_s)
        return fail(f, ERR_TOKEN_EXPIRED, NULL);
    return OK;
}
