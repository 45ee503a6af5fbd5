/*
 * JPEG: segments that begin with a marker, and between them the scans' data.
 * https://www.w3.org/Graphics/JPEG/itu-t81.pdf, Annex B
 */
#include "lib/scrub_stream.h"

#include <string.h>

enum marker {
    SOF0 = 0xc0, /* the frame: baseline, extended, progressive; browsers show no others */
    SOF2 = 0xc2,
    DHT = 0xc4,
    RST0 = 0xd0,
    RST7 = 0xd7,
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    DQT = 0xdb,
    DRI = 0xdd,
    APP0 = 0xe0,
    APP1 = 0xe1,
    APP14 = 0xee,
    APP15 = 0xef,
    COM = 0xfe
};

enum {
    SCANS_MAX = 200, /* each has the whole picture worked through once more */
    JFIF_KEPT = 12,  /* "JFIF", version, density */
    ADOBE_KEPT = 12, /* how colours are coded */
    ORIENTATION = 0x0112
};

struct jpeg {
    unsigned orientation; /* 1: as it is */
    bool has_exif, has_frame;
    uint32_t width, height;
    int scans;
};

static bool put_marker(struct scrub_stream *s, int marker)
{
    const unsigned char bytes[] = {0xff, (unsigned char)marker};

    return scrub_put(s, bytes, sizeof bytes);
}

/* The segment's content, and behind it: of 0 to 65533 bytes. */
static const unsigned char *take_segment(struct scrub_stream *s, size_t *len)
{
    const unsigned char *p = scrub_peek(s, 2);

    if (!p)
        return NULL;
    *len = scrub_be16(p);
    if (*len < 2) {
        scrub_broken(s, "A segment of the JPEG has no length.");
        return NULL;
    }
    p = scrub_take(s, *len);
    *len -= 2;
    return p ? p + 2 : NULL;
}

static bool put_segment(struct scrub_stream *s, int marker, const unsigned char *content,
                        size_t len)
{
    const unsigned char length[] = {(unsigned char)((len + 2) >> 8), (unsigned char)(len + 2)};

    return put_marker(s, marker) && scrub_put(s, length, sizeof length) &&
           scrub_put(s, content, len);
}

/* ----- what remains of the segments that tell about the picture ----- */

/* Without the preview that may follow: it is of the picture before it was cut. */
static bool put_jfif(struct scrub_stream *s, const unsigned char *p, size_t len)
{
    unsigned char kept[JFIF_KEPT + 2] = {0};

    if (len < JFIF_KEPT || memcmp(p, "JFIF", 5) != 0)
        return true;
    memcpy(kept, p, JFIF_KEPT);
    return put_segment(s, APP0, kept, sizeof kept);
}

static bool put_adobe(struct scrub_stream *s, const unsigned char *p, size_t len)
{
    return len < ADOBE_KEPT || memcmp(p, "Adobe", 5) != 0 || put_segment(s, APP14, p, ADOBE_KEPT);
}

/* The orientation in the first directory of a TIFF; 1 where there is none. */
static unsigned find_orientation(const unsigned char *p, size_t len)
{
    bool big = len >= 8 && memcmp(p, "MM\0*", 4) == 0;
    size_t at, entries;

    if (len < 8 || (!big && memcmp(p, "II*\0", 4) != 0))
        return 1;
    at = big ? scrub_be32(p + 4) : scrub_le32(p + 4);
    if (at > len - 2)
        return 1;
    entries = big ? scrub_be16(p + at) : scrub_le16(p + at);
    at += 2;
    for (size_t i = 0; i < entries && len - at >= 12; i++, at += 12) {
        const unsigned char *value = p + at + 8;

        if ((big ? scrub_be16(p + at) : scrub_le16(p + at)) == ORIENTATION)
            return big ? scrub_be16(value) : scrub_le16(value);
    }
    return 1;
}

/* Of Exif the orientation alone, in a directory of one entry. */
static bool put_exif(struct scrub_stream *s, struct jpeg *j, const unsigned char *p, size_t len)
{
    unsigned char exif[] = {'E',  'x',  'i', 'f', 0, 0, 'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1,
                            0x01, 0x12, 0,   3,   0, 0, 0,   1,   0, 1,   0, 0, 0, 0, 0, 0};
    enum { VALUE = 25 };
    unsigned orientation;

    if (j->has_exif || len < 6 || memcmp(p, "Exif\0", 5) != 0)
        return true;
    j->has_exif = true;
    orientation = find_orientation(p + 6, len - 6);
    if (orientation < 2 || orientation > 8)
        return true;
    j->orientation = orientation;
    exif[VALUE] = (unsigned char)orientation;
    return put_segment(s, APP1, exif, sizeof exif);
}

/* ----- the picture ----- */

static bool put_frame(struct scrub_stream *s, struct jpeg *j, int marker, const unsigned char *p,
                      size_t len)
{
    if (j->has_frame || len < 6)
        return scrub_broken(s, "The JPEG's frame is not well formed.");
    j->has_frame = true;
    j->height = scrub_be16(p + 1);
    j->width = scrub_be16(p + 3);
    return scrub_size(s, j->width, j->height) && put_segment(s, marker, p, len);
}

static bool is_in_scan(unsigned char after)
{
    return after == 0 || (after >= RST0 && after <= RST7);
}

/* A scan's data, up to the next marker. */
static bool copy_scan(struct scrub_stream *s)
{
    const unsigned char *p, *ff;
    size_t n;

    while ((n = scrub_at_hand(s, &p)) > 0) {
        ff = memchr(p, 0xff, n);
        if (ff != p) {
            if (!scrub_copy(s, ff ? (size_t)(ff - p) : n))
                return false;
            continue;
        }
        p = scrub_peek(s, 2);
        if (!p)
            return false;
        if (p[1] == 0xff) {
            if (!scrub_skip(s, 1)) /* one of several that fill up */
                return false;
        } else if (!is_in_scan(p[1])) {
            return true;
        } else if (!scrub_copy(s, 2)) {
            return false;
        }
    }
    return scrub_broken(s, "The JPEG ends before its picture does.");
}

static bool put_scan(struct scrub_stream *s, struct jpeg *j, const unsigned char *p, size_t len)
{
    if (!j->has_frame || ++j->scans > SCANS_MAX)
        return scrub_broken(s, "The JPEG's scans are not well formed.");
    return put_segment(s, SOS, p, len) && copy_scan(s);
}

static bool pass_segment(struct scrub_stream *s, struct jpeg *j, int marker)
{
    size_t len = 0;
    const unsigned char *p = take_segment(s, &len);

    if (!p)
        return false;
    switch (marker) {
    case SOS:
        return put_scan(s, j, p, len);
    case DHT:
    case DQT:
    case DRI:
        return put_segment(s, marker, p, len);
    case APP0:
        return put_jfif(s, p, len);
    case APP1:
        return put_exif(s, j, p, len);
    case APP14:
        return put_adobe(s, p, len);
    default:
        if (marker >= SOF0 && marker <= SOF2)
            return put_frame(s, j, marker, p, len);
        if ((marker >= APP0 && marker <= APP15) || marker == COM)
            return true;
        return scrub_broken(s, "The JPEG is of a kind that browsers do not show.");
    }
}

/* The next marker; -1 where there is none. */
static int take_marker(struct scrub_stream *s)
{
    const unsigned char *p = scrub_take(s, 1);

    if (!p || *p != 0xff) {
        scrub_broken(s, "The JPEG's segments are not in order.");
        return -1;
    }
    do
        p = scrub_take(s, 1);
    while (p && *p == 0xff);
    return p ? *p : -1;
}

bool scrub_jpeg(struct scrub_stream *s)
{
    struct jpeg j = {.orientation = 1};
    int marker;

    if (take_marker(s) != SOI || !put_marker(s, SOI))
        return scrub_broken(s, "The JPEG does not begin as one.");
    while ((marker = take_marker(s)) != EOI)
        if (marker < 0 || !pass_segment(s, &j, marker))
            return false;
    if (!j.scans)
        return scrub_broken(s, "There is no picture in the JPEG.");
    if (j.orientation >= 5) /* lies on its side */
        scrub_shows(s, j.height, j.width);
    else
        scrub_shows(s, j.width, j.height);
    return put_marker(s, EOI);
}
