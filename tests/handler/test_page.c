/* The chat page: what it shows, and that it pages without a script. */
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static const char page[] = "/stocks/chat/";

static void test_the_page_shows_room_rows_people_and_form(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    fixture_post(w->fx, &bob, "general", "first");
    fixture_post(w->fx, &bob, "general", "second");
    web_join(w, "ana");
    web_json_request(w, "POST", "/api/stocks/chat/presence/",
                     "{\"conn\":\"abcdefgh\",\"state\":\"active\"}");
    assert_int_equal(web_get(w, page), 200);
    assert_non_null(strstr(web_text(w), "<h1"));
    assert_non_null(strstr(web_text(w), ">first<"));
    assert_null(strstr(web_text(w), "data-client")); /* of others' rows, and of the template's */
    assert_non_null(strstr(web_text(w), "action=\"/api/stocks/chat/messages/create/\""));
    assert_non_null(strstr(web_text(w), "name=\"csrf\" value=\""));
    assert_string_equal(web_header(w, "Content-Type"), "text/html; charset=utf-8");
    web_get(w, "/stocks/chat/?format=json");
    assert_string_equal(web_json_text(w, "room.id"), "general");
    assert_string_equal(web_json_text(w, "room.url"), "/stocks/chat/r/general/");
    assert_string_equal(web_json_text(w, "messages.0.initial"), "B");
    assert_string_equal(web_json_text(w, "messages.0.time_iso"), "2026-11-22T09:00:00Z");
    assert_string_equal(web_json_text(w, "messages.0.time_label"), "09:00 UTC");
    assert_string_equal(web_json_text(w, "messages.0.day_label"), "22 November 2026");
    assert_string_equal(web_json_text(w, "messages.1.day_label"), "");
    assert_true(json_object_get_boolean(web_json(w, "messages.1.continued")));
    assert_false(json_object_get_boolean(web_json(w, "messages.1.mine")));
    assert_string_equal(web_json_text(w, "online.0.username"), "ana");
    assert_int_equal(web_json_number(w, "online_count"), 1);
    assert_true(json_object_get_boolean(web_json(w, "can_post")));
    assert_false(json_object_get_boolean(web_json(w, "can_join")));
    assert_int_equal(strlen(web_json_text(w, "csrf")), strlen(w->csrf));
    assert_int_equal(strlen(web_json_text(w, "form.client_id")), 24);
    assert_true(json_object_get_boolean(web_json(w, "rooms.0.current")));
    assert_int_equal(web_json_number(w, "seq"), 3);
    web_close(w);
}

static void test_the_pages_cursor_is_that_of_its_rows(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");
    struct json_object *config;
    struct fail f;
    const char *text;

    (void)state;
    for (int i = 0; i < 3; i++)
        fixture_post(w->fx, &bob, "energy", "x");
    web_get(w, "/stocks/chat/r/energy/?format=json");
    text = web_json_text(w, "config");
    assert_int_equal(json_parse(text, strlen(text), &config, &f), OK);
    assert_string_equal(json_object_get_string(json_object_object_get(config, "room")), "energy");
    assert_int_equal(json_object_get_int64(json_object_object_get(config, "seq")), 4);
    assert_int_equal(web_json_number(w, "messages.2.seq"), 4);
    assert_string_equal(json_object_get_string(json_object_object_get(config, "epoch")),
                        web_json_text(w, "epoch"));
    assert_int_equal(json_object_object_length(json_object_object_get(config, "rooms")), 12);
    assert_null(json_object_object_get(config, "user"));
    json_object_put(config);
    web_close(w);
}

/* Follows a link of the page's JSON twin. */
static void follow(struct web *w, const char *link)
{
    const char *url = web_json_text(w, link);

    assert_int_equal(web_get(w, arena_fmt(&w->fx->arena, "%s&format=json", url)), 200);
}

static void test_links_page_through_the_history_and_back(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");
    int64_t head;

    (void)state;
    w->fx->conf.rate_user_burst = 200;
    for (int i = 0; i < 120; i++)
        fixture_post(w->fx, &bob, "general", "x");
    head = fixture_room(w->fx, "general").head;
    web_get(w, "/stocks/chat/?format=json");
    assert_false(json_object_get_boolean(web_json(w, "paging")));
    assert_false(json_object_get_boolean(web_json(w, "has_newer")));
    follow(w, "older_url");
    assert_true(json_object_get_boolean(web_json(w, "paging")));
    assert_int_equal(web_json_number(w, "messages.49.seq"), head - 50);
    follow(w, "older_url");
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 20);
    assert_false(json_object_get_boolean(web_json(w, "has_older")));
    assert_true(json_object_get_boolean(web_json(w, "has_newer")));
    follow(w, "newer_url");
    assert_int_equal(web_json_number(w, "messages.0.seq"), head - 99);
    assert_true(json_object_get_boolean(web_json(w, "has_older")));
    follow(w, "newer_url");
    assert_int_equal(web_json_number(w, "messages.49.seq"), head);
    assert_false(json_object_get_boolean(web_json(w, "has_newer")));
    web_get(w, page);
    assert_non_null(strstr(web_text(w), "?before="));
    assert_null(strstr(web_text(w), "?after="));
    web_close(w);
}

static void test_an_empty_room_has_nothing_to_page_through(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_get(w, "/stocks/chat/r/energy/?format=json");
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 0);
    assert_false(json_object_get_boolean(web_json(w, "has_older")));
    assert_false(json_object_get_boolean(web_json(w, "has_newer")));
    assert_int_equal(web_get(w, "/stocks/chat/r/energy/"), 200);
    web_close(w);
}

static void test_read_post_and_read_again_without_a_script(void **state)
{
    struct web *w = web_open();
    const char *cookie, *csrf, *client_id;

    (void)state;
    web_get(w, page);
    assert_non_null(strstr(web_text(w), "action=\"/api/stocks/chat/session/\""));
    web_form(w, "/api/stocks/chat/session/", "csrf=&username=ana&next_room=general");
    assert_int_equal(w->status, 303);
    cookie = web_header(w, "Set-Cookie");
    w->cookie = arena_strn(&w->fx->arena, cookie, strcspn(cookie, ";"));
    web_get(w, arena_fmt(&w->fx->arena, "%s?format=json", web_header(w, "Location")));
    csrf = arena_str(&w->fx->arena, web_json_text(w, "csrf"));
    client_id = arena_str(&w->fx->arena, web_json_text(w, "form.client_id"));
    web_form(w, "/api/stocks/chat/messages/create/",
             arena_fmt(&w->fx->arena, "csrf=%s&client_id=%s&room=general&message=Hello+all", csrf,
                       client_id));
    assert_int_equal(w->status, 303);
    assert_string_equal(web_header(w, "Location"), "/stocks/chat/r/general/");
    web_get(w, web_header(w, "Location"));
    assert_non_null(strstr(web_text(w), ">Hello all<"));
    assert_non_null(strstr(web_text(w), "msg-mine"));
    assert_non_null(strstr(web_text(w), client_id)); /* the row has the form's */
    web_close(w);
}

static void test_the_muted_are_told(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");

    (void)state;
    FIXTURE_WRITE(w->fx, user_update_sanctions(w->fx->chat.db, ana.user_id, FIXTURE_NOW_MS + 60000,
                                               0, 0, &w->fx->fail));
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_get(w, page), 200);
    assert_non_null(strstr(web_text(w), "You are muted"));
    assert_int_equal(web_form(w, "/api/stocks/chat/messages/create/", "message=x"), 403);
    web_close(w);
}

/* Opening rooms and beginning conversations: what guests would be refused they are not offered. */
static void test_guests_are_not_offered_what_is_for_those_who_signed_in(void **state)
{
    static const char sentence[] = "to open rooms and to talk with people in private";
    struct web *w = web_open_with("login_url = /login/\n");
    struct actor ana = fixture_user(w->fx, "7", "ana");

    (void)state;
    fixture_post(w->fx, &ana, NULL, "here");
    web_join(w, "gus");
    web_get(w, page);
    assert_null(strstr(web_text(w), "id=\"new-room\""));
    assert_int_equal(web_form(w, "/api/stocks/chat/rooms/", "title=Mine"), 403);
    assert_int_equal(web_form(w, "/api/stocks/chat/direct/", "username=ana"), 403);
    web_get(w, "/stocks/chat/new/");
    assert_non_null(strstr(web_text(w), sentence));
    assert_non_null(strstr(web_text(w), "href=\"/login/?next="));
    assert_null(strstr(web_text(w), "<form"));
    web_sign_out(w);
    web_sign_in(w, "7", "ana");
    web_get(w, page);
    assert_non_null(strstr(web_text(w), "id=\"new-room\""));
    web_get(w, "/stocks/chat/new/");
    assert_null(strstr(web_text(w), sentence));
    assert_non_null(strstr(web_text(w), "<form"));
    web_close(w);
}

static const char *socket_path(struct web *w)
{
    struct json_object *config;
    struct fail f;
    const char *text, *path;

    web_get(w, "/stocks/chat/?format=json");
    text = web_json_text(w, "config");
    assert_int_equal(json_parse(text, strlen(text), &config, &f), OK);
    path = arena_str(&w->fx->arena, json_object_get_string(json_object_object_get(config, "ws")));
    json_object_put(config);
    return path;
}

static void test_where_there_is_no_sidecar_the_script_is_not_told_of_one(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_string_equal(socket_path(w), "/ws/chat");
    w->fx->conf.sidecar = SIDECAR_ON_DEMAND;
    web_reconfigured(w);
    assert_string_equal(socket_path(w), "/ws/chat");
    w->fx->conf.sidecar = SIDECAR_OFF;
    web_reconfigured(w);
    assert_string_equal(socket_path(w), "");
    web_close(w);
}

/* As a browser asks for what it is to show in another site's page. */
static int get_in_frame(struct web *w)
{
    web_begin(w, "GET", "/stocks/chat/");
    web_set(w, "HTTP_SEC_FETCH_SITE", "cross-site");
    web_set(w, "HTTP_SEC_FETCH_MODE", "navigate");
    web_set(w, "HTTP_SEC_FETCH_DEST", "iframe");
    return web_send(w);
}

static void test_only_named_origins_may_frame_the_page(void **state)
{
    struct web *w = web_open_with("embed_origins = https://host.example http://127.0.0.1:8000\n");

    (void)state;
    web_get(w, "/stocks/chat/?embed=1");
    assert_non_null(strstr(web_header(w, "Content-Security-Policy"),
                           "frame-ancestors https://host.example http://127.0.0.1:8000;"));
    assert_null(web_header(w, "X-Frame-Options"));
    assert_non_null(strstr(web_text(w), "class=\"embed\""));
    web_get(w, "/stocks/chat/");
    assert_null(strstr(web_text(w), "class=\"embed\""));
    web_get(w, "/api/stocks/chat/messages/");
    assert_string_equal(web_header(w, "X-Frame-Options"), "DENY");
    assert_int_equal(get_in_frame(w), 200);
    web_close(w);
    w = web_open();
    assert_int_equal(get_in_frame(w), 403);
    web_get(w, "/stocks/chat/?embed=1");
    assert_non_null(strstr(web_header(w, "Content-Security-Policy"), "frame-ancestors 'none'"));
    assert_string_equal(web_header(w, "X-Frame-Options"), "DENY");
    assert_null(strstr(web_text(w), "class=\"embed\""));
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_shows_room_rows_people_and_form),
        cmocka_unit_test(test_the_pages_cursor_is_that_of_its_rows),
        cmocka_unit_test(test_links_page_through_the_history_and_back),
        cmocka_unit_test(test_an_empty_room_has_nothing_to_page_through),
        cmocka_unit_test(test_read_post_and_read_again_without_a_script),
        cmocka_unit_test(test_the_muted_are_told),
        cmocka_unit_test(test_guests_are_not_offered_what_is_for_those_who_signed_in),
        cmocka_unit_test(test_where_there_is_no_sidecar_the_script_is_not_told_of_one),
        cmocka_unit_test(test_only_named_origins_may_frame_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
