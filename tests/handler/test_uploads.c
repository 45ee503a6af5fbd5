/* uploads/…: how a file comes in, or does not. */
#include "chat/collect.h"

#include "tests/handler/upload_steps.h"

#include <dirent.h>
#include <stdlib.h>

static size_t files_in(struct web *w, const char *folder)
{
    const char *path = arena_fmt(&w->fx->arena, "%s/%s", w->fx->conf.files_dir, folder);
    DIR *d = opendir(path);
    size_t count = 0;

    while (d && readdir(d))
        count++;
    if (d)
        closedir(d);
    return count > 2 ? count - 2 : 0;
}

static void test_a_file_comes_in_parts_and_is_posted(void **state)
{
    struct web *w = web_open();
    const char *id;

    (void)state;
    web_sign_in(w, "7", "ana");
    id = upload_start(w, "energy", "C:\\\\prices.csv", sizeof upload_text - 1);
    assert_int_equal(strlen(id), 32);
    assert_int_equal(web_json_number(w, "upload.received"), 0);
    assert_int_equal(web_json_number(w, "upload.part_max"), 98304);
    assert_int_equal(upload_put_part(w, id, 0, upload_text, 5), 200);
    assert_int_equal(web_json_number(w, "upload.received"), 5);
    assert_int_equal(upload_finish(w, id), 409);
    assert_string_equal(web_json_text(w, "error.code"), "upload_offset");
    assert_int_equal(upload_put_part(w, id, 5, upload_text + 5, sizeof upload_text - 6), 200);
    assert_int_equal(web_get(w, upload_url(w, id, "")), 200);
    assert_int_equal(web_json_number(w, "upload.received"), sizeof upload_text - 1);
    assert_null(web_json(w, "upload.attachment"));

    assert_int_equal(upload_finish(w, id), 200);
    assert_string_equal(web_json_text(w, "upload.attachment.name"), "prices.csv");
    assert_int_equal(upload_finish(w, id), 200); /* the answer was lost, say */
    assert_string_equal(web_json_text(w, "upload.attachment.id"), id);
    assert_int_equal(files_in(w, "parts"), 0);

    assert_int_equal(upload_post(w, "energy", "look", upload_quoted(w, id)), 201);
    assert_string_equal(web_json_text(w, "message.attachments.0.id"), id);
    assert_string_equal(web_json_text(w, "message.attachments.0.url"),
                        arena_fmt(&w->fx->arena, "files/%s/prices.csv", id));
    assert_int_equal(web_json_number(w, "message.attachments.0.size"), sizeof upload_text - 1);

    web_sign_in(w, "8", "ben");
    assert_int_equal(web_get(w, API "messages/?room=energy"), 200);
    assert_string_equal(web_json_text(w, "messages.0.attachments.0.id"), id);
    assert_int_equal(web_get(w, upload_file_url(w, id)), 200);
    assert_string_equal(web_text(w), upload_text);
    web_close(w);
}

static void test_parts_may_come_again_but_not_anywhere(void **state)
{
    struct web *w = web_open();
    char large[UPLOAD_PART_MAX + 1] = {0};
    const char *id;

    (void)state;
    web_sign_in(w, "7", "ana");
    id = upload_start(w, "energy", "a", 10);
    assert_int_equal(upload_put_part(w, id, 0, "01234", 5), 200);
    assert_int_equal(upload_put_part(w, id, 0, "01234", 5), 200);
    assert_int_equal(web_json_number(w, "upload.received"), 5);
    assert_int_equal(upload_put_part(w, id, 3, "345", 3), 200);
    assert_int_equal(web_json_number(w, "upload.received"), 6);
    assert_int_equal(upload_put_part(w, id, 7, "789", 3), 409);
    assert_int_equal(upload_put_part(w, id, 6, "67890", 5), 400);
    assert_int_equal(upload_put_part(w, id, 6, "", 0), 400);
    assert_int_equal(upload_put_part(w, id, 0, large, sizeof large), 413);
    web_begin(w, "PUT", upload_url(w, id, "?offset=0"));
    web_body(w, "application/json", "{}", 2);
    assert_int_equal(web_send(w), 415);
    assert_int_equal(upload_put_part(w, id, 6, "6789", 4), 200);
    assert_int_equal(web_json_request(w, "POST", upload_url(w, id, "done/"), "{\"sha256\":\"00\"}"),
                     422);
    assert_string_equal(web_json_text(w, "error.code"), "file_broken");
    web_close(w);
}

static void test_an_upload_is_its_owners_alone(void **state)
{
    struct web *w = web_open();
    const char *id, *whole;

    (void)state;
    web_sign_in(w, "7", "ana");
    id = upload_start(w, "energy", "a.txt", 5);
    whole = upload_send(w, "energy", "b.txt", "hello", 5);
    web_sign_in(w, "8", "eve");
    assert_int_equal(web_get(w, upload_url(w, id, "")), 404);
    assert_string_equal(web_json_text(w, "error.code"), "file_not_found");
    assert_int_equal(upload_put_part(w, id, 0, "hello", 5), 404);
    assert_int_equal(upload_finish(w, id), 404);
    assert_int_equal(upload_put(w, upload_url(w, id, "thumb/"), "x", 1), 404);
    assert_int_equal(web_get(w, upload_file_url(w, whole)), 404);
    assert_int_equal(upload_post(w, "energy", "mine?", upload_quoted(w, whole)), 404);
    web_begin(w, "DELETE", upload_url(w, whole, ""));
    assert_int_equal(web_send(w), 204); /* as one that never was */
    web_sign_out(w);
    assert_int_equal(web_json_request(w, "POST", API "uploads/", "{\"name\":\"a\",\"size\":1}"),
                     401);
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_get(w, upload_file_url(w, whole)), 200);
    web_begin(w, "DELETE", upload_url(w, whole, ""));
    assert_int_equal(web_send(w), 204);
    assert_int_equal(web_get(w, upload_file_url(w, whole)), 404);
    web_close(w);
}

static void test_what_is_not_what_it_should_be_is_refused_and_gone(void **state)
{
    static const char html[] = "<!doctype html><script>alert(1)</script>";
    static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>";
    struct web *w = web_open();
    struct buf bomb, cut;
    const char *id;

    (void)state;
    buf_init(&bomb, PICTURE_MAX);
    buf_init(&cut, PICTURE_MAX);
    picture_png(&bomb, 30000, 30000);
    picture_png(&cut, 30, 30);
    cut.len -= 5;
    const struct {
        const char *bytes;
        size_t len;
        const char *code;
    } cases[] = {
        {html, sizeof html - 1, "file_type"},
        {svg, sizeof svg - 1, "file_type"},
        {bomb.data, bomb.len, "image_too_large"},
        {cut.data, cut.len, "file_broken"},
    };

    web_sign_in(w, "7", "ana");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        id = upload_start(w, "energy", "picture.png", cases[i].len);
        assert_int_equal(upload_put_part(w, id, 0, cases[i].bytes, cases[i].len), 200);
        assert_int_equal(upload_finish(w, id), 422);
        assert_string_equal(web_json_text(w, "error.code"), cases[i].code);
        assert_false(json_object_get_boolean(web_json(w, "error.retryable")));
        assert_int_equal(web_get(w, upload_url(w, id, "")), 404);
    }
    assert_int_equal(files_in(w, "parts"), 0);
    buf_release(&bomb);
    buf_release(&cut);
    web_close(w);
}

static int try_begin(struct web *w, const char *room, long long size)
{
    return web_json_request(
        w, "POST", API "uploads/",
        arena_fmt(&w->fx->arena, "{\"room\":\"%s\",\"name\":\"a\",\"size\":%lld}", room, size));
}

static void test_sizes_quota_and_rooms_are_judged_first(void **state)
{
    struct web *w = web_open();

    (void)state;
    w->fx->conf.file_max_mb = 3;
    w->fx->conf.quota_user_mb = 5;
    web_sign_in(w, "7", "ana");
    assert_int_equal(try_begin(w, "energy", 0), 400);
    assert_int_equal(try_begin(w, "energy", (3 << 20) + 1), 413);
    assert_string_equal(web_json_text(w, "error.code"), "file_too_large");
    assert_int_equal(try_begin(w, "nowhere", 5), 404);
    assert_int_equal(try_begin(w, "energy", 3 << 20), 201);
    assert_int_equal(try_begin(w, "energy", 3 << 20), 413);
    assert_string_equal(web_json_text(w, "error.code"), "quota_exceeded");
    assert_int_equal(try_begin(w, "energy", 2 << 20), 201);
    web_sign_in(w, "8", "ben");
    assert_int_equal(try_begin(w, "energy", 3 << 20), 201);
    fixture_sql(w->fx, "UPDATE user SET muted_until = 1999999999999 WHERE ext_id = 'h:8'");
    assert_int_equal(try_begin(w, "energy", 5), 403);
    web_sign_in(w, "9", "cleo");
    w->fx->conf.file_max_mb = 0;
    assert_int_equal(try_begin(w, "energy", 5), 403);
    web_close(w);
}

static void test_so_many_wait_to_be_posted(void **state)
{
    struct web *w = web_open();

    (void)state;
    w->fx->conf.rate_user_burst = 200;
    web_sign_in(w, "7", "ana");
    for (int i = 0; i < ATTACHMENTS_UNPOSTED; i++)
        assert_int_equal(try_begin(w, "energy", 5), 201);
    assert_int_equal(try_begin(w, "energy", 5), 413);
    fixture_pass(w->fx, UPLOAD_KEPT_MS + 1000);
    web_sign_in(w, "7", "ana");
    assert_int_equal(try_begin(w, "energy", 5), 201); /* the old ones are gone */
    web_close(w);
}

static void test_a_file_belongs_to_one_message_of_its_room(void **state)
{
    struct web *w = web_open();
    const char *a, *b, *begun, *many;
    int64_t head;

    (void)state;
    web_sign_in(w, "7", "ana");
    a = upload_send(w, "energy", "a.txt", "one", 3);
    b = upload_send(w, "energy", "b.txt", "two", 3);
    begun = upload_start(w, "energy", "c.txt", 5);
    head = fixture_room(w->fx, "energy").head;
    assert_int_equal(upload_post(w, "general", "elsewhere", upload_quoted(w, a)), 404);
    assert_int_equal(upload_post(w, "energy", "not whole", upload_quoted(w, begun)), 404);
    assert_string_equal(web_json_text(w, "error.code"), "file_not_found");
    assert_int_equal(
        upload_post(w, "energy", "twice", arena_fmt(&w->fx->arena, "\"%s\",\"%s\"", a, a)), 400);
    assert_int_equal(upload_post(w, "energy", "no id", "\"../../etc\""), 404);
    assert_int_equal(upload_post(w, "energy", "no text", "7"), 400);
    many = upload_quoted(w, a);
    for (int i = 0; i < 10; i++)
        many = arena_fmt(&w->fx->arena, "%s,\"%032d\"", many, i);
    assert_int_equal(upload_post(w, "energy", "many", many), 400);
    assert_int_equal(fixture_room(w->fx, "energy").head, head);
    /* Nothing to say but the files. */
    assert_int_equal(upload_post(w, "energy", " ", arena_fmt(&w->fx->arena, "\"%s\",\"%s\"", b, a)),
                     201);
    assert_string_equal(web_json_text(w, "message.message"), "");
    assert_string_equal(web_json_text(w, "message.attachments.0.id"), b);
    assert_string_equal(web_json_text(w, "message.attachments.1.id"), a);
    assert_int_equal(upload_post(w, "energy", "again", upload_quoted(w, a)), 404);
    assert_int_equal(upload_post(w, "energy", " ", ""), 400);
    web_close(w);
}

static void test_a_post_that_comes_again_is_one(void **state)
{
    struct web *w = web_open();
    const char *a, *same, *other;

    (void)state;
    web_sign_in(w, "7", "ana");
    a = upload_send(w, "energy", "a.txt", "one", 3);
    same = upload_send(w, "energy", "a.txt", "one", 3);
    other = upload_send(w, "energy", "a.txt", "two", 3);
    const struct {
        const char *id;
        int status;
    } tries[] = {{a, 201}, {a, 200}, {same, 200}, {other, 409}};

    for (size_t i = 0; i < ARRAY_LEN(tries); i++)
        assert_int_equal(
            web_json_request(w, "POST", API "messages/create/",
                             arena_fmt(&w->fx->arena,
                                       "{\"room\":\"energy\",\"message\":\"look\","
                                       "\"client_id\":\"the-only-one\",\"attachments\":[\"%s\"]}",
                                       tries[i].id)),
            tries[i].status);
    web_close(w);
}

static int post_form(struct web *w, const char *message, const char *filename, const char *content)
{
    const char *body =
        arena_fmt(&w->fx->arena,
                  "--B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n%s\r\n"
                  "--B\r\nContent-Disposition: form-data; name=\"room\"\r\n\r\nenergy\r\n"
                  "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
                  "Content-Type: text/html\r\n\r\n%s\r\n--B--\r\n",
                  message, filename, content);

    web_begin(w, "POST", API "messages/create/");
    web_body(w, "multipart/form-data; boundary=B", body, strlen(body));
    return web_send(w);
}

static void test_a_form_brings_a_file(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(post_form(w, "look", "prices.csv", upload_text), 303);
    assert_int_equal(post_form(w, "", "note.txt", "nothing else to say"), 303);
    assert_int_equal(post_form(w, "without", "", ""), 303); /* none was chosen */
    assert_int_equal(post_form(w, "kept <text>", "x.txt", "<html><script>"), 422);
    assert_non_null(strstr(web_text(w), "kept &lt;text&gt;"));
    assert_int_equal(post_form(w, "", "", ""), 400);
    assert_int_equal(web_get(w, API "messages/?room=energy"), 200);
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 3);
    assert_string_equal(web_json_text(w, "messages.0.attachments.0.name"), "prices.csv");
    assert_string_equal(web_json_text(w, "messages.1.attachments.0.name"), "note.txt");
    assert_null(web_json(w, "messages.2.attachments"));
    web_close(w);
}

static void test_a_form_may_be_so_large(void **state)
{
    struct web *w = web_open();
    char *content = xcalloc(1, FORM_FILES_MAX + 1);

    (void)state;
    memset(content, 'x', FORM_FILES_MAX);
    web_sign_in(w, "7", "ana");
    assert_int_equal(post_form(w, "large", "a.txt", content), 413);
    content[FORM_FILES_MAX - 1000] = '\0';
    assert_int_equal(post_form(w, "as large as it may be", "a.txt", content), 303);
    web_begin(w, "POST", API "messages/create/");
    web_body(w, "application/x-www-form-urlencoded", content, strlen(content));
    assert_int_equal(web_send(w), 413);
    free(content);
    web_close(w);
}

/* As if so much time had gone by for all that is in the folder. */
static struct collected collect_after(struct web *w, int64_t ms)
{
    struct collected out;

    fixture_pass(w->fx, ms);
    assert_int_equal(collect_files(&w->fx->chat, true, &out, &w->fx->fail), OK);
    assert_int_equal(collect_files(&w->fx->chat, false, &out, &w->fx->fail), OK);
    return out;
}

static void test_files_that_nobody_has_are_let_go(void **state)
{
    struct web *w = web_open();
    const char *posted, *never, *begun;
    struct collected out;
    int64_t message;

    (void)state;
    w->fx->chat.clock.fake_wall_ms = clock_wall_ms(&(struct clock){0}); /* files know no other */
    posted = upload_posted(w, "energy");
    message = web_json_number(w, "message.id");
    never = upload_send(w, "energy", "a.txt", "never posted", 12);
    begun = upload_start(w, "energy", "b.txt", 5);
    assert_int_equal(upload_put_part(w, begun, 0, "half", 4), 200);
    out = collect_after(w, 1000);
    assert_int_equal(out.files + out.uploads, 0);
    out = collect_after(w, UPLOAD_KEPT_MS);
    assert_int_equal(out.uploads, 2);
    assert_int_equal(out.files, 2);
    assert_int_equal(out.bytes, 16);
    assert_int_equal(files_in(w, "parts"), 0);
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_get(w, upload_file_url(w, never)), 404);
    assert_int_equal(web_get(w, upload_file_url(w, posted)), 200);
    assert_int_equal(
        web_json_request(w, "DELETE",
                         arena_fmt(&w->fx->arena, API "messages/%lld/", (long long)message), "{}"),
        403); /* too late for its author */
    w->bearer = fixture_token(w->fx, "9", "mod", "moderator");
    assert_int_equal(
        web_json_request(w, "DELETE",
                         arena_fmt(&w->fx->arena, API "messages/%lld/", (long long)message), "{}"),
        200);
    out = collect_after(w, 1000);
    assert_int_equal(out.files, 1);
    assert_int_equal(out.bytes, sizeof upload_text - 1);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_comes_in_parts_and_is_posted),
        cmocka_unit_test(test_parts_may_come_again_but_not_anywhere),
        cmocka_unit_test(test_an_upload_is_its_owners_alone),
        cmocka_unit_test(test_what_is_not_what_it_should_be_is_refused_and_gone),
        cmocka_unit_test(test_sizes_quota_and_rooms_are_judged_first),
        cmocka_unit_test(test_so_many_wait_to_be_posted),
        cmocka_unit_test(test_a_file_belongs_to_one_message_of_its_room),
        cmocka_unit_test(test_a_post_that_comes_again_is_one),
        cmocka_unit_test(test_a_form_brings_a_file),
        cmocka_unit_test(test_a_form_may_be_so_large),
        cmocka_unit_test(test_files_that_nobody_has_are_let_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
