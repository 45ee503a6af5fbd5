#include "ws-sidecar/map.h"

#include "lib/secure.h"

#include <stdlib.h>
#include <string.h>

struct map_entry {
    struct map_entry *next;
    uint64_t hash;
    void *value;
    size_t len;
    unsigned char key[];
};

void map_init(struct map *m)
{
    *m = (struct map){.bucket_count = 16};
    m->buckets = xcalloc(m->bucket_count, sizeof(*m->buckets));
    secure_random(&m->seed, sizeof m->seed);
}

void map_release(struct map *m)
{
    for (size_t i = 0; i < m->bucket_count; i++) {
        while (m->buckets[i]) {
            struct map_entry *e = m->buckets[i];

            m->buckets[i] = e->next;
            free(e);
        }
    }
    free(m->buckets);
    *m = (struct map){0};
}

/* FNV-1a from a random start, mixed at the end (splitmix64's finaliser). */
static uint64_t hash_of(const struct map *m, const unsigned char *key, size_t len)
{
    uint64_t h = m->seed ^ 0xcbf29ce484222325U;

    for (size_t i = 0; i < len; i++)
        h = (h ^ key[i]) * 0x100000001b3U;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
    return h ^ (h >> 31);
}

static struct map_entry **place_of(const struct map *m, const void *key, size_t len, uint64_t hash)
{
    struct map_entry **place = &m->buckets[hash & (m->bucket_count - 1)];

    while (*place &&
           ((*place)->hash != hash || (*place)->len != len || memcmp((*place)->key, key, len) != 0))
        place = &(*place)->next;
    return place;
}

static void grow(struct map *m)
{
    size_t count = m->bucket_count * 2;
    struct map_entry **buckets = xcalloc(count, sizeof(*buckets));

    for (size_t i = 0; i < m->bucket_count; i++) {
        while (m->buckets[i]) {
            struct map_entry *e = m->buckets[i];

            m->buckets[i] = e->next;
            e->next = buckets[e->hash & (count - 1)];
            buckets[e->hash & (count - 1)] = e;
        }
    }
    free(m->buckets);
    m->buckets = buckets;
    m->bucket_count = count;
}

void *map_get(const struct map *m, const void *key, size_t len)
{
    struct map_entry *e = *place_of(m, key, len, hash_of(m, key, len));

    return e ? e->value : NULL;
}

void map_put(struct map *m, const void *key, size_t len, void *value)
{
    uint64_t hash = hash_of(m, key, len);
    struct map_entry **place = place_of(m, key, len, hash);
    struct map_entry *e = *place;

    if (!e) {
        e = xcalloc(1, sizeof *e + len);
        e->hash = hash;
        e->len = len;
        memcpy(e->key, key, len);
        *place = e;
        m->count++;
    }
    e->value = value;
    if (m->count > m->bucket_count)
        grow(m);
}

void *map_remove(struct map *m, const void *key, size_t len)
{
    struct map_entry **place = place_of(m, key, len, hash_of(m, key, len));
    struct map_entry *e = *place;
    void *value;

    if (!e)
        return NULL;
    value = e->value;
    *place = e->next;
    free(e);
    m->count--;
    return value;
}

void *map_get_id(const struct map *m, int64_t id)
{
    return map_get(m, &id, sizeof id);
}

void map_put_id(struct map *m, int64_t id, void *value)
{
    map_put(m, &id, sizeof id, value);
}

void *map_remove_id(struct map *m, int64_t id)
{
    return map_remove(m, &id, sizeof id);
}
