/* session/, me/, rooms/, read marks, presence/, ws-ticket/ and health/. */
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static const char session[] = "/api/stocks/chat/session/";
static const char me[] = "/api/stocks/chat/me/";
static const char presence[] = "/api/stocks/chat/presence/";

static void test_a_guest_gets_a_session_in_a_cookie(void **state)
{
    struct web *w = web_open();
    const char *cookie;

    (void)state;
    assert_int_equal(web_json_request(w, "POST", session, "{\"username\":\"trader123\"}"), 200);
    cookie = web_header(w, "Set-Cookie");
    assert_int_equal(strncmp(cookie, "outcry_guest=", 13), 0);
    assert_non_null(strstr(cookie, "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"));
    assert_null(strstr(cookie, "Secure"));
    assert_string_equal(web_json_text(w, "user.username"), "trader123");
    assert_true(json_object_get_boolean(web_json(w, "user.guest")));
    assert_int_equal(strlen(web_json_text(w, "csrf")), 64);
    assert_null(strstr(web_text(w), "token"));
    web_close(w);
}

static void test_joining_by_form_leads_back_to_the_room(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_int_equal(web_form(w, session, "username=trader123&next_room=energy&csrf="), 303);
    assert_string_equal(web_header(w, "Location"), "/stocks/chat/r/energy/");
    assert_non_null(web_header(w, "Set-Cookie"));
    assert_int_equal(web_form(w, session, "username=other"), 303);
    assert_string_equal(web_header(w, "Location"), "/stocks/chat/");
    assert_int_equal(web_form(w, session, "username=third&next_room=//evil.example"), 404);
    assert_null(web_header(w, "Set-Cookie"));
    web_close(w);
}

static void test_a_taken_name_can_be_changed_in_the_form(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_join(w, "ana");
    web_sign_out(w);
    assert_int_equal(web_form(w, session, "username=Ana&next_room=energy"), 409);
    assert_non_null(strstr(web_text(w), "value=\"Ana\""));
    assert_non_null(strstr(web_text(w), "value=\"energy\""));
    assert_int_equal(web_json_request(w, "POST", session, "{\"username\":\"ANA\"}"), 409);
    assert_string_equal(web_json_text(w, "error.code"), "name_taken");
    web_close(w);
}

static void test_names_that_may_not_be_are_refused(void **state)
{
    static const char *const names[] = {
        "\"\"",
        "\"   \"",
        "\"<b>\"",
        "\"a@b\"",
        "\"a\\u202eb\"",
        "\"a\\nb\"",
        "\"a\\u200bb\"",
        "\"abcdefghijklmnopqrstuvwxyzabcdefg\"",
        "7",
        "null",
    };
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        web_json_request(w, "POST", session,
                         arena_fmt(&w->fx->arena, "{\"username\":%s}", names[i]));
        if (w->status != 400)
            fail_msg("%s: %d", names[i], w->status);
    }
    assert_int_equal(web_json_request(w, "POST", session, "{}"), 400);
    web_close(w);
}

static void test_a_guest_who_joins_again_is_renamed(void **state)
{
    struct web *w = web_open();
    int64_t id;

    (void)state;
    web_join(w, "ana");
    web_get(w, me);
    id = web_json_number(w, "user.id");
    assert_int_equal(web_json_request(w, "POST", session, "{\"username\":\"anita\"}"), 200);
    assert_int_equal(web_json_number(w, "user.id"), id);
    web_get(w, me);
    assert_string_equal(web_json_text(w, "user.username"), "anita");
    web_close(w);
}

static void test_a_host_user_needs_no_guest_session(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_json_request(w, "POST", session, "{\"username\":\"x\"}"), 403);
    assert_null(web_header(w, "Set-Cookie"));
    web_close(w);
}

static void test_sessions_from_one_address_are_limited(void **state)
{
    struct web *w = web_open();

    (void)state;
    w->fx->conf.rate_session_burst = 2;
    web_join(w, "one");
    web_join(w, "two");
    web_sign_out(w);
    assert_int_equal(web_json_request(w, "POST", session, "{\"username\":\"three\"}"), 429);
    assert_non_null(web_header(w, "Retry-After"));
    web_begin(w, "POST", session);
    web_set(w, "REMOTE_ADDR", "203.0.113.8");
    web_body(w, "application/json", "{\"username\":\"three\"}", 20);
    assert_int_equal(web_send(w), 200);
    web_close(w);
}

static void test_me_says_who_one_is(void **state)
{
    struct web *w = web_open_with("login_url = /login\n");

    (void)state;
    web_get(w, me);
    assert_null(web_json(w, "user"));
    assert_string_equal(web_json_text(w, "guests"), "write");
    assert_string_equal(web_json_text(w, "csrf"), "");
    assert_string_equal(web_json_text(w, "login_url"), "/login");
    web_sign_in(w, "7", "ana");
    web_get(w, me);
    assert_string_equal(web_json_text(w, "user.username"), "ana");
    assert_string_equal(web_json_text(w, "user.role"), "member");
    assert_false(json_object_get_boolean(web_json(w, "user.guest")));
    assert_true(web_json_number(w, "user.id") > 0);
    web_close(w);
}

static void test_a_display_name_is_for_those_without_a_hosts_name(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", NULL);
    web_get(w, me);
    assert_string_equal(web_json_text(w, "user.username"), "user-7");
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"display_name\":\"Ana\"}"), 200);
    assert_string_equal(web_json_text(w, "user.username"), "Ana");
    web_get(w, me);
    assert_string_equal(web_json_text(w, "user.username"), "Ana");
    web_sign_in(w, "8", "bob");
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"display_name\":\"Bobby\"}"), 403);
    web_sign_in(w, "9", NULL);
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"display_name\":\"ANA\"}"), 409);
    assert_int_equal(web_json_request(w, "PATCH", me, "{}"), 400);
    web_sign_out(w);
    assert_int_equal(web_json_request(w, "PATCH", me, "{\"display_name\":\"x\"}"), 401);
    web_close(w);
}

static void test_rooms_are_listed_with_what_is_unread(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    fixture_post(w->fx, &bob, "general", "one");
    web_sign_in(w, "7", "ana");
    web_json_request(w, "PUT", "/api/stocks/chat/rooms/general/read/", "{\"up_to\":1}");
    web_get(w, "/api/stocks/chat/rooms/");
    assert_int_equal(json_object_array_length(web_json(w, "rooms")), 12);
    assert_string_equal(web_json_text(w, "rooms.0.id"), "general");
    assert_int_equal(web_json_number(w, "rooms.0.unread"), 1);
    assert_int_equal(web_json_number(w, "rooms.0.seq"), 2);
    assert_int_equal(web_json_number(w, "rooms.0.last_read_seq"), 1);
    web_close(w);
}

static void test_a_read_mark_only_rises(void **state)
{
    static const char uri[] = "/api/stocks/chat/rooms/general/read/";
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    fixture_post(w->fx, &bob, "general", "one");
    fixture_post(w->fx, &bob, "general", "two");
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_json_request(w, "PUT", uri, "{\"up_to\":2}"), 200);
    assert_int_equal(web_json_number(w, "last_read_seq"), 2);
    assert_int_equal(web_json_number(w, "unread"), 1);
    web_json_request(w, "PUT", uri, "{\"up_to\":1}");
    assert_int_equal(web_json_number(w, "last_read_seq"), 2);
    web_json_request(w, "PUT", uri, "{\"up_to\":9007199254740991}");
    assert_int_equal(web_json_number(w, "last_read_seq"), 3); /* never past the head */
    assert_int_equal(web_json_request(w, "PUT", uri, "{}"), 400);
    assert_int_equal(web_json_request(w, "PUT", uri, "{\"up_to\":\"3\"}"), 400);
    assert_int_equal(
        web_json_request(w, "PUT", "/api/stocks/chat/rooms/nope/read/", "{\"up_to\":1}"), 404);
    web_sign_out(w);
    assert_int_equal(web_json_request(w, "PUT", uri, "{\"up_to\":1}"), 401);
    web_close(w);
}

static int64_t online(struct web *w, const char *room)
{
    web_get(w, arena_fmt(&w->fx->arena, "%s?room=%s", presence, room));
    return web_json_number(w, "count");
}

static void test_a_page_that_closes_is_gone_after_the_grace(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_join(w, "ana");
    assert_int_equal(web_json_request(w, "POST", presence,
                                      "{\"conn\":\"abcdefgh\",\"room\":\"energy\",\"state\":"
                                      "\"active\"}"),
                     204);
    assert_int_equal(online(w, "energy"), 1);
    assert_string_equal(web_json_text(w, "online.0.state"), "active");
    assert_string_equal(web_json_text(w, "room"), "energy");
    assert_int_equal(
        web_json_request(w, "POST", presence, "{\"conn\":\"abcdefgh\",\"state\":\"gone\"}"), 204);
    assert_int_equal(online(w, "energy"), 1);
    fixture_pass(w->fx, 5001);
    assert_int_equal(online(w, "energy"), 0);
    web_close(w);
}

static void test_the_invisible_are_not_listed(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    web_json_request(w, "POST", presence, "{\"conn\":\"abcdefgh\",\"state\":\"invisible\"}");
    assert_int_equal(w->status, 204);
    assert_int_equal(online(w, "general"), 0);
    assert_int_equal(web_json_number(w, "total"), 0);
    web_close(w);
}

static void test_nobody_ends_anothers_presence(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    web_json_request(w, "POST", presence, "{\"conn\":\"abcdefgh\",\"state\":\"active\"}");
    web_sign_in(w, "8", "bob");
    web_json_request(w, "POST", presence, "{\"conn\":\"abcdefgh\",\"state\":\"gone\"}");
    fixture_pass(w->fx, 6000);
    assert_int_equal(online(w, "general"), 1);
    web_close(w);
}

static void test_bad_presence_is_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"{\"conn\":\"abcdefgh\"}", 400},
        {"{\"state\":\"active\"}", 400},
        {"{\"conn\":\"short\",\"state\":\"active\"}", 400},
        {"{\"conn\":\"abcdefgh\",\"state\":\"asleep\"}", 400},
        {"{\"conn\":\"abcdefgh\",\"state\":\"active\",\"room\":\"nope\"}", 404},
    };
    struct web *w = web_open();

    (void)state;
    web_sign_in(w, "7", "ana");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(web_json_request(w, "POST", presence, cases[i].body), cases[i].status);
    assert_int_equal(web_get(w, "/api/stocks/chat/presence/?room=nope"), 404);
    web_sign_out(w);
    assert_int_equal(
        web_json_request(w, "POST", presence, "{\"conn\":\"abcdefgh\",\"state\":\"active\"}"), 401);
    web_close(w);
}

static void test_a_ticket_opens_one_socket_as_its_owner(void **state)
{
    struct web *w = web_open();
    const char *ticket;
    struct actor who;

    (void)state;
    web_join(w, "ana");
    assert_int_equal(web_json_request(w, "POST", "/api/stocks/chat/ws-ticket/", "{}"), 200);
    assert_int_equal(web_json_number(w, "expires_in_ms"), 30000);
    ticket = web_json_text(w, "ticket");
    assert_int_equal(identity_from_ticket(&w->fx->chat, &w->fx->arena, ticket, strlen(ticket), &who,
                                          &w->fx->fail),
                     OK);
    assert_string_equal(who.username, "ana");
    assert_int_equal(identity_from_ticket(&w->fx->chat, &w->fx->arena, ticket, strlen(ticket), &who,
                                          &w->fx->fail),
                     ERR_TOKEN_INVALID);
    web_begin(w, "POST", "/api/stocks/chat/ws-ticket/"); /* without a body at all */
    assert_int_equal(web_send(w), 200);
    web_sign_out(w);
    assert_int_equal(web_json_request(w, "POST", "/api/stocks/chat/ws-ticket/", "{}"), 401);
    web_close(w);
}

static void test_health_needs_no_login(void **state)
{
    struct web *w = web_open();

    (void)state;
    w->fx->conf.guests = GUESTS_OFF;
    w->bearer = "rubbish";
    assert_int_equal(web_get(w, "/api/stocks/chat/health/"), 200);
    assert_string_equal(web_json_text(w, "status"), "ok");
    assert_true(web_json_number(w, "schema") >= 1);
    assert_int_equal(strlen(web_json_text(w, "epoch")), 32);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_guest_gets_a_session_in_a_cookie),
        cmocka_unit_test(test_joining_by_form_leads_back_to_the_room),
        cmocka_unit_test(test_a_taken_name_can_be_changed_in_the_form),
        cmocka_unit_test(test_names_that_may_not_be_are_refused),
        cmocka_unit_test(test_a_guest_who_joins_again_is_renamed),
        cmocka_unit_test(test_a_host_user_needs_no_guest_session),
        cmocka_unit_test(test_sessions_from_one_address_are_limited),
        cmocka_unit_test(test_me_says_who_one_is),
        cmocka_unit_test(test_a_display_name_is_for_those_without_a_hosts_name),
        cmocka_unit_test(test_rooms_are_listed_with_what_is_unread),
        cmocka_unit_test(test_a_read_mark_only_rises),
        cmocka_unit_test(test_a_page_that_closes_is_gone_after_the_grace),
        cmocka_unit_test(test_the_invisible_are_not_listed),
        cmocka_unit_test(test_nobody_ends_anothers_presence),
        cmocka_unit_test(test_bad_presence_is_refused),
        cmocka_unit_test(test_a_ticket_opens_one_socket_as_its_owner),
        cmocka_unit_test(test_health_needs_no_login),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
