/*
 * A hash table from short byte keys to pointers: rooms and users by id, sessions by number, counts
 * by address. Keys are copied, values belong to the caller. Keys from outside are hashed with a
 * random seed, so nobody can choose collisions.
 */
#ifndef SIDECAR_MAP_H
#define SIDECAR_MAP_H

#include "lib/base.h"

struct map_entry;

struct map {
    struct map_entry **buckets;
    size_t bucket_count, count;
    uint64_t seed;
};

void map_init(struct map *m);
void map_release(struct map *m); /* entries go; what they point to does not */

void *map_get(const struct map *m, const void *key, size_t len); /* NULL: none */
void map_put(struct map *m, const void *key, size_t len, void *value);
void *map_remove(struct map *m, const void *key, size_t len); /* what it held; NULL: none */

void *map_get_id(const struct map *m, int64_t id);
void map_put_id(struct map *m, int64_t id, void *value);
void *map_remove_id(struct map *m, int64_t id);

#endif
