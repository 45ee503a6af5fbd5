/* The account's page and what its forms do: another name, the data, leaving, the end. */
#include "tests/lib/web.h"

#include <string.h>

static const char me[] = "/api/stocks/chat/me/";
static const char account[] = "/stocks/chat/me/";

static const char *sealed(struct web *w, const char *fields)
{
    return arena_fmt(&w->fx->arena, "%s&csrf=%s", fields, w->csrf);
}

static void test_a_guest_takes_another_name_by_form(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_join(w, "ana");
    assert_int_equal(web_form(w, me, sealed(w, "display_name=anita")), 303);
    assert_string_equal(web_header(w, "Location"), account);
    web_get(w, account);
    assert_non_null(strstr(web_text(w), "You are <bdi>anita</bdi>, a guest."));
    assert_int_equal(web_form(w, me, sealed(w, "display_name=a%40b")), 400);
    web_close(w);
}

static void test_ones_data_is_a_file(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");

    (void)state;
    fixture_post(w->fx, &ana, "general", "mine");
    assert_int_equal(web_get(w, "/api/stocks/chat/me/data/"), 401);
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_get(w, "/api/stocks/chat/me/data/"), 200);
    assert_string_equal(web_header(w, "Content-Disposition"),
                        "attachment; filename=\"chat-data.json\"");
    assert_string_equal(web_json_text(w, "messages.0.message"), "mine");
    assert_int_equal(web_get(w, "/api/stocks/chat/me/data/?after=1"), 400);
    web_close(w);
}

static void test_an_account_ends_when_its_name_is_typed(void **state)
{
    struct web *w = web_open();
    const char *cookie;

    (void)state;
    web_join(w, "ana");
    cookie = w->cookie;
    web_json_request(w, "POST", "/api/stocks/chat/messages/create/",
                     "{\"message\":\"soon to be gone\"}");
    assert_int_equal(web_form(w, "/api/stocks/chat/me/delete/", sealed(w, "confirm=anna")), 400);
    assert_non_null(strstr(web_text(w), "Type your name"));
    assert_int_equal(web_form(w, "/api/stocks/chat/me/delete/", sealed(w, "confirm=ana")), 303);
    assert_string_equal(web_header(w, "Location"), "/stocks/chat/?left=1");
    assert_non_null(strstr(web_header(w, "Set-Cookie"), "Max-Age=0"));
    w->cookie = cookie;
    assert_int_equal(web_get(w, account), 401);
    web_sign_out(w);
    web_get(w, "/stocks/chat/");
    assert_null(strstr(web_text(w), "soon to be gone"));
    web_sign_in(w, "7", "ben");
    assert_int_equal(web_json_request(w, "DELETE", me, "{\"confirm\":\"ben\"}"), 200);
    assert_true(json_object_get_boolean(web_json(w, "done")));
    web_close(w);
}

static void test_a_guest_leaves_and_the_name_is_free(void **state)
{
    struct web *w = web_open();
    const char *cookie;

    (void)state;
    web_join(w, "ana");
    cookie = w->cookie;
    fixture_pass(w->fx, 1000);
    assert_int_equal(web_form(w, "/api/stocks/chat/session/leave/", sealed(w, "x=1")), 303);
    assert_non_null(strstr(web_header(w, "Set-Cookie"), "Max-Age=0"));
    w->cookie = cookie;
    assert_int_equal(web_get(w, account), 401);
    web_sign_out(w);
    web_join(w, "ana");
    assert_int_equal(web_json_request(w, "DELETE", "/api/stocks/chat/session/", "{}"), 204);
    web_sign_out(w);
    web_sign_in(w, "7", "ben");
    assert_int_equal(web_json_request(w, "DELETE", "/api/stocks/chat/session/", "{}"), 403);
    web_close(w);
}

static void test_settings_are_the_same_everywhere(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_join(w, "ana");
    web_get(w, me);
    assert_string_equal(web_json_text(w, "prefs.direct"), "everyone");
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"prefs\":{\"direct\":\"shared\"}}"), 200);
    assert_string_equal(web_json_text(w, "prefs.direct"), "shared");
    assert_int_equal(web_form(w, "/api/stocks/chat/me/prefs/", sealed(w, "direct=nobody")), 303);
    web_get(w, account);
    assert_non_null(strstr(web_text(w), "value=\"nobody\" selected"));
    web_get(w, me);
    assert_string_equal(web_json_text(w, "prefs.direct"), "nobody");
    web_get(w, arena_fmt(&w->fx->arena, "/api/stocks/chat/events/?rooms=@me:%lld",
                         (long long)web_json_number(w, "seq") - 1));
    assert_string_equal(web_json_text(w, "events.0.prefs.direct"), "nobody");
    assert_int_equal(
        web_form(w, "/api/stocks/chat/me/prefs/", sealed(w, "notify=on&notify_text=on&sound=mine")),
        303);
    web_get(w, account);
    assert_non_null(strstr(web_text(w), "value=\"mine\" selected"));
    web_get(w, "/stocks/chat/");
    assert_non_null(strstr(web_text(w), "&quot;sound&quot;:&quot;mine&quot;"));
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"prefs\":{\"sound\":\"loud\"}}"), 400);
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"prefs\":{\"direct\":\"some\"}}"), 400);
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"prefs\":{\"role\":\"admin\"}}"), 400);
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"prefs\":{\"direct\":1}}"), 400);
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"prefs\":[]}"), 400);
    assert_int_equal(web_json_request(w, "PATCH", me, "{}"), 400);
    assert_int_equal(web_form(w, "/api/stocks/chat/me/prefs/", sealed(w, "x=1")), 400);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_guest_takes_another_name_by_form),
        cmocka_unit_test(test_ones_data_is_a_file),
        cmocka_unit_test(test_an_account_ends_when_its_name_is_typed),
        cmocka_unit_test(test_a_guest_leaves_and_the_name_is_free),
        cmocka_unit_test(test_settings_are_the_same_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
