/*
 * A growing byte buffer with a maximum. Invariants: data[len] is always NUL once anything was
 * added; len <= max. What would pass the maximum is not added and sets `overflow`, which stays set
 * until buf_clear(): check it once, at the end.
 *
 * The safe call has the short name: buf_html() escapes. buf_raw_unescaped() puts bytes into HTML as
 * they are, and lint counts its uses.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include "lib/base.h"

struct buf {
    char *data; /* owned; NULL while nothing was added */
    size_t len, cap, max;
    bool overflow;
};

void buf_init(struct buf *b, size_t max); /* max: bytes of content, without the NUL */
void buf_clear(struct buf *b);            /* empty, keeps its memory */
void buf_release(struct buf *b);
const char *buf_cstr(const struct buf *b); /* never NULL; valid until the next change */

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Text into HTML element content or a double- or single-quoted attribute. */
void buf_html(struct buf *b, const char *s, size_t len);
void buf_raw_unescaped(struct buf *b, const char *html, size_t len);
/* Percent-encodes everything but RFC 3986 unreserved characters. */
void buf_url(struct buf *b, const char *s, size_t len);

#endif
