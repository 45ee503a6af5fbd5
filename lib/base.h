/*
 * What every file may assume: a few attributes, a length macro, and allocators that do not return
 * NULL. Out of memory is the only condition under which code below main() ends the process.
 */
#ifndef LIB_BASE_H
#define LIB_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a)      (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Prints "outcry: …" to stderr and exits with 1. Only main files and allocators call it. */
_Noreturn void die(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The caller owns the result and frees it with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);

#endif
