/* What a file keeps, and what it does not. */
#include "lib/scrub.h"

#include "tests/lib/fixture.h"
#include "tests/lib/pictures.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct cleaned {
    struct buf bytes;
    struct scrubbed result;
    struct fail fail;
};

static int file_of(const struct buf *b)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, buf_cstr(b), b->len), (ssize_t)b->len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* The caller releases the bytes. */
static enum err clean(enum media kind, const struct buf *in, struct cleaned *out)
{
    int from = file_of(in), to = memfd_create("clean", MFD_CLOEXEC);
    char chunk[4096];
    enum err e;
    ssize_t n;

    assert_true(to >= 0);
    *out = (struct cleaned){0};
    buf_init(&out->bytes, PICTURE_MAX);
    e = scrub(kind, from, to, &out->result, &out->fail);
    assert_int_equal(e, out->fail.err);
    for (off_t at = 0; (n = pread(to, chunk, sizeof chunk, at)) > 0; at += n)
        buf_add(&out->bytes, chunk, (size_t)n);
    close(from);
    close(to);
    return e;
}

static bool has(const struct buf *b, const char *text)
{
    return memmem(buf_cstr(b), b->len, text, strlen(text)) != NULL;
}

static void check_hash(const struct cleaned *c)
{
    unsigned char sum[SECURE_HASH];

    secure_sha256(sum, buf_cstr(&c->bytes), c->bytes.len);
    assert_memory_equal(sum, c->result.sha256, SECURE_HASH);
    assert_int_equal(c->result.size, (int64_t)c->bytes.len);
}

/* Cleans `in`, which must come out as `want`. */
static void check(enum media kind, const struct buf *in, const struct buf *want, int64_t width,
                  int64_t height)
{
    struct cleaned c, again;

    if (clean(kind, in, &c))
        fail_msg("%s", c.fail.message);
    assert_int_equal(c.bytes.len, want->len);
    assert_memory_equal(buf_cstr(&c.bytes), buf_cstr(want), want->len);
    assert_int_equal(c.result.width, width);
    assert_int_equal(c.result.height, height);
    check_hash(&c);
    assert_int_equal(clean(kind, &c.bytes, &again), OK); /* there is nothing left to take out */
    assert_int_equal(again.bytes.len, want->len);
    assert_memory_equal(buf_cstr(&again.bytes), buf_cstr(want), want->len);
    buf_release(&c.bytes);
    buf_release(&again.bytes);
}

static void check_refused(enum media kind, const struct buf *in, enum err want)
{
    struct cleaned c;

    assert_int_equal(clean(kind, in, &c), want);
    assert_true(c.fail.message[0]);
    buf_release(&c.bytes);
}

/* Every proper beginning of a good file is broken, and is said to be. */
static void check_cut(enum media kind, const struct buf *whole)
{
    struct buf in;

    for (size_t len = 0; len < whole->len; len++) {
        buf_init(&in, PICTURE_MAX);
        buf_add(&in, whole->data, len);
        check_refused(kind, &in, ERR_FILE_BROKEN);
        buf_release(&in);
    }
}

static void test_png(void **state)
{
    struct buf in, want;

    (void)state;
    buf_init(&in, PICTURE_MAX);
    buf_init(&want, PICTURE_MAX);
    picture_png_begin(&in, 300, 200);
    picture_chunk(&in, "tEXt", "Author\0Ana", 10);
    picture_chunk(&in, "iTXt", "XML:com.adobe.xmp", 17);
    picture_chunk(&in, "zTXt", "Comment", 7);
    picture_chunk(&in, "eXIf", "II*\0", 4);
    picture_chunk(&in, "tIME", "1234567", 7);
    picture_chunk(&in, "iCCP", "Ana's screen", 12);
    picture_chunk(&in, "gAMA", "1234", 4);
    picture_png_end(&in);
    PICTURE_BYTES(&in, "what follows the end");
    picture_png_begin(&want, 300, 200);
    picture_chunk(&want, "gAMA", "1234", 4);
    picture_png_end(&want);
    check(MEDIA_PNG, &in, &want, 300, 200);
    check_cut(MEDIA_PNG, &want);
    buf_release(&in);
    buf_release(&want);
}

static void test_png_refused(void **state)
{
    static const struct {
        uint32_t width, height;
        const char *chunk;
        enum err want;
    } cases[] = {
        {30000, 30000, NULL, ERR_IMAGE_TOO_LARGE},
        {0xffffffff, 0xffffffff, NULL, ERR_IMAGE_TOO_LARGE},
        {0, 5, NULL, ERR_FILE_BROKEN},
        {5, 5, "ABCD", ERR_FILE_BROKEN}, /* nobody can do without it, and nobody knows it */
        {5, 5, "IHDR", ERR_FILE_BROKEN},
        {5, 5, "fcTL", ERR_FILE_BROKEN}, /* a frame larger than the picture */
    };
    struct buf in;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_init(&in, PICTURE_MAX);
        picture_png_begin(&in, cases[i].width, cases[i].height);
        if (cases[i].chunk)
            picture_chunk(&in, cases[i].chunk, "1234567890123456", 16);
        picture_png_end(&in);
        check_refused(MEDIA_PNG, &in, cases[i].want);
        buf_release(&in);
    }
    buf_init(&in, PICTURE_MAX);
    picture_png_begin(&in, 5, 5);
    picture_chunk(&in, "IEND", "", 0);
    check_refused(MEDIA_PNG, &in, ERR_FILE_BROKEN);
    buf_release(&in);
}

/* An Exif segment with a place, a name and an orientation, in either byte order. */
static void put_exif(struct buf *b, bool big, int orientation)
{
    struct buf exif;

    buf_init(&exif, PICTURE_MAX);
    if (big)
        PICTURE_BYTES(&exif, "Exif\0\0MM\0*\0\0\0\x08\0\x02"
                             "\x01\x0f\0\x02\0\0\0\x04"
                             "Ana\0\x01\x12\0\x03\0\0\0\x01\0");
    else
        PICTURE_BYTES(&exif, "Exif\0\0II*\0\x08\0\0\0\x02\0"
                             "\x0f\x01\x02\0\x04\0\0\0"
                             "Ana\0\x12\x01\x03\0\x01\0\0\0");
    buf_char(&exif, (char)orientation);
    PICTURE_BYTES(&exif, "\0\0\0\0\0\0GPS 52.5 N");
    picture_segment(b, 0xe1, exif.data, exif.len);
    buf_release(&exif);
}

static void put_kept_exif(struct buf *b, int orientation)
{
    struct buf exif;

    buf_init(&exif, PICTURE_MAX);
    PICTURE_BYTES(&exif, "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    buf_char(&exif, (char)orientation);
    PICTURE_BYTES(&exif, "\0\0\0\0\0\0");
    picture_segment(b, 0xe1, exif.data, exif.len);
    buf_release(&exif);
}

static void test_jpeg(void **state)
{
    static const char preview[] = "JFIF\0\1\2\0\0\1\0\1\1\1rgb",
                      plain[] = "JFIF\0\1\2\0\0\1\0\1\0\0";
    static const char adobe[] = "Adobe\0\x64\0\0\0\0\1 and more";
    struct buf in, want;

    (void)state;
    for (int big = 0; big < 2; big++) {
        buf_init(&in, PICTURE_MAX);
        buf_init(&want, PICTURE_MAX);
        PICTURE_BYTES(&in, "\xff\xd8");
        picture_segment(&in, 0xe0, preview, sizeof preview - 1);
        put_exif(&in, big, 6);
        picture_segment(&in, 0xe1, "http://ns.adobe.com/xap/1.0/\0Ana", 32);
        picture_segment(&in, 0xe2, "ICC_PROFILE\0", 12);
        picture_segment(&in, 0xed, "Photoshop 3.0\0Ana", 17);
        picture_segment(&in, 0xee, adobe, sizeof adobe - 1);
        picture_segment(&in, 0xfe, "made by Ana", 11);
        picture_jpeg_end(&in, 400, 300);
        PICTURE_BYTES(&in, "a film of the moment before");
        PICTURE_BYTES(&want, "\xff\xd8");
        picture_segment(&want, 0xe0, plain, sizeof plain - 1);
        put_kept_exif(&want, 6);
        picture_segment(&want, 0xee, adobe, 12);
        picture_jpeg_end(&want, 400, 300);
        check(MEDIA_JPEG, &in, &want, 300, 400); /* it lies on its side */
        check_cut(MEDIA_JPEG, &want);
        buf_release(&in);
        buf_release(&want);
    }
}

static void test_jpeg_refused(void **state)
{
    static const struct {
        int marker, width, height;
        enum err want;
    } cases[] = {
        {0xfe, 30000, 30000, ERR_IMAGE_TOO_LARGE},
        {0xfe, 0, 100, ERR_FILE_BROKEN},
        {0xfe, 100, 0, ERR_FILE_BROKEN}, /* its height comes later: no browser minds, we do */
        {0xc3, 100, 100, ERR_FILE_BROKEN},
        {0xda, 100, 100, ERR_FILE_BROKEN}, /* a scan before the frame */
    };
    struct buf in;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_init(&in, PICTURE_MAX);
        PICTURE_BYTES(&in, "\xff\xd8");
        picture_segment(&in, cases[i].marker, "content", 7);
        picture_jpeg_end(&in, cases[i].width, cases[i].height);
        check_refused(MEDIA_JPEG, &in, cases[i].want);
        buf_release(&in);
    }
}

static void test_gif(void **state)
{
    struct buf in, want;

    (void)state;
    buf_init(&in, PICTURE_MAX);
    buf_init(&want, PICTURE_MAX);
    picture_gif_begin(&in, 10, 20);
    PICTURE_BYTES(&in, "!\xff\x0bNETSCAPE2.0\3\1\0\0\0");
    PICTURE_BYTES(&in, "!\xfe\x03"
                       "Ana\0");
    PICTURE_BYTES(&in, "!\xff\x0bXMP DataXMP\x07<x:xmp>\0");
    PICTURE_BYTES(&in, "!\x01\x02"
                       "ab\0");
    PICTURE_BYTES(&in, "!\xf9\x04wait\0");
    picture_gif_end(&in);
    PICTURE_BYTES(&in, "what follows");
    picture_gif_begin(&want, 10, 20);
    PICTURE_BYTES(&want, "!\xff\x0bNETSCAPE2.0\3\1\0\0\0");
    PICTURE_BYTES(&want, "!\xf9\x04wait\0");
    picture_gif_end(&want);
    check(MEDIA_GIF, &in, &want, 10, 20);
    check_cut(MEDIA_GIF, &want);
    buf_release(&in);
    buf_init(&in, PICTURE_MAX);
    picture_gif_begin(&in, 40000, 40000);
    picture_gif_end(&in);
    check_refused(MEDIA_GIF, &in, ERR_IMAGE_TOO_LARGE);
    buf_release(&in);
    buf_init(&in, PICTURE_MAX);
    picture_gif_begin(&in, 4, 4);
    buf_char(&in, ';');
    check_refused(MEDIA_GIF, &in, ERR_FILE_BROKEN); /* no picture in it */
    buf_release(&in);
    buf_release(&want);
}

/* A canvas with all flags on, or those that are left. */
static void put_canvas(struct buf *b, int flags)
{
    char canvas[] = "?\0\0\0\x63\0\0\x31\0\0"; /* 100×50 */

    canvas[0] = (char)flags;
    picture_riff(b, "VP8X", canvas, 10);
}

static void test_webp(void **state)
{
    struct buf chunks, in, want;

    (void)state;
    buf_init(&chunks, PICTURE_MAX);
    buf_init(&in, PICTURE_MAX);
    buf_init(&want, PICTURE_MAX);
    put_canvas(&chunks, 0x3c);
    picture_riff(&chunks, "ICCP", "profile", 7);
    picture_riff(&chunks, "ALPH", "alpha", 5);
    picture_vp8(&chunks, 100, 50);
    picture_riff(&chunks, "EXIF", "GPS", 3);
    picture_riff(&chunks, "XMP ", "<x:xmp>", 7);
    picture_riff(&chunks, "MINE", "note", 4);
    picture_webp(&in, &chunks);
    PICTURE_BYTES(&in, "what follows");
    buf_clear(&chunks);
    put_canvas(&chunks, 0x10);
    picture_riff(&chunks, "ALPH", "alpha", 5);
    picture_vp8(&chunks, 100, 50);
    picture_webp(&want, &chunks);
    check(MEDIA_WEBP, &in, &want, 100, 50);
    check_cut(MEDIA_WEBP, &want);
    buf_release(&chunks);
    buf_release(&in);
    buf_release(&want);
}

/* A small canvas does not hide a large picture; nothing but pictures hides in a frame. */
static void test_webp_refused(void **state)
{
    struct buf chunks, in, frame;

    (void)state;
    buf_init(&chunks, PICTURE_MAX);
    buf_init(&in, PICTURE_MAX);
    put_canvas(&chunks, 0);
    picture_vp8(&chunks, 16000, 16000);
    picture_webp(&in, &chunks);
    check_refused(MEDIA_WEBP, &in, ERR_IMAGE_TOO_LARGE);

    buf_clear(&in);
    buf_clear(&chunks);
    buf_init(&frame, PICTURE_MAX);
    PICTURE_BYTES(&frame, "0123456789abcdef");
    picture_riff(&frame, "EXIF", "GPS", 3);
    put_canvas(&chunks, 2);
    picture_riff(&chunks, "ANMF", frame.data, frame.len);
    picture_webp(&in, &chunks);
    check_refused(MEDIA_WEBP, &in, ERR_FILE_BROKEN);
    buf_release(&frame);
    buf_release(&chunks);
    buf_release(&in);
}

static void test_text_and_pdf_stay_as_they_are(void **state)
{
    struct buf in;

    (void)state;
    buf_init(&in, PICTURE_MAX);
    buf_str(&in, "AAPL,190.5\nMSFT,370.1\n");
    check(MEDIA_TEXT, &in, &in, 0, 0);
    check(MEDIA_CSV, &in, &in, 0, 0);
    buf_clear(&in);
    PICTURE_BYTES(&in, "%PDF-1.7\n\0binary");
    check(MEDIA_PDF, &in, &in, 0, 0);
    check_refused(MEDIA_TEXT, &in, ERR_FILE_BROKEN);
    check_refused(MEDIA_NONE, &in, ERR_FILE_TYPE);
    buf_release(&in);
}

static void test_a_file_larger_than_every_window(void **state)
{
    struct buf in;
    struct cleaned c;
    char *pixels = xcalloc(1, 300000);

    (void)state;
    memset(pixels, 0xff, 300000);
    buf_init(&in, PICTURE_MAX);
    picture_png_begin(&in, 3, 2);
    for (int i = 0; i < 2; i++) {
        picture_chunk(&in, "tEXt", pixels, 70000);
        picture_chunk(&in, "IDAT", pixels, 300000);
    }
    picture_png_end(&in);
    assert_int_equal(clean(MEDIA_PNG, &in, &c), OK);
    assert_int_equal(c.bytes.len, in.len - (size_t)2 * (70000 + 12));
    assert_false(has(&c.bytes, "tEXt"));
    check_hash(&c);
    buf_release(&c.bytes);
    buf_release(&in);
    free(pixels);
}

static void test_a_full_disk_is_told(void **state)
{
    struct scrubbed result;
    struct fail f = {0};
    struct buf in;
    int from, full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_true(full >= 0);
    buf_init(&in, PICTURE_MAX);
    picture_png(&in, 3, 2);
    from = file_of(&in);
    assert_int_equal(scrub(MEDIA_PNG, from, full, &result, &f), ERR_STORAGE_FULL);
    close(from);
    close(full);
    buf_release(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_png_refused),
        cmocka_unit_test(test_jpeg),
        cmocka_unit_test(test_jpeg_refused),
        cmocka_unit_test(test_gif),
        cmocka_unit_test(test_webp),
        cmocka_unit_test(test_webp_refused),
        cmocka_unit_test(test_text_and_pdf_stay_as_they_are),
        cmocka_unit_test(test_a_file_larger_than_every_window),
        cmocka_unit_test(test_a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
