/* What a file is, by its bytes; and what it may be called. */
#include "lib/file_name.h"
#include "lib/media.h"

#include "tests/lib/fixture.h"
#include "tests/lib/pictures.h"

static enum media sniff_text(const char *s)
{
    return media_sniff(s, strlen(s));
}

static void test_pictures_are_what_their_bytes_say(void **state)
{
    struct buf b, chunks;

    (void)state;
    buf_init(&b, PICTURE_MAX);
    buf_init(&chunks, PICTURE_MAX);
    picture_png(&b, 3, 2);
    assert_int_equal(media_sniff(b.data, b.len), MEDIA_PNG);
    buf_clear(&b);
    PICTURE_BYTES(&b, "\xff\xd8");
    picture_segment(&b, 0xe0, "JFIF\0\1\2\0\0\1\0\1\0\0", 14);
    picture_jpeg_end(&b, 3, 2);
    assert_int_equal(media_sniff(b.data, b.len), MEDIA_JPEG);
    buf_clear(&b);
    picture_gif_begin(&b, 3, 2);
    picture_gif_end(&b);
    assert_int_equal(media_sniff(b.data, b.len), MEDIA_GIF);
    buf_clear(&b);
    picture_vp8(&chunks, 3, 2);
    picture_webp(&b, &chunks);
    assert_int_equal(media_sniff(b.data, b.len), MEDIA_WEBP);
    buf_release(&chunks);
    buf_release(&b);
}

static void test_texts(void **state)
{
    (void)state;
    assert_int_equal(sniff_text("%PDF-1.7\n1 0 obj\n"), MEDIA_PDF);
    assert_int_equal(sniff_text("Buy low, sell high.\n"), MEDIA_TEXT);
    assert_int_equal(sniff_text("{\"price\": 190.5}\n"), MEDIA_TEXT);
    assert_int_equal(sniff_text("#!/usr/bin/python3\nimport os\n"), MEDIA_TEXT);
    assert_int_equal(sniff_text("day,open,close\n1,2,3\n2,3,4\n3,4,5\n4,5,6\n"), MEDIA_CSV);
}

static void test_what_browsers_run_and_what_is_unknown_is_refused(void **state)
{
    static const char *const texts[] = {
        "<!doctype html><html><script>alert(1)</script></html>",
        "\n\n<html><body onload=alert(1)>",
        "<script>alert(1)</script>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        "PK\x03\x04",
        "",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (sniff_text(texts[i]) != MEDIA_NONE)
            fail_msg("%zu: %s", i, texts[i]);
    assert_int_equal(media_sniff("a\0b", 3), MEDIA_NONE);
    assert_int_equal(media_sniff("MZ\x90\0\3\0\0\0\4", 9), MEDIA_NONE);
    assert_int_equal(media_sniff("\x89PNG\r\n\x1a\n<html><script>", 23), MEDIA_NONE);
}

static void test_names(void **state)
{
    static const struct {
        const char *sent, *want;
    } cases[] = {
        {"chart.png", "chart.png"},
        {"C:\\Users\\Ana\\chart.png", "chart.png"},
        {"../../etc/passwd", "passwd"},
        {"..", "file"},
        {"", "file"},
        {"  .hidden.png ", "hidden.png"},
        {"a\nb\tc.png", "abc.png"},
        {"say \"hi\" <b>.png", "say _hi_ _b_.png"},
        {"\xe2\x80\xaegpj.exe.png", "gpj.exe.png"}, /* right-to-left override */
        {"\xff\xfe.png", "file"},
        {"Kurs\xc3\xa4nderung \xe4\xb8\x8a\xe6\xb5\xb7.csv",
         "Kurs\xc3\xa4nderung \xe4\xb8\x8a\xe6\xb5\xb7.csv"},
    };
    struct arena a;
    char longest[400];

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(file_name_clean(&a, cases[i].sent, strlen(cases[i].sent)),
                            cases[i].want);
    memset(longest, 'x', sizeof longest);
    memcpy(longest + 396, ".png", 4);
    assert_int_equal(strlen(file_name_clean(&a, longest, sizeof longest)), FILE_NAME_CHARS);
    assert_non_null(strstr(file_name_clean(&a, longest, sizeof longest), "xx.png"));
    arena_release(&a);
}

static void test_a_name_ends_as_its_kind_does(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_string_equal(file_name_fit(&a, "run.bat", MEDIA_TEXT), "run.bat.txt");
    assert_string_equal(file_name_fit(&a, "page.html", MEDIA_TEXT), "page.html.txt");
    assert_string_equal(file_name_fit(&a, "notes.MD", MEDIA_TEXT), "notes.MD");
    assert_string_equal(file_name_fit(&a, "photo", MEDIA_JPEG), "photo.jpg");
    assert_string_equal(file_name_fit(&a, "photo.JPEG", MEDIA_JPEG), "photo.JPEG");
    assert_string_equal(file_name_fit(&a, "invoice.pdf.exe", MEDIA_PDF), "invoice.pdf.exe.pdf");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_are_what_their_bytes_say),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_what_browsers_run_and_what_is_unknown_is_refused),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_name_ends_as_its_kind_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
