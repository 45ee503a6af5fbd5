/* me/mentions/, and what the lists of rooms say of it. */
#include "tests/lib/web.h"

#include <string.h>

static const char mentions[] = "/api/stocks/chat/me/mentions/";

static void test_what_mentions_the_reader_is_listed_with_its_room(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana"), ben = fixture_user(w->fx, "8", "ben");

    (void)state;
    fixture_post(w->fx, &ana, "general", "here");
    web_sign_in(w, "7", "ana");
    web_json_request(w, "PUT", "/api/stocks/chat/rooms/general/read/", "{\"up_to\":100}");
    fixture_post(w->fx, &ben, "general", "look, @ana");
    assert_int_equal(web_get(w, mentions), 200);
    assert_int_equal(json_object_array_length(web_json(w, "mentions")), 1);
    assert_string_equal(web_json_text(w, "mentions.0.message"), "look, @ana");
    assert_string_equal(web_json_text(w, "mentions.0.room"), "general");
    assert_string_equal(web_json_text(w, "mentions.0.room_title"), "General");
    assert_int_equal(web_json_number(w, "mentions.0.mentions.0.user_id"), ana.user_id);
    assert_non_null(web_json(w, "mentions.0.unread"));
    web_get(w, "/api/stocks/chat/rooms/");
    assert_int_equal(web_json_number(w, "rooms.0.mentions"), 1);
    web_json_request(w, "PUT", "/api/stocks/chat/rooms/general/read/", "{\"up_to\":100}");
    assert_int_equal(web_json_number(w, "mentions"), 0);
    web_get(w, mentions);
    assert_null(web_json(w, "mentions.0.unread"));
    assert_int_equal(web_get(w, "/api/stocks/chat/me/mentions/?page=2"), 200);
    assert_int_equal(json_object_array_length(web_json(w, "mentions")), 0);
    assert_int_equal(web_get(w, "/api/stocks/chat/me/mentions/?page=51"), 400);
    web_close(w);
}

static void test_the_page_leads_to_each_and_rows_lead_to_people(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana"), ben = fixture_user(w->fx, "8", "ben");
    struct posted said;
    const char *link;

    (void)state;
    fixture_post(w->fx, &ana, "general", "here");
    said = fixture_post(w->fx, &ben, "general", "look, @ana & @ben");
    web_sign_in(w, "7", "ana");
    web_begin(w, "GET", "/stocks/chat/mentions/");
    web_set(w, "HTTP_ACCEPT", "text/html");
    assert_int_equal(web_send(w), 200);
    link = arena_fmt(&w->fx->arena, "/stocks/chat/m/%lld/#m", (long long)said.message.id);
    assert_non_null(strstr(web_text(w), link));
    assert_non_null(strstr(web_text(w), "look, @ana &amp; @ben"));
    web_begin(w, "GET", "/stocks/chat/r/general/");
    web_set(w, "HTTP_ACCEPT", "text/html");
    assert_int_equal(web_send(w), 200);
    assert_non_null(strstr(web_text(w), arena_fmt(&w->fx->arena,
                                                  "<a class=\"mention mention-me\""
                                                  " href=\"/stocks/chat/u/%lld/\"",
                                                  (long long)ana.user_id)));
    assert_non_null(strstr(web_text(w), arena_fmt(&w->fx->arena,
                                                  "<a class=\"mention\""
                                                  " href=\"/stocks/chat/u/%lld/\"",
                                                  (long long)ben.user_id)));
    assert_non_null(strstr(web_text(w), " msg-called\""));
    web_close(w);
}

static void test_readers_of_the_room_come_first_and_in_a_private_one_alone(void **state)
{
    struct web *w = web_open();
    struct actor ada = fixture_user(w->fx, "8", "Ada"), amy = fixture_user(w->fx, "9", "amy"),
                 other = fixture_user(w->fx, "10", "Amy");
    const char *room;

    (void)state;
    fixture_post(w->fx, &ada, "energy", "known, but not from here");
    fixture_post(w->fx, &amy, "general", "here");
    fixture_post(w->fx, &other, "general", "here");
    web_sign_in(w, "9", "amy");
    web_json_request(w, "PUT", "/api/stocks/chat/rooms/general/read/", "{\"up_to\":100}");
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_get(w, "/api/stocks/chat/users/?q=A&room=general"), 200);
    assert_int_equal(json_object_array_length(web_json(w, "users")), 3);
    assert_string_equal(web_json_text(w, "users.0.mention"),
                        arena_fmt(&w->fx->arena, "amy#%lld", (long long)amy.user_id));
    assert_string_equal(web_json_text(w, "users.1.mention"), "Ada");
    assert_string_equal(web_json_text(w, "users.1.username"), "Ada");
    assert_int_equal(
        web_json_request(w, "POST", "/api/stocks/chat/rooms/", "{\"title\":\"Alone\"}"), 201);
    room = arena_str(&w->fx->arena, web_json_text(w, "room.id"));
    web_get(w, arena_fmt(&w->fx->arena, "/api/stocks/chat/users/?q=a&room=%s", room));
    assert_int_equal(json_object_array_length(web_json(w, "users")), 0);
    web_sign_in(w, "8", "Ada");
    assert_int_equal(
        web_get(w, arena_fmt(&w->fx->arena, "/api/stocks/chat/users/?q=a&room=%s", room)), 404);
    web_close(w);
}

static void test_nobody_in_particular_has_no_mentions(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_int_equal(web_get(w, mentions), 401);
    assert_int_equal(web_get(w, "/stocks/chat/mentions/"), 401);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_mentions_the_reader_is_listed_with_its_room),
        cmocka_unit_test(test_the_page_leads_to_each_and_rows_lead_to_people),
        cmocka_unit_test(test_readers_of_the_room_come_first_and_in_a_private_one_alone),
        cmocka_unit_test(test_nobody_in_particular_has_no_mentions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
