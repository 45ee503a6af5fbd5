/* GIF: a screen and blocks. https://www.w3.org/Graphics/GIF/spec-gif89a.txt */
#include "lib/scrub_stream.h"

#include <string.h>

enum {
    SCREEN = 13, /* signature and logical screen */
    IMAGE = 10,  /* image descriptor, its separator included */
    EXTENSION = 0x21,
    SEPARATOR = 0x2c,
    TRAILER = 0x3b,
    GRAPHIC_CONTROL = 0xf9,
    APPLICATION = 0xff,
    APPLICATION_ID = 11
};

/* Bytes of the colour table that the packed field of a screen or an image announces. */
static size_t table_size(unsigned char packed)
{
    return packed & 0x80 ? (size_t)3 << ((packed & 7) + 1) : 0;
}

/* Blocks of a length and as many bytes, up to an empty one. */
static bool pass_blocks(struct scrub_stream *s, bool keep)
{
    for (;;) {
        const unsigned char *p = scrub_peek(s, 1);
        size_t len = p ? *p : 0;

        if (!p || !(keep ? scrub_copy(s, len + 1) : scrub_skip(s, len + 1)))
            return false;
        if (len == 0)
            return true;
    }
}

/* How often an animation is shown; everything else is somebody's notes. */
static bool is_loop(const unsigned char *id)
{
    return memcmp(id, "NETSCAPE2.0", APPLICATION_ID) == 0 ||
           memcmp(id, "ANIMEXTS1.0", APPLICATION_ID) == 0;
}

static bool pass_extension(struct scrub_stream *s)
{
    const unsigned char *p = scrub_peek(s, 2);
    bool keep = p && p[1] == GRAPHIC_CONTROL;

    if (p && p[1] == APPLICATION) {
        p = scrub_peek(s, 3 + APPLICATION_ID);
        keep = p && p[2] == APPLICATION_ID && is_loop(p + 3);
    }
    return p && (keep ? scrub_copy(s, 2) : scrub_skip(s, 2)) && pass_blocks(s, keep);
}

static bool copy_image(struct scrub_stream *s)
{
    const unsigned char *p = scrub_peek(s, IMAGE);

    /* The byte after the table says how the data are coded. */
    return p && scrub_size(s, scrub_le16(p + 5), scrub_le16(p + 7)) &&
           scrub_copy(s, IMAGE + table_size(p[9]) + 1) && pass_blocks(s, true);
}

bool scrub_gif(struct scrub_stream *s)
{
    const unsigned char *p = scrub_peek(s, SCREEN);
    bool has_image = false;
    uint32_t width, height;

    if (!p)
        return false;
    width = scrub_le16(p + 6);
    height = scrub_le16(p + 8);
    if (!scrub_size(s, width, height) || !scrub_copy(s, SCREEN + table_size(p[10])))
        return false;
    scrub_shows(s, width, height);
    while ((p = scrub_peek(s, 1)) && *p != TRAILER) {
        if (*p == EXTENSION) {
            if (!pass_extension(s))
                return false;
        } else if (*p != SEPARATOR) {
            return scrub_broken(s, "The GIF's blocks are not in order.");
        } else if (!copy_image(s)) {
            return false;
        } else {
            has_image = true;
        }
    }
    if (p && !has_image)
        return scrub_broken(s, "There is no picture in the GIF.");
    return p && scrub_copy(s, 1);
}
