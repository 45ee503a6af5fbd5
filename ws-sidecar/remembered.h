/*
 * Whose credentials those were: a page that polls shows the same token again and again, and a
 * signature that held a moment ago need not be computed again, nor the writer's thread be asked.
 * For a minute at most, and only that: whether the person is banned, the session ended or the token
 * too old is judged at every request from the row and the clock. Kept are hashes, no tokens.
 */
#ifndef SIDECAR_REMEMBERED_H
#define SIDECAR_REMEMBERED_H

#include "chat/identity.h"
#include "lib/secure.h"
#include "ws-sidecar/handshake.h"
#include "ws-sidecar/map.h"

enum { REMEMBERED_MAX = 4096, REMEMBERED_MS = 60000 };

struct remembered_one;

/* Zeroed, then remembered_init(). */
struct remembered {
    struct map by_key;
    struct remembered_one *oldest, *newest;
};

struct remembered_key {
    unsigned char bytes[SECURE_HASH];
};

void remembered_init(struct remembered *r);
/* Also whenever user ids begin to mean other people: another database stands there. */
void remembered_clear(struct remembered *r);
void remembered_release(struct remembered *r);

struct remembered_key remembered_key(const struct credential *credentials, size_t count);
/* `now` is boot time. Of an actor that a token made; strings of a found one live in `a`. */
void remembered_put(struct remembered *r, const struct remembered_key *key, int64_t now,
                    const struct actor *who);
bool remembered_find(struct remembered *r, const struct remembered_key *key, int64_t now,
                     struct arena *a, struct actor *out);

#endif
