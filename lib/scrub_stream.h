/*
 * For lib/scrub*.c only: one file on its way through a scrubber. Each function returns false, or
 * NULL, where it cannot go on; why is kept, and everything after it fails too.
 */
#ifndef LIB_SCRUB_STREAM_H
#define LIB_SCRUB_STREAM_H

#include "lib/scrub.h"

enum { SCRUB_WINDOW = 65536 }; /* what can be looked at at once: a JPEG's largest segment */

struct scrub_stream {
    int in, out;
    bool counting; /* nothing is written, only counted */
    struct secure_hash *hash;
    struct scrubbed *result;
    struct fail *fail; /* not NULL */
    enum err err;
    size_t at, end, put; /* in the two windows below */
    unsigned char window[SCRUB_WINDOW], written[SCRUB_WINDOW];
};

/* The next `len` bytes (at most SCRUB_WINDOW), until the next call; NULL where the file ends
 * before. */
const unsigned char *scrub_peek(struct scrub_stream *s, size_t len);
/* As many of the next bytes as there are at hand, at least one; 0 at the end of the file. */
size_t scrub_at_hand(struct scrub_stream *s, const unsigned char **bytes);
/* The same as peek, and goes on behind them. */
const unsigned char *scrub_take(struct scrub_stream *s, size_t len);
bool scrub_copy(struct scrub_stream *s, uint64_t len);
bool scrub_skip(struct scrub_stream *s, uint64_t len);
bool scrub_put(struct scrub_stream *s, const void *bytes, size_t len);
/* Back to the beginning of a file that was only counted so far. */
bool scrub_rewind(struct scrub_stream *s);

bool scrub_broken(struct scrub_stream *s, const char *why); /* always false */
/* A picture, or a part of one, of this size: false where that is none, or too large. */
bool scrub_size(struct scrub_stream *s, uint64_t width, uint64_t height);
/* What the picture as a whole shows; after scrub_size(). */
void scrub_shows(struct scrub_stream *s, uint64_t width, uint64_t height);

/* Big- and little-endian. */
static inline uint32_t scrub_be16(const unsigned char *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t scrub_be32(const unsigned char *p)
{
    return scrub_be16(p) << 16 | scrub_be16(p + 2);
}

static inline uint32_t scrub_le16(const unsigned char *p)
{
    return (uint32_t)p[1] << 8 | p[0];
}

static inline uint32_t scrub_le32(const unsigned char *p)
{
    return scrub_le16(p + 2) << 16 | scrub_le16(p);
}

typedef bool scrub_fn(struct scrub_stream *s);
scrub_fn scrub_png, scrub_jpeg, scrub_gif, scrub_webp;

#endif
