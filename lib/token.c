/*
 * A token from outside: its shape, its header, its signature; then lib/token_claims.c. And tokens
 * of our own making. Which keys there are is lib/token_policy.c.
 *
 * HS256 is judged and made here, the others by libjwt (lib/token_foreign.c). That copies the whole
 * token onto the stack and its base64 decoder stops at the first foreign character, so length and
 * alphabet are judged before it sees a token. Its own JSON reader lets the last of two equal names
 * win: header and claims are read again here, and must have no such pair.
 */
#include "lib/token_part.h"

#include "lib/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PARTS = 3, JTI_BYTES = 16, TTL_MAX_S = 10 * 366 * 86400 };

struct part {
    const char *s;
    size_t len;
};

/* 0–63, or -1. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/*
 * Base64url without padding, canonical: the alphabet only, and the bits after the last byte zero,
 * so that one token has one spelling. `out` has room for len bytes, or is NULL to judge only. False
 * where it is not canonical.
 */
static bool base64url(const char *s, size_t len, unsigned char *out, size_t *out_len)
{
    unsigned bits = 0, held = 0;
    size_t n = 0;

    if (!len || len % 4 == 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        int d = digit(s[i]);

        if (d < 0)
            return false;
        bits = (bits << 6 | (unsigned)d) & 0xffff;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (out)
            out[n] = (unsigned char)(bits >> held);
        n++;
    }
    *out_len = n;
    return !(bits & ((1U << held) - 1));
}

static bool split(const char *token, size_t len, struct part parts[PARTS])
{
    size_t n = 0, ignored;

    for (size_t i = 0, start = 0; i <= len; i++) {
        if (i < len && token[i] != '.')
            continue;
        if (n == PARTS)
            return false;
        parts[n++] = (struct part){token + start, i - start};
        start = i + 1;
    }
    if (n != PARTS)
        return false;
    for (size_t i = 0; i < PARTS; i++)
        if (!base64url(parts[i].s, parts[i].len, NULL, &ignored))
            return false;
    return true;
}

/* The JSON object in a part, or NULL. The caller json_object_put()s it. */
static struct json_object *part_object(struct part part)
{
    unsigned char *bytes = xmalloc(part.len);
    struct json_object *object = NULL;
    size_t len;

    if (!base64url(part.s, part.len, bytes, &len) ||
        json_parse((const char *)bytes, len, &object, NULL))
        object = NULL;
    free(bytes);
    if (json_object_is_type(object, json_type_object))
        return object;
    json_object_put(object);
    return NULL;
}

/* The header's algorithm and key id, as strings of `header`; no key id: NULL. */
static enum err check_header(struct json_object *header, const char **alg, const char **kid,
                             struct fail *f)
{
    const char *typ;
    size_t len;

    if (json_object_object_get_ex(header, "crit", NULL) ||
        json_object_object_get_ex(header, "b64", NULL))
        return fail(f, ERR_TOKEN_INVALID, "The token's header asks for what is not supported.");
    if (json_get_str(header, "alg", alg, &len, NULL) || !*alg ||
        json_get_str(header, "kid", kid, &len, NULL) ||
        json_get_str(header, "typ", &typ, &len, NULL))
        return fail(f, ERR_TOKEN_INVALID, "The token's header is not well formed.");
    if (typ && strcasecmp(typ, "JWT") != 0)
        return fail(f, ERR_TOKEN_INVALID, "The token is not of the type JWT.");
    return OK;
}

/* A key id only chooses among our keys. */
static bool key_fits(const struct token_key *key, const char *alg, const char *kid)
{
    return key->len && !strcmp(key->alg, alg) && (!key->kid || (kid && !strcmp(key->kid, kid)));
}

/* RFC 7515, 5.2: over the first two parts as they came. */
static bool hs256_fits(const struct token_key *key, const struct part parts[PARTS])
{
    const struct part *given = &parts[PARTS - 1];
    unsigned char mac[SECURE_HASH], bytes[2 * SECURE_HASH];
    size_t len;

    if (given->len > sizeof bytes || !base64url(given->s, given->len, bytes, &len) ||
        len != sizeof mac)
        return false;
    secure_hmac(mac, key->key, key->len, parts[0].s, (size_t)(given->s - 1 - parts[0].s));
    return secure_equal(mac, bytes, sizeof mac);
}

static bool signature_fits(const struct token_policy *p, const struct token_key *key,
                           const struct part parts[PARTS], const char *token)
{
    const struct token_alg *alg = token_alg_find(key->alg);

    if (!alg)
        return false;
    return token_alg_is_own(alg) ? hs256_fits(key, parts)
                                 : token_foreign_fits(p->foreign, key, alg, token);
}

static enum err check_signature(const struct token_policy *p, struct json_object *header,
                                const struct part parts[PARTS], const char *token, struct fail *f)
{
    const char *alg = "", *kid = NULL;
    bool tried = false;
    enum err e = check_header(header, &alg, &kid, f);

    if (e)
        return e;
    for (size_t i = 0; i < p->key_count; i++) {
        if (!key_fits(&p->keys[i], alg, kid))
            continue;
        if (signature_fits(p, &p->keys[i], parts, token))
            return OK;
        tried = true;
    }
    if (!tried)
        return fail(f, ERR_TOKEN_INVALID,
                    "The token names an algorithm or a key that this site does not use.");
    return fail(f, ERR_TOKEN_INVALID, "The token's signature does not fit.");
}

/* Checking a signature costs more than all the rest, and the same tokens come again and again. */
static bool is_seen(const struct token_policy *p, const unsigned char hash[SECURE_HASH])
{
    for (size_t i = 0; p->seen && i < TOKEN_SEEN; i++)
        if (memcmp(p->seen->hashes[i], hash, SECURE_HASH) == 0)
            return true;
    return false;
}

static void remember(const struct token_policy *p, const unsigned char hash[SECURE_HASH])
{
    if (!p->seen)
        return;
    memcpy(p->seen->hashes[p->seen->next], hash, SECURE_HASH);
    p->seen->next = (p->seen->next + 1) % TOKEN_SEEN;
}

bool token_is_known(const struct token_policy *p, const char *token, size_t len)
{
    unsigned char hash[SECURE_HASH];

    secure_sha256(hash, token, len);
    return is_seen(p, hash);
}

static enum err check_once(const struct token_policy *p, const struct part parts[PARTS],
                           const char *token, size_t len, struct arena *a, struct fail *f)
{
    unsigned char hash[SECURE_HASH];
    struct json_object *header;
    enum err e;

    secure_sha256(hash, token, len);
    if (is_seen(p, hash))
        return OK;
    header = part_object(parts[0]);
    if (!header)
        return fail(f, ERR_TOKEN_INVALID, "The token's header is not well formed.");
    e = check_signature(p, header, parts, arena_strn(a, token, len), f);
    json_object_put(header);
    if (!e)
        remember(p, hash);
    return e;
}

enum err token_verify(const struct token_policy *p, const char *token, size_t len, int64_t now_s,
                      struct arena *a, struct token_claims *out, struct fail *f)
{
    struct part parts[PARTS];
    struct json_object *claims;
    enum err e;

    *out = (struct token_claims){0};
    if (!p->key_count)
        return fail(f, ERR_TOKEN_INVALID, "This site does not take tokens.");
    if (len > TOKEN_MAX)
        return fail(f, ERR_TOKEN_INVALID, "The token is too long.");
    if (!split(token, len, parts))
        return fail(f, ERR_TOKEN_INVALID, "This is not a JSON Web Token.");
    e = check_once(p, parts, token, len, a, f);
    if (e)
        return e;
    claims = part_object(parts[1]);
    if (!claims)
        return fail(f, ERR_TOKEN_INVALID, "The token's claims are not well formed.");
    e = token_check_claims(p, claims, now_s, a, out, f);
    json_object_put(claims);
    return e;
}

/* ---- making ---- */

static void set_str(struct json_object *o, const char *key, const char *value)
{
    if (*key)
        json_set_str(o, key, value);
}

/* Reserved claims come last, so that a configured name never replaces one. */
static struct json_object *make_claims(const struct token_policy *p, const struct token_claims *c)
{
    char jti[2 * JTI_BYTES + 1];
    struct json_object *o = json_object_new_object();

    if (!o)
        die("out of memory (json)");
    secure_random_hex(jti, JTI_BYTES);
    set_str(o, p->name_claim, c->name);
    set_str(o, p->role_claim, c->role);
    set_str(o, p->user_claim, c->user_id);
    json_set_str(o, "token_type", "access");
    json_set_str(o, "iss", p->issuer);
    json_set_str(o, "aud", p->audience);
    json_set_str(o, "jti", jti);
    json_set_i64(o, "iat", c->issued_s);
    json_set_i64(o, "exp", c->exp_s);
    return o;
}

static void add_base64url(struct buf *out, const void *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *p = data;
    unsigned bits = 0, held = 0;

    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | p[i]) & 0xffff;
        for (held += 8; held >= 6; held -= 6)
            buf_add(out, &digits[bits >> (held - 6) & 63], 1);
    }
    if (held)
        buf_add(out, &digits[bits << (6 - held) & 63], 1);
}

static void add_object(struct buf *out, struct json_object *o)
{
    size_t len;
    const char *text = json_text(o, &len);

    add_base64url(out, text, len);
}

static char *sign_hs256(const struct token_key *key, struct json_object *claims, struct arena *a)
{
    struct json_object *header = json_object_new_object();
    unsigned char mac[SECURE_HASH];
    struct buf text;
    char *out;

    if (!header)
        die("out of memory (json)");
    buf_init(&text, 2 * TOKEN_MAX);
    json_set_str(header, "typ", "JWT");
    json_set_str(header, "alg", key->alg);
    json_set_str(header, "kid", key->kid);
    add_object(&text, header);
    json_object_put(header);
    buf_add(&text, ".", 1);
    add_object(&text, claims);
    secure_hmac(mac, key->key, key->len, text.data, text.len);
    buf_add(&text, ".", 1);
    add_base64url(&text, mac, sizeof mac);
    out = arena_strn(a, buf_cstr(&text), text.len);
    buf_release(&text);
    return out;
}

static char *sign(const struct token_policy *p, const struct token_alg *alg,
                  struct json_object *claims, struct arena *a)
{
    const struct token_key *key = &p->keys[0];
    char *text, *out;
    size_t len;

    if (token_alg_is_own(alg))
        return sign_hs256(key, claims, a);
    text = token_foreign_sign(p->foreign, key, alg, json_text(claims, &len));
    out = text ? arena_str(a, text) : NULL;
    free(text);
    return out;
}

enum err token_sign(const struct token_policy *p, const char *user_id, const char *name,
                    const char *role, int64_t now_s, int64_t ttl_s, struct arena *a, char **out,
                    struct fail *f)
{
    const struct token_alg *alg = p->key_count ? token_alg_find(p->keys[0].alg) : NULL;
    struct token_claims c = {.name = (char *)name, .role = (char *)role, .issued_s = now_s};
    struct json_object *claims;

    *out = NULL;
    if (!alg)
        return fail(f, ERR_BAD_REQUEST,
                    "There is no key to sign with: set jwt_alg and jwt_secret.");
    if (alg->kind != TOKEN_KEY_SECRET)
        return fail(f, ERR_BAD_REQUEST,
                    "%s tokens are signed by the host app: there is only its public key here.",
                    alg->name);
    if (ttl_s <= 0 || ttl_s > TTL_MAX_S)
        return fail(f, ERR_BAD_REQUEST, "A token lives from one second to ten years.");
    c.exp_s = now_s + ttl_s;
    c.user_id = token_user_id(p, user_id, strlen(user_id), a);
    if (!c.user_id)
        return fail(f, ERR_BAD_REQUEST, "A user id is a whole number from 0.");
    if (name && !text_name(a, name, strlen(name)))
        return fail(f, ERR_BAD_REQUEST, "This may not be a name.");
    claims = make_claims(p, &c);
    *out = sign(p, alg, claims, a);
    json_object_put(claims);
    if (!*out)
        return fail(f, ERR_INTERNAL, "The token could not be signed.");
    if (strlen(*out) > TOKEN_MAX)
        return fail(f, ERR_BAD_REQUEST, "The token would be too long.");
    return OK;
}
