/* What a token whose signature is good must say, and what we take from it. */
#include "lib/token_part.h"

#include "lib/text.h"

#include <inttypes.h>
#include <string.h>

/* The end of year 9999: later expiries mean never, and milliseconds of it still fit an int64_t. */
static const int64_t EXP_MAX_S = 253402300799;

enum { HEX_ID_MIN = 8, HEX_ID_MAX = 64, ROLE_MAX = 64 };

/* Absent: OK, *out stays. Another type than integer (a float, a string) is not well formed. */
static enum err get_int(const json_t *claims, const char *key, int64_t *out, struct fail *f)
{
    const json_t *value = json_object_get(claims, key);

    if (!value)
        return OK;
    if (!json_is_integer(value))
        return fail(f, ERR_TOKEN_INVALID, "The token's %s is not a whole number.", key);
    *out = json_integer_value(value);
    return OK;
}

static enum err check_times(const struct token_policy *p, const json_t *claims, int64_t now_s,
                            struct token_claims *out, struct fail *f)
{
    int64_t not_before = INT64_MIN;
    enum err e;

    if (!json_object_get(claims, "exp"))
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

static bool is_string(const json_t *value, const char *expected)
{
    const char *s = json_string_value(value);

    return s && !strcmp(s, expected);
}

static bool audience_fits(const json_t *aud, const char *expected)
{
    size_t n = json_array_size(aud);

    if (is_string(aud, expected))
        return true;
    for (size_t i = 0; i < n; i++)
        if (is_string(json_array_get(aud, i), expected))
            return true;
    return false;
}

/* Refresh tokens carry the same signature as access tokens. */
static enum err check_purpose(const struct token_policy *p, const json_t *claims, struct fail *f)
{
    const json_t *type = json_object_get(claims, "token_type");

    if (type && !is_string(type, "access"))
        return fail(f, ERR_TOKEN_INVALID, "The token is not an access token.");
    if (p->issuer && !is_string(json_object_get(claims, "iss"), p->issuer))
        return fail(f, ERR_TOKEN_INVALID, "The token is from another issuer.");
    if (p->audience && !audience_fits(json_object_get(claims, "aud"), p->audience))
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
    if (!len || s[0] == '-' || !text_to_i64(s, len, 0, INT64_MAX, &number))
        return NULL;
    return arena_fmt(a, "%" PRId64, number);
}

static enum err check_user(const struct token_policy *p, const json_t *claims, struct arena *a,
                           struct token_claims *out, struct fail *f)
{
    const json_t *id = json_object_get(claims, p->user_claim);

    if (json_is_string(id))
        out->user_id = token_user_id(p, json_string_value(id), json_string_length(id), a);
    else if (json_is_integer(id) && json_integer_value(id) >= 0 && !p->hex_user_id)
        out->user_id = arena_fmt(a, "%" PRId64, (int64_t)json_integer_value(id));
    if (!out->user_id)
        return fail(f, ERR_TOKEN_INVALID, "The token's user id is not one.");
    return OK;
}

/* Name and role are wishes of the host: what cannot be used is left out. */
static void take_name_and_role(const struct token_policy *p, const json_t *claims, struct arena *a,
                               struct token_claims *out)
{
    const json_t *name = json_object_get(claims, p->name_claim);
    const json_t *role = json_object_get(claims, p->role_claim);

    if (json_is_string(name))
        out->name = text_name(a, json_string_value(name), json_string_length(name));
    if (json_is_string(role) && json_string_length(role) && json_string_length(role) <= ROLE_MAX)
        out->role = arena_str(a, json_string_value(role));
}

enum err token_check_claims(const struct token_policy *p, const json_t *claims, int64_t now_s,
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
