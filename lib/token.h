/*
 * The host app's JSON Web Tokens (RFC 7519, RFC 7515): HS256/384/512, RS256, ES256, the algorithm
 * pinned by the configuration. libjwt 1.10 checks the signature and nothing else, and accepts
 * anything when it is given no key (measured); so everything around the signature is checked here:
 * length, alphabet, header, algorithm, exp, nbf, iat, iss, aud, token_type, user id.
 */
#ifndef LIB_TOKEN_H
#define LIB_TOKEN_H

#include "lib/arena.h"
#include "lib/conf.h"

enum { TOKEN_MAX = 8192, TOKEN_KEYS = 2 };

struct token_key {
    char *alg; /* "HS256" … exact case; owned */
    char *kid; /* NULL: any; owned */
    unsigned char *key;
    size_t len; /* never 0 */
};

/* What a token must satisfy. Made once, at start and on SIGHUP. */
struct token_policy {
    struct token_key keys[TOKEN_KEYS];
    size_t key_count; /* 0: host tokens are not configured, every token is ERR_TOKEN_INVALID */
    char *user_claim, *name_claim, *role_claim; /* names of claims; never NULL */
    char *issuer, *audience;                    /* NULL: not checked */
    int64_t leeway_s;
};

struct token_claims {
    char *user_id;    /* the decimal string of the user-id claim; never NULL */
    char *name;       /* NULL where the claim is absent or not a usable name (see text_name) */
    char *role;       /* NULL where absent; "moderator" and "admin" mean something to us */
    int64_t exp_s;    /* seconds since 1970, without leeway */
    int64_t issued_s; /* iat; 0 where absent */
};

/* Reads keys as the configuration says (jwt_alg, jwt_secret or jwt_key_file, jwt_old_*). Refuses an
 * HS secret under 32 bytes, a PEM that does not parse or does not fit the algorithm (ES256 needs
 * P-256), a key file readable by others; the sentence in `f` says how to mend it. */
MUST_CHECK enum err token_policy_load(struct token_policy *p, const struct conf *c, struct fail *f);
/* The policy for the tokens we make for guests: HS256 with `secret`, issuer "outcry-guest", user id
 * a hex string. */
MUST_CHECK enum err token_policy_guest(struct token_policy *p, const struct conf *c,
                                       struct fail *f);
void token_policy_release(struct token_policy *p);

/* ERR_TOKEN_INVALID or ERR_TOKEN_EXPIRED with a sentence that never quotes the token. `now_s` is
 * wall time. Claims live in `a`. */
MUST_CHECK enum err token_verify(const struct token_policy *p, const char *token, size_t len,
                                 int64_t now_s, struct arena *a, struct token_claims *out,
                                 struct fail *f);

/* Signs a token of the policy's first key (HS only; ERR_BAD_REQUEST for a public key). `name` and
 * `role` may be NULL. For guests' sessions and `outcry token`. */
MUST_CHECK enum err token_sign(const struct token_policy *p, const char *user_id, const char *name,
                               const char *role, int64_t now_s, int64_t ttl_s, struct arena *a,
                               char **out, struct fail *f);

#endif
