/* The table of errors, and messages for people. */
#include "lib/err.h"
#include "lib/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* cmocka has a macro of this name */

static void test_every_error_has_a_whole_row(void **state)
{
    (void)state;
    for (int i = OK; i < ERR_COUNT; i++) {
        const struct err_row *row = err_row((enum err)i);

        assert_non_null(row->code);
        assert_non_null(row->message);
        assert_int_not_equal(row->code[0], '\0');
        assert_true(i == OK || row->message[0]);
        assert_int_equal(strspn(row->code, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->code));
        assert_true(i == OK ? row->http_status == 200
                            : row->http_status >= 400 && row->http_status < 600);
        assert_true(row->close_code == 0 || (row->close_code >= 4000 && row->close_code < 5000));
        for (int k = OK; k < i; k++)
            assert_string_not_equal(row->code, err_row((enum err)k)->code);
    }
}

static void test_codes_map_as_the_protocol_says(void **state)
{
    static const struct {
        enum err err;
        const char *code;
        int http_status, close_code;
        bool retryable;
    } rows[] = {
        {ERR_BAD_JSON, "bad_json", 400, 0, false},
        {ERR_AUTH_REQUIRED, "auth_required", 401, 4500, false},
        {ERR_TOKEN_EXPIRED, "token_expired", 401, 4001, true},
        {ERR_BANNED, "banned", 403, 4501, false},
        {ERR_ORIGIN, "origin", 403, 4504, false},
        {ERR_ROOM_NOT_FOUND, "room_not_found", 404, 0, false},
        {ERR_METHOD_NOT_ALLOWED, "method_not_allowed", 405, 0, false},
        {ERR_CLIENT_ID_CONFLICT, "client_id_conflict", 409, 0, false},
        {ERR_RESYNC, "resync", 410, 4003, true},
        {ERR_TOO_LONG, "too_long", 413, 0, false},
        {ERR_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", 415, 0, false},
        {ERR_BLOCKED, "blocked", 422, 0, false},
        {ERR_RATE_LIMITED, "rate_limited", 429, 0, true},
        {ERR_TOO_MANY_CONNECTIONS, "too_many_connections", 503, 4503, true},
        {ERR_BUSY, "busy", 503, 0, true},
        {ERR_STORAGE_FULL, "storage_full", 503, 0, true},
        {ERR_INTERNAL, "internal", 500, 0, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct err_row *row = err_row(rows[i].err);

        assert_string_equal(row->code, rows[i].code);
        assert_int_equal(row->http_status, rows[i].http_status);
        assert_int_equal(row->close_code, rows[i].close_code);
        assert_int_equal(row->retryable, rows[i].retryable);
    }
}

static void test_a_value_outside_the_table_is_internal(void **state)
{
    (void)state;
    assert_ptr_equal(err_row(ERR_COUNT), err_row(ERR_INTERNAL));
    assert_ptr_equal(err_row((enum err)1000), err_row(ERR_INTERNAL));
}

static void test_fail_fills_and_returns(void **state)
{
    struct fail f;

    (void)state;
    memset(&f, 0x55, sizeof f);
    assert_int_equal(fail(&f, ERR_MUTED, "Muted until %d.", 5), ERR_MUTED);
    assert_int_equal(f.err, ERR_MUTED);
    assert_int_equal(f.retry_after_ms, 0);
    assert_string_equal(f.message, "Muted until 5.");
    assert_int_equal(fail_later(&f, ERR_SLOW_MODE, 4200, NULL), ERR_SLOW_MODE);
    assert_int_equal(f.retry_after_ms, 4200);
    assert_string_equal(f.message, err_row(ERR_SLOW_MODE)->message);
    assert_int_equal(fail(NULL, ERR_BUSY, "nobody listens"), ERR_BUSY);
}

static void test_a_long_message_is_cut_at_a_character(void **state)
{
    char text[400];
    struct fail f;

    (void)state;
    for (size_t before = 225; before < 245; before++) {
        memset(text, 'x', sizeof text);
        memcpy(text + before, "日本語", sizeof "日本語");
        fail(&f, ERR_INTERNAL, "%s", text);
        assert_true(text_is_utf8(f.message, strlen(f.message)));
        assert_true(strlen(f.message) >= 225);
        assert_int_equal(strncmp(f.message, text, strlen(f.message)), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_a_whole_row),
        cmocka_unit_test(test_codes_map_as_the_protocol_says),
        cmocka_unit_test(test_a_value_outside_the_table_is_internal),
        cmocka_unit_test(test_fail_fills_and_returns),
        cmocka_unit_test(test_a_long_message_is_cut_at_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
