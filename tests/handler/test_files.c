/* files/… and thumbs/…: who gets a file, and as what. */
#include "tests/handler/upload_steps.h"

static void test_nobody_gets_what_they_may_not_see(void **state)
{
    struct web *w = web_open();
    const char *id = upload_posted(w, "energy"), *hidden;
    int64_t message = web_json_number(w, "message.id");

    (void)state;
    fixture_sql(w->fx, "UPDATE room SET kind = 'private' WHERE slug = 'energy'");
    web_sign_in(w, "8", "eve");
    assert_int_equal(web_get(w, upload_file_url(w, id)), 404);
    hidden = arena_str(&w->fx->arena, web_text(w));
    assert_int_equal(web_get(w, upload_file_url(w, "0123456789abcdef0123456789abcdef")), 404);
    assert_string_equal(web_text(w), hidden);
    assert_int_equal(web_get(w, upload_file_url(w, "..")), 404);
    fixture_sql(w->fx, "UPDATE room SET kind = 'public' WHERE slug = 'energy'");
    assert_int_equal(web_get(w, upload_file_url(w, id)), 200);

    /* Deleted: gone at once, for its author and moderators too. */
    web_sign_in(w, "7", "ana");
    assert_int_equal(
        web_json_request(w, "DELETE",
                         arena_fmt(&w->fx->arena, API "messages/%lld/", (long long)message), "{}"),
        200);
    assert_null(web_json(w, "message.attachments"));
    assert_int_equal(web_get(w, upload_file_url(w, id)), 404);
    w->bearer = fixture_token(w->fx, "9", "mod", "moderator");
    assert_int_equal(web_get(w, upload_file_url(w, id)), 404);
    assert_int_equal(web_get(w, API "messages/?room=energy"), 200);
    assert_null(web_json(w, "messages.0.attachments"));
    web_close(w);
}

static int get_with(struct web *w, const char *uri, const char *header, const char *value)
{
    web_begin(w, "GET", uri);
    web_set(w, header, value);
    return web_send(w);
}

static void test_ranges_and_tags(void **state)
{
    static const struct {
        const char *range, *content_range, *body;
        int status;
    } cases[] = {
        {"bytes=0-2", "bytes 0-2/18", "day", 206},
        {"bytes=10-", "bytes 10-17/18", "1,190.5\n", 206},
        {"bytes=-4", "bytes 14-17/18", "0.5\n", 206},
        {"bytes=-99", "bytes 0-17/18", upload_text, 206},
        {"bytes=4-99", "bytes 4-17/18", "close\n1,190.5\n", 206},
        {"bytes=18-", "bytes */18", "", 416},
        {"bytes=-0", "bytes */18", "", 416},
        {"bytes=3-2", NULL, upload_text, 200},
        {"bytes=0-1,4-5", NULL, upload_text, 200},
        {"lines=1-2", NULL, upload_text, 200},
        {"bytes=x", NULL, upload_text, 200},
    };
    struct web *w = web_open();
    const char *uri = upload_file_url(w, upload_posted(w, "energy")), *tag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(get_with(w, uri, "HTTP_RANGE", cases[i].range), cases[i].status);
        assert_string_equal(web_text(w), cases[i].body);
        if (cases[i].content_range)
            assert_string_equal(web_header(w, "Content-Range"), cases[i].content_range);
        else
            assert_null(web_header(w, "Content-Range"));
    }
    assert_int_equal(web_get(w, uri), 200);
    tag = web_header(w, "ETag");
    assert_non_null(tag);
    assert_int_equal(get_with(w, uri, "HTTP_IF_NONE_MATCH", tag), 304);
    assert_string_equal(web_text(w), "");
    web_begin(w, "GET", uri);
    web_set(w, "HTTP_RANGE", "bytes=0-2");
    web_set(w, "HTTP_IF_RANGE", "\"another\"");
    assert_int_equal(web_send(w), 200);
    web_begin(w, "HEAD", uri);
    assert_int_equal(web_send(w), 200);
    assert_string_equal(web_header(w, "Content-Length"), "18");
    assert_string_equal(web_text(w), "");
    web_close(w);
}

static void test_headers_keep_a_file_a_file(void **state)
{
    struct web *w = web_open();
    struct buf png;
    const char *id;

    (void)state;
    buf_init(&png, PICTURE_MAX);
    picture_png(&png, 30, 20);
    assert_int_equal(web_get(w, upload_file_url(w, upload_posted(w, "energy"))), 200);
    assert_string_equal(web_header(w, "Content-Type"), "text/plain");
    assert_string_equal(web_header(w, "Content-Disposition"),
                        "attachment; filename=\"prices.csv\"; filename*=UTF-8''prices.csv");
    assert_string_equal(web_header(w, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(web_header(w, "Cross-Origin-Resource-Policy"), "same-origin");
    assert_non_null(strstr(web_header(w, "Content-Security-Policy"), "sandbox"));
    assert_string_equal(web_header(w, "Cache-Control"), "private, max-age=31536000, immutable");

    id = upload_send(w, "energy", "\\u4e0a\\u6d77 \\\"x\\\"", png.data, png.len);
    assert_int_equal(web_json_number(w, "upload.attachment.width"), 30);
    assert_int_equal(web_json_number(w, "upload.attachment.height"), 20);
    assert_int_equal(web_get(w, upload_file_url(w, id)), 200);
    assert_string_equal(web_header(w, "Content-Type"), "image/png");
    assert_string_equal(web_header(w, "Content-Disposition"),
                        "inline; filename=\"______ _x_.png\"; "
                        "filename*=UTF-8''%E4%B8%8A%E6%B5%B7%20_x_.png");
    buf_release(&png);
    web_close(w);
}

static void test_a_small_picture_of_it(void **state)
{
    struct web *w = web_open();
    struct buf png, small, large;
    const char *id;

    (void)state;
    buf_init(&png, PICTURE_MAX);
    buf_init(&small, PICTURE_MAX);
    buf_init(&large, PICTURE_MAX);
    picture_png(&png, 3000, 2000);
    picture_png_begin(&small, 300, 200);
    picture_chunk(&small, "tEXt", "Author\0Ana", 10);
    picture_png_end(&small);
    picture_png(&large, 400, 200);
    web_sign_in(w, "7", "ana");
    id = upload_start(w, "energy", "chart.png", png.len);
    assert_int_equal(upload_put(w, upload_url(w, id, "thumb/"), "hello", 5), 422);
    assert_int_equal(upload_put(w, upload_url(w, id, "thumb/"), large.data, large.len), 422);
    assert_int_equal(upload_put(w, upload_url(w, id, "thumb/"), small.data, small.len), 200);
    assert_int_equal(upload_put_part(w, id, 0, png.data, png.len), 200);
    assert_int_equal(upload_finish(w, id), 200);
    assert_int_equal(web_json_number(w, "upload.attachment.thumb.width"), 300);
    assert_int_equal(upload_post(w, "energy", "", upload_quoted(w, id)), 201);
    assert_string_equal(web_json_text(w, "message.attachments.0.thumb.url"),
                        arena_fmt(&w->fx->arena, "thumbs/%s/", id));
    assert_int_equal(web_get(w, arena_fmt(&w->fx->arena, API "thumbs/%s/", id)), 200);
    assert_string_equal(web_header(w, "Content-Type"), "image/png");
    assert_int_equal(w->answer.len - w->head_len, small.len - 22);
    assert_int_equal(upload_put(w, upload_url(w, id, "thumb/"), small.data, small.len),
                     404); /* too late */
    buf_release(&png);
    buf_release(&small);
    buf_release(&large);
    web_close(w);
}

/* file_delivery: the web server is told where the file is, and only of what may be sent. */
static void test_the_web_server_may_send_it(void **state)
{
    struct web *w = web_open();
    const struct {
        enum conf_delivery way;
        const char *header, *folder;
    } cases[] = {
        {DELIVERY_SENDFILE, "X-Sendfile", w->fx->conf.files_dir},
        {DELIVERY_REDIRECT, "Location", "/stocks/chat/kept"},
    };
    const char *id = upload_posted(w, "energy"), *uri = upload_file_url(w, id), *named;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        w->fx->conf.file_delivery = cases[i].way;
        assert_int_equal(get_with(w, uri, "HTTP_RANGE", "bytes=0-2"), 200);
        named = web_header(w, cases[i].header);
        assert_non_null(named);
        assert_string_equal(web_text(w), "");
        assert_string_equal(web_header(w, "Content-Type"), "text/plain");
        assert_string_equal(web_header(w, "X-Content-Type-Options"), "nosniff");
        assert_memory_equal(named, cases[i].folder, strlen(cases[i].folder));
        assert_int_equal(strlen(named), strlen(cases[i].folder) + strlen("/ab/cd/") + 64);
        assert_int_equal(get_with(w, uri, "HTTP_RANGE", "bytes=18-"), 416);
        assert_null(web_header(w, cases[i].header));
        assert_int_equal(web_get(w, upload_file_url(w, "0123456789abcdef0123456789abcdef")), 404);
        assert_null(web_header(w, cases[i].header));
        assert_int_equal(web_get(w, API "health/delivery/"), 200);
        assert_non_null(web_header(w, cases[i].header));
    }
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_gets_what_they_may_not_see),
        cmocka_unit_test(test_ranges_and_tags),
        cmocka_unit_test(test_headers_keep_a_file_a_file),
        cmocka_unit_test(test_a_small_picture_of_it),
        cmocka_unit_test(test_the_web_server_may_send_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
