/* The four scrubbers of pictures, each by how its kind of file begins. Whatever comes: a picture
 * that passes has a size that may be shown, is no larger than what came but for the few bytes of a
 * new head, and passes again as the same bytes, since nothing is left to take out. */
#include "lib/scrub.h"

#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>

enum { GROWS_MAX = 64 };

static enum media kind_of(const uint8_t *data, size_t size)
{
    switch (size ? data[0] : 0) {
    case 0x89:
        return MEDIA_PNG;
    case 0xff:
        return MEDIA_JPEG;
    case 'G':
        return MEDIA_GIF;
    default:
        return MEDIA_WEBP;
    }
}

static int empty_file(void)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    FUZZ_PROMISE(fd >= 0);
    return fd;
}

static enum err run(enum media kind, int in, int out, struct scrubbed *result)
{
    struct fail f = {0};
    enum err e;

    FUZZ_PROMISE(lseek(in, 0, SEEK_SET) == 0);
    e = scrub(kind, in, out, result, &f);
    FUZZ_PROMISE(e == f.err);
    FUZZ_PROMISE(!e || (f.message[0] && (e == ERR_FILE_BROKEN || e == ERR_IMAGE_TOO_LARGE)));
    return e;
}

static void check_passed(enum media kind, int clean, const struct scrubbed *first)
{
    struct scrubbed again;
    int out = empty_file();

    FUZZ_PROMISE(first->width > 0 && first->height > 0);
    FUZZ_PROMISE(first->width * first->height <= SCRUB_PIXELS_MAX);
    FUZZ_PROMISE(lseek(clean, 0, SEEK_END) == first->size);
    FUZZ_PROMISE(!run(kind, clean, out, &again));
    FUZZ_PROMISE(again.size == first->size);
    FUZZ_PROMISE(again.width == first->width && again.height == first->height);
    FUZZ_PROMISE(memcmp(again.sha256, first->sha256, SECURE_HASH) == 0);
    close(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum media kind = kind_of(data, size);
    int in = empty_file(), clean = empty_file();
    struct scrubbed result;

    FUZZ_PROMISE(write(in, data, size) == (ssize_t)size);
    if (!run(kind, in, clean, &result)) {
        FUZZ_PROMISE(result.size <= (int64_t)size + GROWS_MAX);
        check_passed(kind, clean, &result);
    }
    close(in);
    close(clean);
    return 0;
}

#define PNG_BEGIN  "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x20\0\0\0\x10\x08\x02\0\0\0.crc"
#define PNG_DATA   "\0\0\0\x06IDATpixels.crc"
#define PNG_END    "\0\0\0\0IEND.crc"
#define JPEG_BEGIN "\xff\xd8"
#define JPEG_FRAME "\xff\xc0\0\x0b\x08\0\x10\0\x20\1\1\x11\0"
#define JPEG_SCAN  "\xff\xda\0\6scan.\xff\0.\xff\xd0."
#define JPEG_END   "\xff\xd9"
#define JPEG_EXIF                                                                                  \
    "\xff\xe1\0\x2e"                                                                               \
    "Exif\0\0II*\0\x08\0\0\0\2\0\x0f\1\2\0\4\0\0\0me.\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
#define GIF_BEGIN   "GIF89a\x20\0\x10\0\x80\0\0rgbrgb"
#define GIF_IMAGE   ",\0\0\0\0\2\0\2\0\0\2\4data\0"
#define WEBP_VP8    "VP8 \x10\0\0\0\x10\0\0\x9d\1\x2a\x20\0\x10\0pixels"
#define WEBP_CANVAS "VP8X\x0a\0\0\0\x3e\0\0\0\x1f\0\0\x0f\0\0"

static const struct fuzz_input examples[] = {
    FUZZ_INPUT(PNG_BEGIN "\0\0\0\6tEXtsecret.crc" PNG_DATA PNG_END "after"),
    FUZZ_INPUT(PNG_BEGIN "\0\0\0\x08"
                         "acTL\0\0\0\1\0\0\0\0.crc\0\0\0\x1a"
                         "fcTL\0\0\0\0\0\0\0\x20\0\0\0\x10\0\0\0\0\0\0\0\0\0\1\0\1\0\0.crc" PNG_DATA
                         "\0\0\0\7fdAT\0\0\0\1abc.crc" PNG_END),
    FUZZ_INPUT(JPEG_BEGIN
               "\xff\xe0\0\x10JFIF\0\1\2\0\0\1\0\1\1\1" JPEG_EXIF JPEG_FRAME JPEG_SCAN JPEG_END
               "after"),
    FUZZ_INPUT(JPEG_BEGIN "\xff\xee\0\x0e"
                          "Adobe\0\x64\0\0\0\0\1\xff\xdb\0\4tt\xff\xfe\0\4me" JPEG_FRAME JPEG_SCAN
                              JPEG_SCAN JPEG_END),
    FUZZ_INPUT(GIF_BEGIN "!\xff\x0bNETSCAPE2.0\3\1\0\0\0!\xfe\3me.\0!\xf9\4wait\0" GIF_IMAGE ";"),
    FUZZ_INPUT("RIFF\x1c\0\0\0WEBP" WEBP_VP8),
    FUZZ_INPUT("RIFF\x3a\0\0\0WEBP" WEBP_CANVAS WEBP_VP8 "EXIF\4\0\0\0here"),
    FUZZ_INPUT("RIFF\x54\0\0\0WEBP" WEBP_CANVAS "ANIM\6\0\0\0......"
               "ANMF\x28\0\0\0................" WEBP_VP8),
    FUZZ_INPUT("RIFF\x12\0\0\0WEBPVP8L\5\0\0\0\x2f\x1f\xc0\3\0\0"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT(PNG_DATA),
    FUZZ_INPUT(PNG_END),
    FUZZ_INPUT("\0\0\0\6tEXtsecret.crc"),
    FUZZ_INPUT("\0\0\0\0PLTE.crc"),
    FUZZ_INPUT("\xff\xff\xff\xff"),
    FUZZ_INPUT("\0\0\0\0"),
    FUZZ_INPUT("\x7f\xff\xff\xff"),
    FUZZ_INPUT(JPEG_FRAME),
    FUZZ_INPUT(JPEG_SCAN),
    FUZZ_INPUT(JPEG_END),
    FUZZ_INPUT(JPEG_EXIF),
    FUZZ_INPUT("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"),
    FUZZ_INPUT("\xff"),
    FUZZ_INPUT(GIF_IMAGE),
    FUZZ_INPUT("!\xff\x0bXMP DataXMP\3<x>\0"),
    FUZZ_INPUT("!\xfe\1.\0"),
    FUZZ_INPUT(";"),
    FUZZ_INPUT(WEBP_VP8),
    FUZZ_INPUT("ALPH\2\0\0\0ab"),
    FUZZ_INPUT("ANMF\x28\0\0\0................" WEBP_VP8),
    FUZZ_INPUT("XMP \5\0\0\0abcde."),
};

FUZZ_MAIN("scrub", 60000, examples, words);
