#include "ws-sidecar/remembered.h"

#include <stdlib.h>
#include <string.h>

struct remembered_one {
    struct remembered_one *next; /* the next younger one */
    struct remembered_key key;
    int64_t until_ms;
    struct arena strings;
    struct actor who;
};

void remembered_init(struct remembered *r)
{
    map_init(&r->by_key);
}

static void forget_oldest(struct remembered *r)
{
    struct remembered_one *one = r->oldest;

    r->oldest = one->next;
    if (!r->oldest)
        r->newest = NULL;
    map_remove(&r->by_key, &one->key, sizeof one->key);
    arena_release(&one->strings);
    free(one);
}

void remembered_clear(struct remembered *r)
{
    while (r->oldest)
        forget_oldest(r);
}

void remembered_release(struct remembered *r)
{
    remembered_clear(r);
    map_release(&r->by_key);
}

struct remembered_key remembered_key(const struct credential *credentials, size_t count)
{
    struct remembered_key key = {{0}};

    /* Each hash goes into the next: a list of credentials is one thing, not a set. */
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(credentials[i].value);
        unsigned char *text = xmalloc(sizeof key + 1 + len);

        memcpy(text, key.bytes, sizeof key);
        text[sizeof key] = (unsigned char)credentials[i].kind;
        memcpy(text + sizeof key + 1, credentials[i].value, len);
        secure_sha256(key.bytes, text, sizeof key + 1 + len);
        free(text);
    }
    return key;
}

void remembered_put(struct remembered *r, const struct remembered_key *key, int64_t now,
                    const struct actor *who)
{
    struct remembered_one *one;

    while (r->oldest && (r->oldest->until_ms <= now || r->by_key.count >= REMEMBERED_MAX))
        forget_oldest(r);
    if (map_get(&r->by_key, key, sizeof *key))
        return; /* of two requests at once the other was first */
    one = xcalloc(1, sizeof *one);
    arena_init(&one->strings);
    one->key = *key;
    one->until_ms = now + REMEMBERED_MS;
    one->who = *who;
    one->who.ext_id = arena_str(&one->strings, who->ext_id);
    one->who.username = arena_str(&one->strings, who->username);
    one->who.role = arena_str(&one->strings, who->role);
    if (r->newest)
        r->newest->next = one;
    else
        r->oldest = one;
    r->newest = one;
    map_put(&r->by_key, key, sizeof *key, one);
}

bool remembered_find(struct remembered *r, const struct remembered_key *key, int64_t now,
                     struct arena *a, struct actor *out)
{
    const struct remembered_one *one = map_get(&r->by_key, key, sizeof *key);

    if (!one || one->until_ms <= now)
        return false;
    *out = one->who;
    out->ext_id = arena_str(a, one->who.ext_id);
    out->username = arena_str(a, one->who.username);
    out->role = arena_str(a, one->who.role);
    return true;
}
