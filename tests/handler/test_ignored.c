/* me/ignored/ as JSON and by forms, and the account's page. */
#include "tests/lib/web.h"

#include <string.h>

static const char ignored[] = "/api/stocks/chat/me/ignored/";
static const char account[] = "/stocks/chat/me/";

static const char *path(struct web *w, int64_t id)
{
    return arena_fmt(&w->fx->arena, "%s%lld/", ignored, (long long)id);
}

static void test_the_list_is_put_together_and_taken_apart(void **state)
{
    struct web *w = web_open();
    struct actor ben = fixture_user(w->fx, "8", "ben"), cleo = fixture_user(w->fx, "9", "cleo");

    (void)state;
    fixture_post(w->fx, &ben, "general", "here");
    fixture_post(w->fx, &cleo, "general", "here, too");
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_json_request(w, "PUT", path(w, ben.user_id), "{}"), 204);
    fixture_pass(w->fx, 1000);
    assert_int_equal(web_json_request(w, "PUT", path(w, cleo.user_id), "{}"), 204);
    assert_int_equal(web_json_request(w, "PUT", path(w, cleo.user_id), "{}"), 204);
    assert_int_equal(web_get(w, ignored), 200);
    assert_int_equal(json_object_array_length(web_json(w, "ignored")), 2);
    assert_string_equal(web_json_text(w, "ignored.0.username"), "cleo");
    assert_int_equal(web_json_number(w, "ignored.1.user_id"), ben.user_id);
    assert_int_equal(web_json_request(w, "DELETE", path(w, cleo.user_id), "{}"), 204);
    web_get(w, ignored);
    assert_int_equal(json_object_array_length(web_json(w, "ignored")), 1);
    web_close(w);
}

static void test_what_cannot_be_ignored_is_refused(void **state)
{
    struct web *w = web_open();
    struct actor ben = fixture_user(w->fx, "8", "ben");

    (void)state;
    assert_int_equal(web_json_request(w, "PUT", path(w, ben.user_id), "{}"), 401);
    web_sign_in(w, "8", "ben");
    assert_int_equal(web_json_request(w, "PUT", path(w, ben.user_id), "{}"), 400);
    assert_int_equal(web_json_request(w, "PUT", path(w, 4711), "{}"), 404);
    assert_string_equal(web_json_text(w, "error.code"), "not_found");
    assert_int_equal(web_json_request(w, "PUT", path(w, 0), "{}"), 400);
    assert_int_equal(web_json_request(w, "PUT", "/api/stocks/chat/me/ignored/x/", "{}"), 404);
    web_close(w);
}

static void test_a_form_ignores_and_takes_it_back(void **state)
{
    struct web *w = web_open();
    struct actor ben = fixture_user(w->fx, "8", "ben");
    int64_t id = fixture_post(w->fx, &ben, "general", "listen to me").message.id;
    const char *message = arena_fmt(&w->fx->arena, "/stocks/chat/m/%lld/", (long long)id);
    const char *seal;

    (void)state;
    web_join(w, "ana");
    web_get(w, message);
    assert_non_null(
        strstr(web_text(w), arena_fmt(&w->fx->arena, "action=\"%s\"", path(w, ben.user_id))));
    seal = w->csrf;
    w->csrf = NULL;
    assert_int_equal(web_form(w, path(w, ben.user_id), ""), 403);
    assert_int_equal(web_form(w, path(w, ben.user_id), arena_fmt(&w->fx->arena, "csrf=%s", seal)),
                     303);
    assert_string_equal(web_header(w, "Location"), account);
    assert_int_equal(web_get(w, message), 404);
    assert_int_equal(web_get(w, "/stocks/chat/"), 200);
    assert_null(strstr(web_text(w), "listen to me"));
    assert_int_equal(web_get(w, account), 200);
    assert_non_null(strstr(web_text(w), ">ben<"));
    assert_int_equal(
        web_form(w, path(w, ben.user_id), arena_fmt(&w->fx->arena, "on=0&csrf=%s", seal)), 303);
    web_get(w, "/stocks/chat/");
    assert_non_null(strstr(web_text(w), "listen to me"));
    web_close(w);
}

static void test_a_kept_page_ends_with_the_list(void **state)
{
    struct web *w = web_open();
    struct actor ben = fixture_user(w->fx, "8", "ben");
    const char *tag;

    (void)state;
    fixture_post(w->fx, &ben, "general", "listen to me");
    web_sign_in(w, "7", "ana");
    web_get(w, "/api/stocks/chat/messages/");
    tag = arena_str(&w->fx->arena, web_header(w, "ETag"));
    web_json_request(w, "PUT", path(w, ben.user_id), "{}");
    web_begin(w, "GET", "/api/stocks/chat/messages/");
    web_set(w, "HTTP_IF_NONE_MATCH", tag);
    assert_int_equal(web_send(w), 200);
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 0);
    web_close(w);
}

static void test_the_account_is_for_those_who_have_one(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_int_equal(web_get(w, account), 401);
    web_join(w, "ana");
    assert_int_equal(web_get(w, account), 200);
    assert_non_null(strstr(web_text(w), "a guest"));
    assert_int_equal(web_get(w, "/stocks/chat/me/?format=json"), 200);
    assert_string_equal(web_json_text(w, "me.username"), "ana");
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_list_is_put_together_and_taken_apart),
        cmocka_unit_test(test_what_cannot_be_ignored_is_refused),
        cmocka_unit_test(test_a_form_ignores_and_takes_it_back),
        cmocka_unit_test(test_a_kept_page_ends_with_the_list),
        cmocka_unit_test(test_the_account_is_for_those_who_have_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
