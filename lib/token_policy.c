/* From the configuration to a policy. Keys themselves are judged in lib/token_key.c. */
#include "lib/token_part.h"

#include <stdlib.h>
#include <string.h>

enum { LEEWAY_MAX_S = 3600, GUEST_LEEWAY_S = 30 };

static const struct token_alg algs[] = {
    {"HS256", JWT_ALG_HS256, TOKEN_KEY_SECRET}, {"HS384", JWT_ALG_HS384, TOKEN_KEY_SECRET},
    {"HS512", JWT_ALG_HS512, TOKEN_KEY_SECRET}, {"RS256", JWT_ALG_RS256, TOKEN_KEY_RSA},
    {"ES256", JWT_ALG_ES256, TOKEN_KEY_EC},
};

const struct token_alg *token_alg_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(algs); i++)
        if (!strcmp(algs[i].name, name))
            return &algs[i];
    return NULL;
}

/* The settings of one key, and what they are called in the file. */
struct source {
    const char *alg, *secret, *file, *kid;
    const char *alg_name, *secret_name, *file_name;
};

static bool is_set(const char *s)
{
    return s && *s;
}

static char *copy_if_set(const char *s)
{
    return is_set(s) ? xstrdup(s) : NULL;
}

static void key_release(struct token_key *k)
{
    if (k->key)
        explicit_bzero(k->key, k->len);
    free(k->key);
    free(k->alg);
    free(k->kid);
    *k = (struct token_key){0};
}

/* Fills `k`; whatever the result, the caller releases it, and what was loaded for it. */
static enum err load_key(struct token_key *k, struct token_foreign **lib, const struct source *s,
                         struct fail *f)
{
    const struct token_alg *alg = s->alg ? token_alg_find(s->alg) : NULL;
    enum err e;

    if (!alg)
        return fail(f, ERR_BAD_REQUEST, "%s must be HS256, HS384, HS512, RS256 or ES256.",
                    s->alg_name);
    if (!is_set(s->secret) && !is_set(s->file))
        return fail(f, ERR_BAD_REQUEST,
                    "%s = %s needs the host app's public key (PEM): put it into a file and set %s.",
                    s->alg_name, alg->name, s->file_name);
    if (is_set(s->secret) && is_set(s->file))
        return fail(f, ERR_BAD_REQUEST, "%s and %s are both set. Remove one.", s->secret_name,
                    s->file_name);
    if (is_set(s->secret) && alg->kind != TOKEN_KEY_SECRET)
        return fail(f, ERR_BAD_REQUEST,
                    "%s has no secret: put the host app's public key (PEM) into a file and set %s.",
                    alg->name, s->file_name);
    e = token_foreign_load(lib, alg, s->alg_name, f);
    if (e)
        return e;
    k->alg = xstrdup(alg->name);
    k->kid = copy_if_set(s->kid);
    if (is_set(s->file))
        return token_key_read(k, alg, *lib, s->file_name, s->file, f);
    k->len = strlen(s->secret);
    k->key = (unsigned char *)xstrdup(s->secret);
    return token_key_check_secret(k, s->secret_name, f);
}

/* The algorithm has a default, so alone it asks for nothing, unless it can only mean a key file. */
static bool is_configured(const struct source *s)
{
    const struct token_alg *alg = s->alg ? token_alg_find(s->alg) : NULL;

    return is_set(s->secret) || is_set(s->file) || (alg && alg->kind != TOKEN_KEY_SECRET);
}

static enum err add_key(struct token_policy *p, const struct source *s, struct fail *f)
{
    struct token_key *k = &p->keys[p->key_count];
    enum err e;

    if (!is_configured(s))
        return OK;
    e = load_key(k, &p->foreign, s, f);
    if (e)
        key_release(k);
    else
        p->key_count++;
    return e;
}

enum err token_policy_load(struct token_policy *p, const struct conf *c, struct fail *f)
{
    const struct source current = {c->jwt_alg, c->jwt_secret, c->jwt_key_file, c->jwt_kid,
                                   "jwt_alg",  "jwt_secret",  "jwt_key_file"};
    const struct source old = {c->jwt_old_alg,    c->jwt_old_secret, c->jwt_old_key_file,
                               c->jwt_old_kid,    "jwt_old_alg",     "jwt_old_secret",
                               "jwt_old_key_file"};
    enum err e;

    *p = (struct token_policy){.leeway_s = c->jwt_leeway_s};
    if (c->jwt_leeway_s < 0 || c->jwt_leeway_s > LEEWAY_MAX_S)
        return fail(f, ERR_BAD_REQUEST, "jwt_leeway_s is from 0 to %d.", LEEWAY_MAX_S);
    e = add_key(p, &current, f);
    if (!e && !p->key_count && is_configured(&old))
        e = fail(f, ERR_BAD_REQUEST,
                 "There is an old key but no current one: set jwt_secret or jwt_key_file.");
    if (!e)
        e = add_key(p, &old, f);
    if (e) {
        token_policy_release(p);
        return e;
    }
    p->seen = xcalloc(1, sizeof *p->seen);
    p->user_claim = xstrdup(is_set(c->jwt_user_claim) ? c->jwt_user_claim : "user_id");
    p->name_claim = xstrdup(c->jwt_name_claim ? c->jwt_name_claim : "");
    p->role_claim = xstrdup(c->jwt_role_claim ? c->jwt_role_claim : "");
    p->issuer = copy_if_set(c->jwt_issuer);
    p->audience = copy_if_set(c->jwt_audience);
    return OK;
}

enum err token_policy_guest(struct token_policy *p, const struct conf *c, struct fail *f)
{
    static const char purpose[] = "guest-token";
    struct token_key secret = {.key = (unsigned char *)c->secret,
                               .len = c->secret ? strlen(c->secret) : 0};
    struct token_key *k = &p->keys[0];
    enum err e;

    *p = (struct token_policy){0};
    e = token_key_check_secret(&secret, "secret", f);
    if (e)
        return e;
    k->alg = xstrdup("HS256");
    k->key = xmalloc(SECURE_HASH);
    k->len = SECURE_HASH;
    secure_hmac(k->key, secret.key, secret.len, purpose, strlen(purpose));
    p->key_count = 1;
    p->seen = xcalloc(1, sizeof *p->seen);
    p->user_claim = xstrdup("user_id");
    p->name_claim = xstrdup("name");
    p->role_claim = xstrdup("role");
    p->issuer = xstrdup("outcry-guest");
    p->hex_user_id = true;
    p->leeway_s = GUEST_LEEWAY_S;
    return OK;
}

void token_policy_release(struct token_policy *p)
{
    for (size_t i = 0; i < p->key_count; i++)
        key_release(&p->keys[i]);
    free(p->foreign);
    free(p->seen);
    free(p->user_claim);
    free(p->name_claim);
    free(p->role_claim);
    free(p->issuer);
    free(p->audience);
    *p = (struct token_policy){0};
}
