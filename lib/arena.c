#include "lib/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first block is one that malloc has at hand in each thread's cache:
 * most arenas need no more. */
enum { FIRST_SIZE = 960, BLOCK_SIZE = 8192, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(ALIGNMENT) char data[];
};

void arena_init(struct arena *a)
{
    a->head = NULL;
}

static struct arena_block *block_new(size_t size, struct arena_block *next)
{
    struct arena_block *b = xmalloc(sizeof *b + size);

    b->next = next;
    b->used = 0;
    b->size = size;
    return b;
}

void arena_release(struct arena *a)
{
    while (a->head) {
        struct arena_block *next = a->head->next;

        free(a->head);
        a->head = next;
    }
}

void arena_clear(struct arena *a)
{
    struct arena_block *kept = NULL;

    while (a->head) {
        struct arena_block *next = a->head->next;

        if (!kept && a->head->size <= BLOCK_SIZE)
            kept = a->head;
        else
            free(a->head);
        a->head = next;
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    a->head = kept;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t need, least = a->head ? BLOCK_SIZE : FIRST_SIZE;
    void *p;

    if (size > SIZE_MAX / 2)
        die("arena: %zu bytes asked for", size);
    need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!a->head || a->head->size - a->head->used < need)
        a->head = block_new(need > least ? need : least, a->head);
    p = a->head->data + a->head->used;
    a->head->used += need;
    return memset(p, 0, size);
}

char *arena_strn(struct arena *a, const char *s, size_t len)
{
    char *copy = arena_alloc(a, len + 1);

    memcpy(copy, s, len);
    return copy;
}

char *arena_str(struct arena *a, const char *s)
{
    return s ? arena_strn(a, s, strlen(s)) : NULL;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    int len;
    char *s;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        die("arena_fmt: bad format");
    s = arena_alloc(a, (size_t)len + 1);
    va_start(ap, fmt);
    vsnprintf(s, (size_t)len + 1, fmt, ap);
    va_end(ap);
    return s;
}
