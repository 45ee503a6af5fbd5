/* messages/ and messages/create/: reading pages of a room, posting in every format. */
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static const char create[] = "/api/stocks/chat/messages/create/";
static const char list[] = "/api/stocks/chat/messages/";

static void post_numbered(struct web *w, const struct actor *who, int count)
{
    for (int i = 1; i <= count; i++)
        fixture_post(w->fx, who, "general", arena_fmt(&w->fx->arena, "message %d", i));
}

static size_t rows(struct web *w)
{
    return json_object_array_length(web_json(w, "messages"));
}

static void test_the_seed_post_and_list_work_as_they_always_did(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_int_equal(
        web_json_request(w, "POST", create,
                         "{\"message\":\"Hello traders!\",\"username\":\"trader123\"}"),
        201);
    assert_string_equal(web_json_text(w, "message.message"), "Hello traders!");
    assert_string_equal(web_json_text(w, "message.username"), "trader123");
    assert_int_equal(web_get(w, list), 200);
    assert_int_equal(rows(w), 1);
    assert_string_equal(web_json_text(w, "messages.0.username"), "trader123");
    assert_true(web_json_number(w, "messages.0.id") > 0);
    assert_int_equal(web_json_number(w, "messages.0.timestamp"), FIXTURE_NOW_MS);
    assert_string_equal(web_json_text(w, "room"), "general");
    assert_int_equal(strlen(web_json_text(w, "epoch")), 32);
    assert_int_equal(web_json_number(w, "seq"), fixture_room(w->fx, "general").head);
    assert_int_equal(web_json_number(w, "floor"), 0);
    web_close(w);
}

static void test_pages_go_back_and_forth_without_gap(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    struct arena *a = &w->fx->arena;
    int64_t before = 0, seq, expected;

    (void)state;
    w->fx->conf.rate_user_burst = 200;
    post_numbered(w, &ana, 120);
    expected = fixture_room(w->fx, "general").head;
    for (int page = 0; page < 3; page++) {
        web_get(w, before ? arena_fmt(a, "%s?before=%lld", list, (long long)before) : list);
        assert_int_equal(rows(w), page < 2 ? 50 : 20);
        assert_int_equal(json_object_get_boolean(web_json(w, "has_more")), page < 2);
        for (size_t i = rows(w); i-- > 0;) {
            seq = web_json_number(w, arena_fmt(a, "messages.%zu.seq", i));
            assert_int_equal(seq, expected);
            expected--;
        }
        before = expected + 1;
    }
    web_get(w, arena_fmt(a, "%s?after=%lld&limit=2", list, (long long)before));
    assert_int_equal(rows(w), 2);
    assert_int_equal(web_json_number(w, "messages.0.seq"), before + 1);
    assert_true(json_object_get_boolean(web_json(w, "has_more")));
    web_get(w, arena_fmt(a, "%s?after=9007199254740991", list));
    assert_int_equal(rows(w), 0);
    web_close(w);
}

static void test_an_unchanged_page_is_304(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    const char *tag, *first;

    (void)state;
    fixture_post(w->fx, &ana, "general", "one");
    web_get(w, list);
    first = tag = web_header(w, "ETag");
    assert_non_null(tag);
    assert_int_equal(tag[0], '"');
    assert_string_equal(web_header(w, "Cache-Control"), "private, no-cache");
    assert_string_equal(web_header(w, "Vary"), "Cookie, Authorization");
    web_begin(w, "GET", list);
    web_set(w, "HTTP_IF_NONE_MATCH", tag);
    assert_int_equal(web_send(w), 304);
    assert_int_equal(strlen(web_text(w)), 0);
    assert_string_equal(web_header(w, "ETag"), tag);
    web_begin(w, "HEAD", list);
    web_set(w, "HTTP_IF_NONE_MATCH", tag);
    assert_int_equal(web_send(w), 304);

    web_get(w, "/api/stocks/chat/messages/?limit=1");
    assert_string_equal(web_header(w, "ETag"), first); /* the same one row */
    web_get(w, "/api/stocks/chat/messages/?room=energy");
    assert_string_not_equal(web_header(w, "ETag"), first);
    fixture_post(w->fx, &ana, "general", "two");
    web_begin(w, "GET", list);
    web_set(w, "HTTP_IF_NONE_MATCH", tag);
    assert_int_equal(web_send(w), 200);
    assert_string_not_equal(web_header(w, "ETag"), first);
    web_close(w);
}

static void test_json_urlencoded_and_multipart_post_the_same(void **state)
{
    static const char multipart[] =
        "--B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nbuy \xe2\x82\xac\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"room\"\r\n\r\nenergy\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"sentiment\"\r\n\r\nbullish\r\n--B--\r\n";
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(
        web_json_request(
            w, "POST", create,
            "{\"message\":\"buy \\u20ac\",\"room\":\"energy\",\"sentiment\":\"bullish\"}"),
        201);
    assert_int_equal(web_form(w, create, "message=buy+%E2%82%AC&room=energy&sentiment=bullish"),
                     303);
    assert_string_equal(web_header(w, "Location"), "/stocks/chat/r/energy/");
    web_begin(w, "POST", create);
    web_body(w, "multipart/form-data; boundary=B", multipart, sizeof multipart - 1);
    assert_int_equal(web_send(w), 303);
    web_get(w, "/api/stocks/chat/messages/?room=energy");
    assert_int_equal(rows(w), 3);
    for (int i = 0; i < 3; i++) {
        const char *row = arena_fmt(&w->fx->arena, "messages.%d.", i);

        assert_string_equal(web_json_text(w, arena_fmt(&w->fx->arena, "%smessage", row)),
                            "buy \xe2\x82\xac");
        assert_string_equal(web_json_text(w, arena_fmt(&w->fx->arena, "%ssentiment", row)),
                            "bullish");
    }
    web_close(w);
}

static void test_a_form_that_asks_for_json_gets_json(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    web_begin(w, "POST", create);
    web_set(w, "HTTP_ACCEPT", "application/json");
    web_body(w, "application/x-www-form-urlencoded", "message=hi", 10);
    assert_int_equal(web_send(w), 201);
    assert_string_equal(web_json_text(w, "message.message"), "hi");
    web_close(w);
}

static void test_the_same_client_id_again_is_a_duplicate(void **state)
{
    static const char body[] = "{\"message\":\"once\",\"client_id\":\"abcdefgh\"}";
    struct web *w = web_open();
    int64_t id;

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_json_request(w, "POST", create, body), 201);
    id = web_json_number(w, "message.id");
    assert_null(web_json(w, "duplicate"));
    assert_int_equal(web_json_request(w, "POST", create, body), 200);
    assert_int_equal(web_json_number(w, "message.id"), id);
    assert_true(json_object_get_boolean(web_json(w, "duplicate")));
    web_begin(w, "POST", create);
    web_set(w, "HTTP_IDEMPOTENCY_KEY", "\"abcdefgh\"");
    web_body(w, "application/json", "{\"message\":\"once\"}", 18);
    assert_int_equal(web_send(w), 200);
    assert_int_equal(web_json_number(w, "message.id"), id);
    assert_int_equal(
        web_json_request(w, "POST", create, "{\"message\":\"x\",\"client_id\":\"abcdefgh\"}"), 409);
    assert_string_equal(web_json_text(w, "error.code"), "client_id_conflict");
    assert_int_equal(web_form(w, create, "message=once&client_id=abcdefgh"), 303);
    web_get(w, list);
    assert_int_equal(rows(w), 1);
    web_close(w);
}

static void test_bad_messages_get_their_own_errors(void **state)
{
    static const struct {
        const char *body, *code;
        int status;
    } cases[] = {
        {"{}", "bad_request", 400},
        {"", "bad_request", 400},
        {"{\"message\":\"\"}", "bad_request", 400},
        {"{\"message\":\"  \\n \"}", "bad_request", 400},
        {"{\"message\":\"\\u200b\\u200d\"}", "bad_request", 400},
        {"{\"message\":null}", "bad_request", 400},
        {"{\"message\":7}", "bad_request", 400},
        {"{\"message\":[\"x\"]}", "bad_request", 400},
        {"{\"message\":\"a\\u0000b\"}", "bad_request", 400},
        {"{\"message\":\"x\",\"room\":\"nope\"}", "room_not_found", 404},
        {"{\"message\":\"x\",\"room\":\"@me\"}", NULL, 403},
        {"{\"message\":\"x\",\"room\":7}", "bad_request", 400},
        {"{\"message\":\"x\",\"client_id\":\"short\"}", "bad_request", 400},
        {"{\"message\":\"x\",\"client_id\":\"spaces not\"}", "bad_request", 400},
        {"{\"message\":\"x\",\"reply_to\":\"1\"}", "bad_request", 400},
        {"{\"message\":\"x\",\"reply_to\":1.5}", "bad_request", 400},
        {"{\"message\":\"x\",\"reply_to\":-1}", "bad_request", 400},
        {"{\"message\":\"x\",\"reply_to\":12345}", "message_not_found", 404},
        {"{\"message\":\"x\",\"sentiment\":\"sideways\"}", "bad_request", 400},
        {"{\"message\":\"x\",}", "bad_json", 400},
        {"not json", "bad_json", 400},
        {"[]", "bad_json", 400},
        {"{\"message\":\"\xff\"}", "bad_json", 400},
    };
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        web_json_request(w, "POST", create, cases[i].body);
        if (cases[i].code ? w->status != cases[i].status : w->status < 400)
            fail_msg("%s: %d %s", cases[i].body, w->status, web_text(w));
        if (cases[i].code)
            assert_string_equal(web_json_text(w, "error.code"), cases[i].code);
        assert_true(strlen(web_json_text(w, "error.message")) > 10);
    }
    assert_int_equal(fixture_room(w->fx, "general").head, 1);
    web_close(w);
}

static void test_a_message_has_at_most_2000_characters(void **state)
{
    struct web *w = web_open();
    struct arena *a = &w->fx->arena;
    char text[8001];

    (void)state;
    web_sign_in(w, "7", "ana");
    memset(text, 'x', 2000);
    text[2000] = '\0';
    assert_int_equal(
        web_json_request(w, "POST", create, arena_fmt(a, "{\"message\":\"%s\"}", text)), 201);
    assert_int_equal(
        web_json_request(w, "POST", create, arena_fmt(a, "{\"message\":\"%sx\"}", text)), 413);
    assert_string_equal(web_json_text(w, "error.code"), "too_long");
    for (int i = 0; i < 2000; i++)
        memcpy(text + 4 * i, "\xf0\x9f\x98\x80", 4);
    text[8000] = '\0';
    assert_int_equal(
        web_json_request(w, "POST", create, arena_fmt(a, "{\"message\":\"%s\"}", text)), 201);
    web_close(w);
}

static void test_the_body_never_says_who_one_is(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(
        web_json_request(w, "POST", create,
                         "{\"message\":\"x\",\"username\":\"bob\",\"user_id\":1,\"id\":5,"
                         "\"timestamp\":1,\"role\":\"admin\",\"seq\":99}"),
        201);
    assert_string_equal(web_json_text(w, "message.username"), "ana");
    assert_int_not_equal(web_json_number(w, "message.id"), 5);
    assert_int_equal(web_json_number(w, "message.timestamp"), FIXTURE_NOW_MS);
    assert_int_equal(web_json_number(w, "message.seq"), 2);
    web_close(w);
}

static void test_too_many_messages_are_429_with_when(void **state)
{
    struct web *w = web_open();
    int refused = 0;

    (void)state;
    w->fx->conf.rate_user_burst = 3;
    web_sign_in(w, "7", "ana");
    for (int i = 0; i < 5; i++)
        refused += web_json_request(w, "POST", create, "{\"message\":\"x\"}") == 429;
    assert_int_equal(refused, 2);
    assert_string_equal(web_json_text(w, "error.code"), "rate_limited");
    assert_true(json_object_get_boolean(web_json(w, "error.retryable")));
    assert_true(web_json_number(w, "error.retry_after_ms") > 0);
    assert_non_null(web_header(w, "Retry-After"));
    fixture_pass(w->fx, 60000);
    assert_int_equal(web_json_request(w, "POST", create, "{\"message\":\"x\"}"), 201);
    web_close(w);
}

static void test_a_forms_error_is_a_page_that_keeps_the_text(void **state)
{
    struct web *w = web_open();
    struct arena *a = &w->fx->arena;
    const char *text;

    (void)state;
    w->fx->conf.rate_user_burst = 1;
    web_join(w, "ana");
    assert_int_equal(web_form(w, create, arena_fmt(a, "message=one&csrf=%s", w->csrf)), 303);
    assert_int_equal(web_form(w, create,
                              arena_fmt(a,
                                        "message=%%3C%%2Ftextarea%%3E%%3Cscript%%3E+%%22two%%22"
                                        "&room=energy&client_id=abcdefgh&csrf=%s",
                                        w->csrf)),
                     429);
    text = web_text(w);
    assert_non_null(strstr(text, "&lt;/textarea&gt;&lt;script&gt; &quot;two&quot;</textarea>"));
    assert_non_null(strstr(text, "name=\"room\" value=\"energy\""));
    assert_non_null(strstr(text, "name=\"client_id\" value=\"abcdefgh\""));
    assert_non_null(strstr(text, "name=\"csrf\" value=\""));
    assert_non_null(strstr(text, "action=\"/api/stocks/chat/messages/create/\""));
    assert_null(strstr(text, "<script"));
    assert_non_null(web_header(w, "Retry-After"));
    web_close(w);
}

static void test_an_expired_seal_keeps_the_text_too(void **state)
{
    struct web *w = web_open();
    static const char field[] = "name=\"csrf\" value=\"";
    const char *seal;

    (void)state;
    web_join(w, "ana");
    w->csrf = NULL;
    assert_int_equal(web_form(w, create, "message=precious&csrf=old"), 403);
    assert_non_null(strstr(web_text(w), ">precious</textarea>"));
    seal = strstr(web_text(w), field);
    assert_non_null(seal);
    seal = arena_strn(&w->fx->arena, seal + strlen(field), 64);
    assert_int_equal(
        web_form(w, create, arena_fmt(&w->fx->arena, "message=precious&csrf=%s", seal)), 303);
    web_close(w);
}

static void test_another_messages_client_id_is_replaced_in_the_retry(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_form(w, create, "message=one&client_id=abcdefgh"), 303);
    assert_int_equal(web_form(w, create, "message=two&client_id=abcdefgh"), 409);
    assert_non_null(strstr(web_text(w), ">two</textarea>"));
    assert_null(strstr(web_text(w), "abcdefgh"));
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_seed_post_and_list_work_as_they_always_did),
        cmocka_unit_test(test_pages_go_back_and_forth_without_gap),
        cmocka_unit_test(test_an_unchanged_page_is_304),
        cmocka_unit_test(test_json_urlencoded_and_multipart_post_the_same),
        cmocka_unit_test(test_a_form_that_asks_for_json_gets_json),
        cmocka_unit_test(test_the_same_client_id_again_is_a_duplicate),
        cmocka_unit_test(test_bad_messages_get_their_own_errors),
        cmocka_unit_test(test_a_message_has_at_most_2000_characters),
        cmocka_unit_test(test_the_body_never_says_who_one_is),
        cmocka_unit_test(test_too_many_messages_are_429_with_when),
        cmocka_unit_test(test_a_forms_error_is_a_page_that_keeps_the_text),
        cmocka_unit_test(test_an_expired_seal_keeps_the_text_too),
        cmocka_unit_test(test_another_messages_client_id_is_replaced_in_the_retry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
