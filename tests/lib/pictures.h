/* Pictures made by hand, with what a scrubber must take out and what it must keep. For tests and
 * fuzzers; no decoder looks at them. */
#ifndef TESTS_LIB_PICTURES_H
#define TESTS_LIB_PICTURES_H

#include "lib/buf.h"

#include <string.h>

enum { PICTURE_MAX = 1 << 20 };

#define PICTURE_BYTES(b, literal) buf_add(b, literal, sizeof(literal) - 1)

static inline void picture_be32(struct buf *b, uint32_t n)
{
    const char bytes[] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};

    buf_add(b, bytes, sizeof bytes);
}

static inline void picture_le(struct buf *b, uint32_t n, int bytes)
{
    while (bytes-- > 0) {
        buf_char(b, (char)n);
        n >>= 8;
    }
}

/* ----- PNG ----- */

static inline void picture_chunk(struct buf *b, const char *type, const char *data, size_t len)
{
    picture_be32(b, (uint32_t)len);
    buf_add(b, type, 4);
    buf_add(b, data, len);
    picture_be32(b, 0x12345678);
}

static inline void picture_png_begin(struct buf *b, uint32_t width, uint32_t height)
{
    struct buf head;

    PICTURE_BYTES(b, "\x89PNG\r\n\x1a\n");
    buf_init(&head, 64);
    picture_be32(&head, width);
    picture_be32(&head, height);
    PICTURE_BYTES(&head, "\x08\x02\0\0\0");
    picture_chunk(b, "IHDR", head.data, head.len);
    buf_release(&head);
}

static inline void picture_png_end(struct buf *b)
{
    picture_chunk(b, "IDAT", "pixels", 6);
    picture_chunk(b, "IEND", "", 0);
}

static inline void picture_png(struct buf *b, uint32_t width, uint32_t height)
{
    picture_png_begin(b, width, height);
    picture_png_end(b);
}

/* ----- JPEG ----- */

static inline void picture_segment(struct buf *b, int marker, const char *data, size_t len)
{
    buf_char(b, (char)0xff);
    buf_char(b, (char)marker);
    buf_char(b, (char)((len + 2) >> 8));
    buf_char(b, (char)(len + 2));
    buf_add(b, data, len);
}

/* Frame, one scan with a stuffed byte and a restart marker, the end. */
static inline void picture_jpeg_end(struct buf *b, int width, int height)
{
    const char frame[] = {
        8, (char)(height >> 8), (char)height, (char)(width >> 8), (char)width, 1, 1, 0x11, 0};

    picture_segment(b, 0xdb, "tables", 6);
    picture_segment(b, 0xc0, frame, sizeof frame);
    picture_segment(b, 0xda, "scan", 4);
    PICTURE_BYTES(b, "da\xff\0ta\xff\xd0more");
    PICTURE_BYTES(b, "\xff\xd9");
}

/* ----- GIF ----- */

static inline void picture_gif_begin(struct buf *b, uint32_t width, uint32_t height)
{
    PICTURE_BYTES(b, "GIF89a");
    picture_le(b, width, 2);
    picture_le(b, height, 2);
    PICTURE_BYTES(b, "\x80\0\0"
                     "black!"); /* two colours */
}

static inline void picture_gif_end(struct buf *b)
{
    PICTURE_BYTES(b, ",\0\0\0\0\x02\0\x02\0\0"
                     "\x02\x04"
                     "data\0;");
}

/* ----- WebP ----- */

static inline void picture_riff(struct buf *b, const char *type, const char *data, size_t len)
{
    buf_add(b, type, 4);
    picture_le(b, (uint32_t)len, 4);
    buf_add(b, data, len);
    if (len % 2)
        buf_char(b, 0);
}

static inline void picture_vp8(struct buf *b, uint32_t width, uint32_t height)
{
    struct buf data;

    buf_init(&data, 64);
    PICTURE_BYTES(&data, "\x10\0\0\x9d\x01\x2a");
    picture_le(&data, width, 2);
    picture_le(&data, height, 2);
    PICTURE_BYTES(&data, "pixels!");
    picture_riff(b, "VP8 ", data.data, data.len);
    buf_release(&data);
}

/* `chunks` in their file. */
static inline void picture_webp(struct buf *b, const struct buf *chunks)
{
    PICTURE_BYTES(b, "RIFF");
    picture_le(b, (uint32_t)chunks->len + 4, 4);
    PICTURE_BYTES(b, "WEBP");
    buf_add(b, chunks->data, chunks->len);
}

#endif
