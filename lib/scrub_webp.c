/*
 * WebP: RIFF chunks. https://developers.google.com/speed/webp/docs/riff_container
 * The file's length stands in its head, so a first pass counts what a second one writes.
 */
#include "lib/scrub_stream.h"

#include <string.h>

enum { FOURCC = 4, HEAD = 8, ANMF_HEAD = 16, ANIMATED = 0x02, HAS_ALPHA = 0x10 };

struct webp {
    uint64_t left; /* of the file, as its head says */
    bool begun, extended, has_image;
};

/* One chunk's head; `padded` is how far it reaches behind it. */
struct chunk {
    unsigned char head[HEAD];
    uint32_t len;
    uint64_t padded;
};

static bool is_type(const struct chunk *c, const char *fourcc)
{
    return memcmp(c->head, fourcc, FOURCC) == 0;
}

/* The next chunk of what has `left` bytes. */
static bool take_chunk(struct scrub_stream *s, uint64_t *left, struct chunk *c)
{
    const unsigned char *p = *left >= HEAD ? scrub_take(s, HEAD) : NULL;

    if (!p)
        return scrub_broken(s, "The WebP's chunks do not fit in it.");
    memcpy(c->head, p, HEAD);
    c->len = scrub_le32(c->head + FOURCC);
    c->padded = (uint64_t)c->len + (c->len & 1);
    *left -= HEAD;
    if (c->padded > *left)
        return scrub_broken(s, "The WebP's chunks do not fit in it.");
    *left -= c->padded;
    return true;
}

static bool copy_chunk(struct scrub_stream *s, const struct chunk *c)
{
    return scrub_put(s, c->head, HEAD) && scrub_copy(s, c->padded);
}

/* The canvas; the flags no longer tell of what is left out. */
static bool put_canvas(struct scrub_stream *s, const struct chunk *c)
{
    const unsigned char *p = c->len == 10 ? scrub_take(s, 10) : NULL;
    unsigned char canvas[10];
    uint64_t width, height;

    if (!p)
        return scrub_broken(s, "The WebP's canvas is not well formed.");
    memcpy(canvas, p, sizeof canvas);
    canvas[0] &= ANIMATED | HAS_ALPHA;
    width = (scrub_le16(canvas + 4) | (uint64_t)canvas[6] << 16) + 1;
    height = (scrub_le16(canvas + 7) | (uint64_t)canvas[9] << 16) + 1;
    if (!scrub_size(s, width, height))
        return false;
    scrub_shows(s, width, height);
    return scrub_put(s, c->head, HEAD) && scrub_put(s, canvas, sizeof canvas);
}

/* The size in the head of the coded picture itself. */
static bool read_size(struct scrub_stream *s, const struct chunk *c, uint32_t *width,
                      uint32_t *height)
{
    bool lossless = is_type(c, "VP8L");
    size_t need = lossless ? 5 : 10;
    const unsigned char *p = c->len >= need ? scrub_peek(s, need) : NULL;

    if (!p || (lossless ? p[0] != 0x2f : p[0] & 1 || memcmp(p + 3, "\x9d\x01\x2a", 3) != 0))
        return scrub_broken(s, "The WebP's picture is not well formed.");
    *width = lossless ? (scrub_le32(p + 1) & 0x3fff) + 1 : scrub_le16(p + 6) & 0x3fff;
    *height = lossless ? (scrub_le32(p + 1) >> 14 & 0x3fff) + 1 : scrub_le16(p + 8) & 0x3fff;
    return scrub_size(s, *width, *height);
}

static bool copy_picture(struct scrub_stream *s, struct webp *w, const struct chunk *c)
{
    uint32_t width = 0, height = 0;

    if (!read_size(s, c, &width, &height))
        return false;
    if (!w->extended)
        scrub_shows(s, width, height);
    w->has_image = true;
    return copy_chunk(s, c);
}

static bool is_picture(const struct chunk *c)
{
    return is_type(c, "VP8 ") || is_type(c, "VP8L");
}

/* A frame of an animation holds chunks of its own. */
static bool copy_frame(struct scrub_stream *s, struct webp *w, const struct chunk *c)
{
    uint64_t left = c->padded;
    struct chunk part = {{0}, 0, 0};

    if (left < ANMF_HEAD || !scrub_put(s, c->head, HEAD) || !scrub_copy(s, ANMF_HEAD))
        return scrub_broken(s, "A frame of the WebP is not well formed.");
    for (left -= ANMF_HEAD; left > 0;) {
        if (!take_chunk(s, &left, &part))
            return false;
        if (!is_picture(&part) && !is_type(&part, "ALPH"))
            return scrub_broken(s, "A frame of the WebP holds more than a picture.");
        if (is_picture(&part) ? !copy_picture(s, w, &part) : !copy_chunk(s, &part))
            return false;
    }
    return true;
}

static bool pass_chunk(struct scrub_stream *s, struct webp *w)
{
    bool first = !w->begun;
    struct chunk c = {{0}, 0, 0};

    if (!take_chunk(s, &w->left, &c))
        return false;
    w->begun = true;
    if (first && is_type(&c, "VP8X")) {
        w->extended = true;
        return put_canvas(s, &c);
    }
    if (is_picture(&c))
        return copy_picture(s, w, &c);
    if (!w->extended)
        return first ? scrub_broken(s, "There is no picture in the WebP.")
                     : scrub_skip(s, c.padded);
    if (is_type(&c, "ANMF"))
        return copy_frame(s, w, &c);
    return is_type(&c, "ANIM") || is_type(&c, "ALPH") ? copy_chunk(s, &c) : scrub_skip(s, c.padded);
}

/* From behind the head to the end that it says. */
static bool pass_chunks(struct scrub_stream *s)
{
    const unsigned char *p = scrub_take(s, HEAD + FOURCC);
    struct webp w = {0};

    if (!p || scrub_le32(p + FOURCC) < FOURCC)
        return scrub_broken(s, "The WebP has no length.");
    for (w.left = scrub_le32(p + FOURCC) - FOURCC; w.left > 0;)
        if (!pass_chunk(s, &w))
            return false;
    return w.has_image ? true : scrub_broken(s, "There is no picture in the WebP.");
}

static bool put_head(struct scrub_stream *s, uint64_t content)
{
    uint64_t len = content + FOURCC;
    unsigned char head[] = "RIFF\0\0\0\0WEBP";

    if (len > UINT32_MAX)
        return scrub_broken(s, "The WebP is too long.");
    for (int i = 0; i < 4; i++)
        head[FOURCC + i] = (unsigned char)(len >> 8 * i);
    return scrub_put(s, head, HEAD + FOURCC);
}

bool scrub_webp(struct scrub_stream *s)
{
    uint64_t content;

    s->counting = true;
    if (!pass_chunks(s))
        return false;
    content = (uint64_t)s->result->size;
    return scrub_rewind(s) && put_head(s, content) && pass_chunks(s);
}
