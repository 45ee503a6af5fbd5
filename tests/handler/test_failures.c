/* What goes wrong inside: the right status, words for a person, nothing of our inside, and the text
 * that was typed kept. */
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static const char create[] = "/api/stocks/chat/messages/create/";

static bool log_has(struct web *w, const char *words)
{
    FILE *log = fopen(w->fx->conf.log_file, "r");
    char line[4096];
    bool found = false;

    assert_non_null(log);
    while (fgets(line, sizeof line, log))
        found = found || strstr(line, words);
    fclose(log);
    return found;
}

static void test_a_fault_of_ours_says_only_its_request_id(void **state)
{
    struct web *w = web_open();
    const char *id;

    (void)state;
    fixture_sql(w->fx, "ALTER TABLE message RENAME COLUMN body TO text_of_it");
    assert_int_equal(web_get(w, "/api/stocks/chat/messages/"), 500);
    assert_string_equal(web_json_text(w, "error.code"), "internal");
    assert_string_equal(web_json_text(w, "error.message"), "Something went wrong here.");
    id = web_json_text(w, "error.request_id");
    assert_string_equal(id, web_header(w, "X-Request-Id"));
    assert_true(log_has(w, arena_fmt(&w->fx->arena, "request=%s", id)));
    assert_int_equal(web_get(w, "/stocks/chat/"), 500);
    assert_non_null(strstr(web_text(w), web_header(w, "X-Request-Id")));
    assert_null(strstr(web_text(w), "text_of_it"));
    assert_null(strstr(web_text(w), "SELECT"));
    web_close(w);
}

/* Another program that holds the write lock for too long. */
static void hold(struct web *w, struct chat *other)
{
    w->fx->conf.lock_timeout_ms = 50;
    fixture_open_chat(w->fx, other);
    assert_int_equal(db_begin_write(other->db, &w->fx->fail), OK);
}

static void let_go(struct chat *other)
{
    db_rollback(other->db);
    chat_close(other);
}

static void test_a_busy_database_is_503_and_can_be_tried_again(void **state)
{
    static const char body[] = "{\"message\":\"x\",\"client_id\":\"abcdefgh\"}";
    struct web *w = web_open();
    struct chat other;

    (void)state;
    web_sign_in(w, "7", "ana");
    web_get(w, "/api/stocks/chat/me/");
    hold(w, &other);
    assert_int_equal(web_json_request(w, "POST", create, body), 503);
    assert_string_equal(web_json_text(w, "error.code"), "busy");
    assert_true(json_object_get_boolean(web_json(w, "error.retryable")));
    assert_non_null(web_header(w, "Retry-After"));
    assert_int_equal(web_get(w, "/stocks/chat/"), 200); /* reading goes on */
    let_go(&other);
    assert_int_equal(web_json_request(w, "POST", create, body), 201);
    web_close(w);
}

static void test_a_busy_database_keeps_the_forms_text(void **state)
{
    struct web *w = web_open();
    struct chat other;

    (void)state;
    web_sign_in(w, "7", "ana");
    web_get(w, "/api/stocks/chat/me/");
    hold(w, &other);
    assert_int_equal(web_form(w, create, "message=precious&client_id=abcdefgh"), 503);
    assert_non_null(strstr(web_text(w), ">precious</textarea>"));
    assert_non_null(strstr(web_text(w), "value=\"abcdefgh\""));
    let_go(&other);
    web_close(w);
}

static void test_a_form_with_too_long_a_message_keeps_it(void **state)
{
    struct web *w = web_open();

    (void)state;
    w->fx->conf.message_max_chars = 5;
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_form(w, create, "message=sixsix"), 413);
    assert_non_null(strstr(web_text(w), ">sixsix</textarea>"));
    web_close(w);
}

static void test_text_that_cannot_be_shown_is_not_kept(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_form(w, create, "message=a%00b"), 400);
    assert_null(strstr(web_text(w), "<textarea"));
    assert_int_equal(web_form(w, create, "message=%FF%FE"), 400);
    assert_null(strstr(web_text(w), "<textarea"));
    web_close(w);
}

static void test_a_name_that_is_no_text_is_refused(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_int_equal(web_json_request(w, "POST", create, "{\"message\":\"x\",\"username\":7}"),
                     400);
    assert_int_equal(
        web_json_request(w, "POST", create, "{\"message\":\"x\",\"username\":\"a<b\"}"), 400);
    assert_int_equal(web_get(w, "/stocks/chat/?before=3&after=3"), 400);
    assert_int_equal(
        web_get(w, "/api/stocks/chat/events/?rooms=general&epoch=0123456789012345678901234567890123"
                   "45678901234567890123456789012345"),
        400);
    web_close(w);
}

static void test_unread_rooms_carry_their_number(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    w->fx->conf.rate_user_burst = 200;
    web_sign_in(w, "7", "ana");
    web_json_request(w, "PUT", "/api/stocks/chat/rooms/energy/read/", "{\"up_to\":1}");
    for (int i = 0; i < 3; i++)
        fixture_post(w->fx, &bob, "energy", "x");
    web_get(w, "/stocks/chat/?format=json");
    assert_string_equal(web_json_text(w, "rooms.1.unread_label"), "3");
    for (int i = 0; i < 110; i++)
        fixture_post(w->fx, &bob, "energy", "x");
    web_get(w, "/stocks/chat/?format=json");
    assert_string_equal(web_json_text(w, "rooms.1.unread_label"), "99+");
    web_get(w, "/stocks/chat/r/energy/?format=json");
    assert_string_equal(web_json_text(w, "rooms.1.unread_label"), "");
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fault_of_ours_says_only_its_request_id),
        cmocka_unit_test(test_a_busy_database_is_503_and_can_be_tried_again),
        cmocka_unit_test(test_a_busy_database_keeps_the_forms_text),
        cmocka_unit_test(test_a_form_with_too_long_a_message_keeps_it),
        cmocka_unit_test(test_text_that_cannot_be_shown_is_not_kept),
        cmocka_unit_test(test_a_name_that_is_no_text_is_refused),
        cmocka_unit_test(test_unread_rooms_carry_their_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
