/* What the token_*.c files share. Nobody else includes this. */
#ifndef LIB_TOKEN_PART_H
#define LIB_TOKEN_PART_H

#include "lib/json.h"
#include "lib/secure.h"
#include "lib/token.h"

#include <jwt.h>

/* The algorithms we know; exact case, as RFC 7518 has them. */
enum token_key_kind { TOKEN_KEY_SECRET, TOKEN_KEY_RSA, TOKEN_KEY_EC };

struct token_alg {
    const char *name;
    jwt_alg_t id;
    enum token_key_kind kind;
};

/* Hashes of tokens, in a ring. A token's signature stays good as long as the policy's keys do. */
enum { TOKEN_SEEN = 64 };
struct token_seen {
    unsigned char hashes[TOKEN_SEEN][SECURE_HASH];
    size_t next;
};

/*
 * lib/token_foreign.c: signatures other than HS256, by libjwt and libcrypto. token_foreign_load()
 * finds them for an algorithm that needs them, into `*lib` (NULL before; then the caller's to
 * free()); ERR_BAD_REQUEST where they are not there. token_foreign_sign() gives a string to free(),
 * or NULL.
 */
MUST_CHECK enum err token_foreign_load(struct token_foreign **lib, const struct token_alg *alg,
                                       const char *setting, struct fail *f);
bool token_foreign_fits(const struct token_foreign *lib, const struct token_key *key,
                        const struct token_alg *alg, const char *token);
char *token_foreign_sign(const struct token_foreign *lib, const struct token_key *key,
                         const struct token_alg *alg, const char *claims);
MUST_CHECK enum err token_foreign_check_public(const struct token_foreign *lib,
                                               const struct token_key *key,
                                               const struct token_alg *alg, const char *setting,
                                               struct fail *f);
/* Ours. */
bool token_alg_is_own(const struct token_alg *alg);

/* NULL where the name is none of ours. */
const struct token_alg *token_alg_find(const char *name);

/* Reads `path` into `key` and judges it for `alg` (`lib` is loaded where it is not our own); or
 * judges a secret that is already there. The sentence names `setting`, the configuration key that
 * the reader should look at. */
MUST_CHECK enum err token_key_read(struct token_key *key, const struct token_alg *alg,
                                   const struct token_foreign *lib, const char *setting,
                                   const char *path, struct fail *f);
MUST_CHECK enum err token_key_check_secret(const struct token_key *key, const char *setting,
                                           struct fail *f);

/* Judges the claims of a token whose signature is good. */
MUST_CHECK enum err token_check_claims(const struct token_policy *p, struct json_object *claims,
                                       int64_t now_s, struct arena *a, struct token_claims *out,
                                       struct fail *f);
/* A user id in its canonical form, or NULL where the policy does not take it. */
char *token_user_id(const struct token_policy *p, const char *s, size_t len, struct arena *a);

#endif
