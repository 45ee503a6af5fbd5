/*
 * The host app's JSON Web Tokens (RFC 7519, RFC 7515): HS256/384/512, RS256, ES256, the algorithm
 * pinned by the configuration. HS256 is judged here by Nettle's HMAC; of the others libjwt 1.10
 * checks the signature and nothing else, and accepts anything when it is given no key (measured);
 * so everything around the signature is checked here: length, alphabet, header, algorithm, exp,
 * nbf, iat, iss, aud, token_type, user id.
 */
#ifndef LIB_TOKEN_H
#define LIB_TOKEN_H

#include "lib/arena.h"
#include "lib/conf.h"

enum { TOKEN_MAX = 8192, TOKEN_KEYS = 2 };

struct token_key {
    char *alg; /* "HS256" … exact case; owned */
    char *kid; /* the header must name it; NULL: any or none; owned */
    unsigned char *key;
    size_t len; /* never 0 */
};

/* What a token must satisfy. Made once, at start and on SIGHUP. Belongs to one thread. */
struct token_policy {
    struct token_key keys[TOKEN_KEYS];
    size_t key_count; /* 0: host tokens are not configured, every token is ERR_TOKEN_INVALID */
    char *user_claim, *name_claim, *role_claim; /* names of claims; never NULL */
    char *issuer, *audience;                    /* NULL: not checked */
    bool hex_user_id; /* our own tokens: user ids are 8–64 lower-case hex digits, not decimal */
    int64_t leeway_s;
    struct token_foreign *foreign; /* libjwt, where a key is not for HS256; owned */
    struct token_seen *seen; /* whose signatures were good lately; owned, changes with each token */
};

struct token_claims {
    char *user_id;    /* the user-id claim in its one canonical form; never NULL */
    char *name;       /* NULL where the claim is absent or not a usable name (see text_name) */
    char *role;       /* NULL where absent; "moderator" and "admin" mean something to us */
    int64_t exp_s;    /* seconds since 1970, without leeway; at most the end of year 9999 */
    int64_t issued_s; /* iat; 0 where absent */
};

/* Reads keys as the configuration says (jwt_alg, jwt_secret or jwt_key_file, jwt_old_*). Refuses an
 * HS secret under 32 bytes, a file of one that others may read, a PEM that is not a public key or
 * does not fit the algorithm (RSA of 2048 bits, P-256), a key file that others may change: with
 * ERR_BAD_REQUEST or ERR_NOT_FOUND and a sentence in `f` that says how to mend it. On an error `p`
 * is empty. */
MUST_CHECK enum err token_policy_load(struct token_policy *p, const struct conf *c, struct fail *f);
/* The policy for the tokens we make for guests: HS256 with a key derived from `secret`, issuer
 * "outcry-guest", user id a hex string. */
MUST_CHECK enum err token_policy_guest(struct token_policy *p, const struct conf *c,
                                       struct fail *f);
void token_policy_release(struct token_policy *p);

/* ERR_TOKEN_EXPIRED for a token that is good but for its exp, else ERR_TOKEN_INVALID, each with a
 * sentence that never quotes the token. `now_s` is wall time. Claims live in `a`. */
MUST_CHECK enum err token_verify(const struct token_policy *p, const char *token, size_t len,
                                 int64_t now_s, struct arena *a, struct token_claims *out,
                                 struct fail *f);

/* Whether its signature was found good lately. (Claims are judged each time.) */
bool token_is_known(const struct token_policy *p, const char *token, size_t len);

/* Signs with the policy's first key (HS only; ERR_BAD_REQUEST for a public key, a user id or a name
 * that token_verify() would not take). `name` and `role` may be NULL. For guests' sessions and
 * `outcry token`. */
MUST_CHECK enum err token_sign(const struct token_policy *p, const char *user_id, const char *name,
                               const char *role, int64_t now_s, int64_t ttl_s, struct arena *a,
                               char **out, struct fail *f);

#endif
