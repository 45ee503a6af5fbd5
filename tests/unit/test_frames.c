/* Client frames in, server frames out, and how slices become WebSocket frames. */
#include "ws-sidecar/frames.h"

#include "ws-sidecar/wsframe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum err parse(struct client_frame *c, const char *text)
{
    struct fail f = {0};
    enum err e = frames_parse(c, text, strlen(text), &f);

    if (e)
        assert_true(f.message[0] != '\0'); /* every refusal has a sentence */
    return e;
}

static void test_every_known_type_is_read(void **state)
{
    static const struct {
        const char *text;
        enum client_type type;
    } cases[] = {
        {"{\"type\":\"hello\"}", CLIENT_HELLO},
        {"{\"type\":\"message\",\"message\":\"x\"}", CLIENT_MESSAGE},
        {"{\"type\":\"pin\",\"msg_id\":7,\"on\":false}", CLIENT_PIN},
        {"{\"type\":\"read\",\"room\":\"general\",\"up_to\":3}", CLIENT_READ},
        {"{\"type\":\"typing\",\"room\":\"general\",\"on\":false}", CLIENT_TYPING},
        {"{\"type\":\"presence\",\"state\":\"idle\"}", CLIENT_PRESENCE},
        {"{\"type\":\"subscribe\",\"room\":\"energy\",\"since\":0}", CLIENT_SUBSCRIBE},
        {"{\"type\":\"unsubscribe\",\"room\":\"energy\"}", CLIENT_UNSUBSCRIBE},
        {"{\"type\":\"history\"}", CLIENT_HISTORY},
        {"{\"type\":\"auth\",\"ticket\":\"t\"}", CLIENT_AUTH},
        {"{\"type\":\"pong\",\"anything\":[1]}", CLIENT_PONG},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct client_frame c;

        assert_int_equal(parse(&c, cases[i].text), OK);
        assert_int_equal(c.type, cases[i].type);
        frames_release(&c);
    }
}

static void test_a_pong_is_known_without_being_read(void **state)
{
    static const char *const others[] = {"", "{\"type\":\"pong\"", "{\"type\":\"ping\"}",
                                         "{\"type\":\"pong\"}x", "{\"type\": \"pong\"}"};
    struct client_frame c;

    (void)state;
    assert_true(frames_is_pong("{\"type\":\"pong\"} behind it", 15));
    assert_int_equal(parse(&c, "{\"type\":\"pong\"}"), OK);
    assert_int_equal(c.type, CLIENT_PONG);
    frames_release(&c);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(frames_is_pong(others[i], strlen(others[i])));
}

static void test_the_fields_of_a_message(void **state)
{
    struct client_frame c;

    (void)state;
    assert_int_equal(parse(&c, "{\"type\":\"message\",\"message\":\"h\\u00e9\",\"room\":\"energy\","
                               "\"client_id\":\"abcd-1234\",\"reply_to\":9007199254740991,"
                               "\"sentiment\":\"bullish\",\"username\":\"ana\",\"extra\":{}}"),
                     OK);
    assert_int_equal(c.message_len, 3);
    assert_string_equal(c.room, "energy");
    assert_string_equal(c.client_id, "abcd-1234");
    assert_int_equal(c.reply_to, 9007199254740991);
    assert_string_equal(c.sentiment, "bullish");
    assert_string_equal(c.username, "ana");
    assert_null(c.disclosure);
    frames_release(&c);
}

static void test_what_is_refused_and_why(void **state)
{
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"", ERR_BAD_JSON},
        {"{", ERR_BAD_JSON},
        {"{\"type\":\"message\",\"message\":NaN}", ERR_BAD_JSON},
        {"{'type':'hello'}", ERR_BAD_JSON},
        {"\xff", ERR_BAD_JSON},
        {"[]", ERR_BAD_REQUEST},
        {"null", ERR_BAD_REQUEST},
        {"{}", ERR_BAD_REQUEST},
        {"{\"type\":7}", ERR_BAD_REQUEST},
        {"{\"type\":\"dance\"}", ERR_UNKNOWN_TYPE},
        {"{\"type\":\"Hello\"}", ERR_UNKNOWN_TYPE},
        {"{\"type\":\"message\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"message\",\"message\":7}", ERR_BAD_REQUEST},
        {"{\"type\":\"message\",\"message\":\"a\\u0000b\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"message\",\"message\":\"x\",\"client_id\":\"short\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"message\",\"message\":\"x\",\"reply_to\":-1}", ERR_BAD_REQUEST},
        {"{\"type\":\"message\",\"message\":\"x\",\"room\":{}}", ERR_BAD_REQUEST},
        {"{\"type\":\"read\",\"up_to\":1}", ERR_BAD_REQUEST},
        {"{\"type\":\"read\",\"room\":\"general\",\"up_to\":\"1\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"presence\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"presence\",\"state\":\"asleep\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"subscribe\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"subscribe\",\"room\":\"x\",\"since\":-2}", ERR_BAD_REQUEST},
        {"{\"type\":\"history\",\"limit\":100000}", ERR_BAD_REQUEST},
        {"{\"type\":\"typing\",\"on\":\"yes\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"auth\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"hello\",\"rooms\":\"general\"}", ERR_BAD_REQUEST},
        {"{\"type\":\"hello\",\"token\":[]}", ERR_BAD_REQUEST},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct client_frame c;

        if (parse(&c, cases[i].text) != cases[i].err)
            fail_msg("%s", cases[i].text);
        frames_release(&c);
    }
}

static void test_a_client_id_comes_back_with_the_error(void **state)
{
    struct client_frame c;

    (void)state;
    assert_int_equal(parse(&c, "{\"type\":\"message\",\"client_id\":\"abcdefgh\"}"),
                     ERR_BAD_REQUEST);
    assert_string_equal(c.client_id, "abcdefgh");
    frames_release(&c);
    assert_int_equal(parse(&c, "{\"type\":\"message\",\"client_id\":\"<script>\"}"),
                     ERR_BAD_REQUEST);
    assert_null(c.client_id);
    frames_release(&c);
}

static void test_rooms_are_cursors_or_names(void **state)
{
    struct history_cursor *cursors;
    struct client_frame c;
    struct arena a;
    struct fail f;
    size_t count;

    (void)state;
    arena_init(&a);
    assert_int_equal(parse(&c, "{\"type\":\"hello\",\"rooms\":{\"general\":41,\"@me\":0}}"), OK);
    assert_int_equal(frames_rooms(&c, &a, &cursors, &count, &f), OK);
    assert_int_equal(count, 2);
    assert_string_equal(cursors[0].room, "general");
    assert_int_equal(cursors[0].since, 41);
    assert_int_equal(cursors[1].since, 0);
    frames_release(&c);
    assert_int_equal(parse(&c, "{\"type\":\"hello\",\"rooms\":[\"energy\"]}"), OK);
    assert_int_equal(frames_rooms(&c, &a, &cursors, &count, &f), OK);
    assert_int_equal(count, 1);
    assert_int_equal(cursors[0].since, -1);
    frames_release(&c);
    for (size_t i = 0; i < 4; i++) {
        static const char *const bad[] = {"{\"general\":-1}", "{\"general\":\"1\"}", "[1]",
                                          "[null]"};
        char text[80];

        snprintf(text, sizeof text, "{\"type\":\"hello\",\"rooms\":%s}", bad[i]);
        assert_int_equal(parse(&c, text), OK);
        assert_int_equal(frames_rooms(&c, &a, &cursors, &count, &f), ERR_BAD_REQUEST);
        frames_release(&c);
    }
    arena_release(&a);
}

static void test_too_many_rooms_are_refused(void **state)
{
    struct history_cursor *cursors;
    struct client_frame c;
    struct arena a;
    struct fail f;
    size_t count;
    struct buf b;

    (void)state;
    arena_init(&a);
    buf_init(&b, 1 << 20);
    buf_str(&b, "{\"type\":\"hello\",\"rooms\":[\"r\"");
    for (int i = 0; i < FRAMES_ROOMS_MAX; i++)
        buf_str(&b, ",\"r\"");
    buf_str(&b, "]}");
    assert_int_equal(parse(&c, buf_cstr(&b)), OK);
    assert_int_equal(frames_rooms(&c, &a, &cursors, &count, &f), ERR_BAD_REQUEST);
    frames_release(&c);
    buf_release(&b);
    arena_release(&a);
}

/* The payload of a final, unmasked text frame; checks its header. */
static const char *payload_of(const char *at, const char *end, size_t *len)
{
    const unsigned char *u = (const unsigned char *)at;

    assert_true(end - at >= 2);
    assert_int_equal(u[0], 0x81);
    *len = u[1];
    at += 2;
    if (*len == 126) {
        *len = (size_t)(u[2] << 8 | u[3]);
        assert_true(*len >= 126);
        at += 2;
    } else if (*len == 127) {
        *len = 0;
        for (int i = 2; i < 10; i++)
            *len = *len << 8 | u[i];
        assert_true(*len >= 65536);
        at += 8;
    }
    assert_true((size_t)(end - at) >= *len);
    return at;
}

static void test_headers_of_every_length(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 70000};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *text = calloc(1, sizes[i] + 1);
        struct frame *f = wsframe_text(text, sizes[i]);
        size_t len;
        const char *at = payload_of(f->data, f->data + f->len, &len);

        assert_int_equal(len, sizes[i]);
        assert_ptr_equal(at + len, f->data + f->len);
        assert_ptr_equal(at, f->data + f->head); /* where other transports begin */
        frame_unref(f);
        free(text);
    }
}

static struct slice *slice(int64_t seq, const char *json, bool is_message)
{
    struct slice *s = slice_new(seq, json, strlen(json));

    s->is_message = is_message;
    return s;
}

static void test_slices_become_a_batch_or_single_messages(void **state)
{
    struct slice *s[] = {slice(1, "{\"a\":1}", true), slice(2, "{\"b\":2}", false),
                         slice(3, "{\"c\":3}", true)};
    const struct slice *const *in = (const struct slice *const *)s;
    struct frame *f = wsframe_chat(in, 3);
    const char *at, *end = f->data + f->len;
    size_t len;

    (void)state;
    at = payload_of(f->data, end, &len);
    assert_memory_equal(at, "{\"type\":\"batch\",\"events\":[{\"a\":1},{\"b\":2},{\"c\":3}]}", len);
    assert_ptr_equal(at, f->data + f->head);
    frame_unref(f);
    f = wsframe_chat(in + 1, 1); /* one event goes as it is */
    at = payload_of(f->data, f->data + f->len, &len);
    assert_memory_equal(at, "{\"b\":2}", len);
    frame_unref(f);
    f = wsframe_seed(in, 3); /* two frames, and not the second event */
    end = f->data + f->len;
    at = payload_of(f->data, end, &len);
    assert_memory_equal(at, "{\"a\":1}", len);
    at = payload_of(at + len, end, &len);
    assert_memory_equal(at, "{\"c\":3}", len);
    assert_ptr_equal(at + len, end);
    frame_unref(f);
    assert_null(wsframe_seed(in + 1, 1));
    f = wsframe_array(in, 3);
    assert_int_equal(f->len, strlen("[{\"a\":1},{\"b\":2},{\"c\":3}]"));
    assert_memory_equal(f->data, "[{\"a\":1},{\"b\":2},{\"c\":3}]", f->len);
    frame_unref(f);
    f = wsframe_array(in, 1);
    assert_int_equal(f->len, strlen("[{\"a\":1}]"));
    assert_memory_equal(f->data, "[{\"a\":1}]", f->len);
    frame_unref(f);
    for (size_t i = 0; i < 3; i++)
        slice_unref(s[i]);
}

static void test_frames_that_were_joined_are_bytes_and_no_text(void **state)
{
    struct frame *a = wsframe_text("1", 1), *b = wsframe_text("2", 1);

    (void)state;
    a = frame_append(a, b);
    assert_int_equal(a->head, 0);
    assert_int_equal(a->len, 2 * b->len);
    assert_memory_equal(a->data + b->len, b->data, b->len);
    frame_unref(a);
    frame_unref(b);
}

static void test_a_close_frame_carries_code_and_reason(void **state)
{
    struct frame *f = wsframe_close(4002, "too slow");

    (void)state;
    assert_int_equal(f->len, 2 + 2 + 8);
    assert_memory_equal(f->data, "\x88\x0a\x0f\xa2too slow", f->len);
    frame_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_known_type_is_read),
        cmocka_unit_test(test_a_pong_is_known_without_being_read),
        cmocka_unit_test(test_the_fields_of_a_message),
        cmocka_unit_test(test_what_is_refused_and_why),
        cmocka_unit_test(test_a_client_id_comes_back_with_the_error),
        cmocka_unit_test(test_rooms_are_cursors_or_names),
        cmocka_unit_test(test_too_many_rooms_are_refused),
        cmocka_unit_test(test_headers_of_every_length),
        cmocka_unit_test(test_slices_become_a_batch_or_single_messages),
        cmocka_unit_test(test_frames_that_were_joined_are_bytes_and_no_text),
        cmocka_unit_test(test_a_close_frame_carries_code_and_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
