/*
 * A bump allocator for one request (in the sidecar: one wake-up). Everything taken from it lives
 * until arena_clear() or arena_release(); nothing is freed alone. Memory is zeroed and aligned for
 * any type. Allocation never fails (see lib/base.h).
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include "lib/base.h"

struct arena_block;

struct arena {
    struct arena_block *head;
};

void arena_init(struct arena *a);
void arena_clear(struct arena *a);   /* keeps one block for the next round */
void arena_release(struct arena *a); /* gives everything back; `a` may be used again */

void *arena_alloc(struct arena *a, size_t size);
char *arena_str(struct arena *a, const char *s); /* NULL stays NULL */
char *arena_strn(struct arena *a, const char *s, size_t len);
char *arena_fmt(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
