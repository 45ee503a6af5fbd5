/* PNG: a signature and chunks. https://www.w3.org/TR/png-3/ */
#include "lib/scrub_stream.h"

#include <string.h>

enum { SIGNATURE = 8, TYPE = 4, CRC = 4, IHDR_LENGTH = 13 };

/* What is seen, animations too. A colour profile is left out: a screenshot's names the screen. */
static const char *const seen[] = {
    "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "sBIT", "sRGB",
    "cICP", "bKGD", "hIST", "pHYs", "sPLT", "acTL", "fcTL", "fdAT",
};

static bool is_seen(const char type[TYPE])
{
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        if (memcmp(seen[i], type, TYPE) == 0)
            return true;
    return false;
}

/* A small letter at the beginning: decoders that do not know it go on without it. */
static bool is_dispensable(const char type[TYPE])
{
    return type[0] & 0x20;
}

static bool is_type(const char type[TYPE], const char *name)
{
    return memcmp(type, name, TYPE) == 0;
}

static bool read_size(struct scrub_stream *s, uint32_t length)
{
    const unsigned char *p = length == IHDR_LENGTH ? scrub_peek(s, IHDR_LENGTH) : NULL;
    uint32_t width, height;

    if (!p)
        return scrub_broken(s, "The PNG does not begin with its header.");
    width = scrub_be32(p);
    height = scrub_be32(p + 4);
    if (!scrub_size(s, width, height))
        return false;
    scrub_shows(s, width, height);
    return true;
}

/* A frame of an animation, which may not be larger than the picture. */
static bool check_frame(struct scrub_stream *s, uint32_t length)
{
    const unsigned char *p = length >= 12 ? scrub_peek(s, 12) : NULL;

    return p && scrub_be32(p + 4) <= s->result->width && scrub_be32(p + 8) <= s->result->height
               ? true
               : scrub_broken(s, "A frame of the PNG is larger than the picture.");
}

bool scrub_png(struct scrub_stream *s)
{
    bool begun = false, has_data = false;

    if (!scrub_copy(s, SIGNATURE))
        return false;
    for (;;) {
        unsigned char head[4 + TYPE];
        const char *type = (const char *)head + 4;
        const unsigned char *p = scrub_take(s, sizeof head);
        uint32_t length;

        if (!p)
            return false;
        memcpy(head, p, sizeof head);
        length = scrub_be32(head);
        if (length > INT32_MAX || is_type(type, "IHDR") == begun)
            return scrub_broken(s, "The PNG's chunks are not in order.");
        if (!is_seen(type)) {
            if (!is_dispensable(type))
                return scrub_broken(s, "The PNG has a chunk that nobody can show.");
            if (!scrub_skip(s, (uint64_t)length + CRC))
                return false;
            continue;
        }
        if ((!begun && !read_size(s, length)) ||
            (is_type(type, "fcTL") && !check_frame(s, length)) ||
            !scrub_put(s, head, sizeof head) || !scrub_copy(s, (uint64_t)length + CRC))
            return false;
        begun = true;
        has_data = has_data || is_type(type, "IDAT");
        if (is_type(type, "IEND"))
            return has_data ? true : scrub_broken(s, "There is no picture in the PNG.");
    }
}
