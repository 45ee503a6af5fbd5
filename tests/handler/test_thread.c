/* messages/?thread= and the page t/<id>/: a message with all that answers it, without a script. */
#include "tests/lib/web.h"

#include <string.h>

static int64_t say(struct web *w, const char *text, int64_t reply_to)
{
    web_json_request(w, "POST", "/api/stocks/chat/messages/create/",
                     arena_fmt(&w->fx->arena,
                               "{\"room\":\"energy\",\"message\":\"%s\",\"reply_to\":%lld}", text,
                               (long long)reply_to));
    assert_int_equal(w->status, 201);
    return web_json_number(w, "message.id");
}

static const char *api(struct web *w, int64_t id, const char *rest)
{
    return arena_fmt(&w->fx->arena, "/api/stocks/chat/messages/?thread=%lld%s", (long long)id,
                     rest);
}

static const char *page(struct web *w, int64_t id, const char *rest)
{
    return arena_fmt(&w->fx->arena, "/stocks/chat/t/%lld/%s", (long long)id, rest);
}

static bool shows(struct web *w, const char *text)
{
    return strstr(web_text(w), text) != NULL;
}

static void test_a_thread_is_its_root_and_its_replies(void **state)
{
    struct web *w = web_open();
    int64_t root, one;
    const char *tag;

    (void)state;
    web_sign_in(w, "7", "ana");
    root = say(w, "root", 0);
    one = say(w, "one", root);
    say(w, "beside", 0);
    say(w, "two", one);
    assert_int_equal(web_get(w, api(w, one, "")), 200);
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 3);
    assert_string_equal(web_json_text(w, "messages.2.message"), "two");
    assert_int_equal(web_json_number(w, "messages.0.replies"), 2);
    assert_int_equal(web_json_number(w, "messages.2.thread.id"), root);
    assert_int_equal(web_json_number(w, "messages.2.thread.replies"), 2);
    assert_int_equal(web_json_number(w, "thread.id"), root);
    assert_int_equal(web_json_number(w, "thread.replies"), 2);
    assert_string_equal(web_json_text(w, "room"), "energy");
    tag = arena_str(&w->fx->arena, web_header(w, "ETag"));
    assert_int_equal(web_get(w, api(w, root, "&limit=1")), 200);
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 1);
    assert_true(json_object_get_boolean(web_json(w, "has_more")));
    assert_string_not_equal(web_header(w, "ETag"), tag);
    assert_int_equal(web_get(w, api(w, root, "&before=5&after=3")), 400);
    assert_int_equal(web_get(w, api(w, 4711, "")), 404);
    assert_string_equal(web_json_text(w, "error.code"), "message_not_found");
    web_close(w);
}

static void test_the_page_of_a_thread_stands_beside_its_room(void **state)
{
    struct web *w = web_open();
    int64_t root, one;

    (void)state;
    web_sign_in(w, "7", "ana");
    root = say(w, "the root", 0);
    one = say(w, "an answer", root);
    say(w, "answered again", one);
    assert_int_equal(web_get(w, page(w, one, "")), 200);
    assert_true(shows(w, "id=\"thread\""));
    assert_true(shows(w, ">2 replies</span>"));
    assert_true(shows(w, "id=\"t2\""));
    assert_true(shows(w, "id=\"m2\""));
    assert_true(
        shows(w, arena_fmt(&w->fx->arena, "name=\"reply_to\" value=\"%lld\"", (long long)root)));
    assert_int_equal(web_get(w, "/stocks/chat/r/energy/"), 200);
    assert_true(shows(w, arena_fmt(&w->fx->arena, "<a class=\"msg-replies\" href=\"%s\">2 replies",
                                   page(w, root, ""))));
    web_get(w, page(w, root, "?format=json"));
    assert_int_equal(json_object_array_length(web_json(w, "thread.messages")), 3);
    assert_null(web_json(w, "thread.messages.1.quote")); /* the root is in sight */
    assert_non_null(web_json(w, "thread.messages.2.quote"));
    assert_non_null(web_json(w, "messages.1.quote"));
    assert_int_equal(web_get(w, page(w, 4711, "")), 404);
    assert_int_equal(web_get(w, page(w, root, "?before=9&after=1")), 400);
    web_close(w);
}

static void test_a_long_thread_has_links_to_its_other_pages(void **state)
{
    struct web *w = web_open_with("rate_user_burst = 500\nrate_address_burst = 500\n");
    int64_t root;

    (void)state;
    web_sign_in(w, "7", "ana");
    root = say(w, "root", 0);
    for (int i = 1; i <= 60; i++)
        say(w, arena_fmt(&w->fx->arena, "line %d.", i), root);
    web_get(w, page(w, root, "?format=json"));
    assert_string_equal(web_json_text(w, "thread.messages.0.message"), "line 11.");
    assert_null(web_json(w, "thread.newer"));
    assert_int_equal(
        web_get(w, arena_fmt(&w->fx->arena, "%s&format=json", web_json_text(w, "thread.older"))),
        200);
    assert_string_equal(web_json_text(w, "thread.messages.0.message"), "root");
    assert_string_equal(web_json_text(w, "thread.messages.10.message"), "line 10.");
    assert_null(web_json(w, "thread.older"));
    assert_int_equal(
        web_get(w, arena_fmt(&w->fx->arena, "%s&format=json", web_json_text(w, "thread.newer"))),
        200);
    assert_string_equal(web_json_text(w, "thread.messages.0.message"), "line 11.");
    assert_non_null(web_json(w, "thread.older"));
    web_close(w);
}

static void test_a_form_answers_into_the_thread_and_comes_back_to_it(void **state)
{
    struct web *w = web_open();
    int64_t root;
    const char *form;

    (void)state;
    web_sign_in(w, "7", "ana");
    root = say(w, "root", 0);
    web_sign_out(w);
    web_join(w, "gil");
    form = arena_fmt(&w->fx->arena,
                     "room=energy&reply_to=%lld&back=thread&csrf=%s&message=", (long long)root,
                     w->csrf);
    assert_int_equal(web_form(w, "/api/stocks/chat/messages/create/",
                              arena_fmt(&w->fx->arena, "%sby+form", form)),
                     303);
    assert_string_equal(web_header(w, "Location"), page(w, root, ""));
    web_get(w, page(w, root, ""));
    assert_true(shows(w, "by form"));
    /* Refused, it keeps what it was about. */
    web_form(w, "/api/stocks/chat/messages/create/", arena_fmt(&w->fx->arena, "%s%%FF", form));
    assert_int_equal(w->status, 400);
    web_form(w, "/api/stocks/chat/messages/create/",
             arena_fmt(&w->fx->arena, "%s%02500d", form, 0));
    assert_int_equal(w->status, 413);
    assert_true(
        shows(w, arena_fmt(&w->fx->arena, "name=\"reply_to\" value=\"%lld\"", (long long)root)));
    assert_true(shows(w, "name=\"back\" value=\"thread\""));
    web_close(w);
}

static void test_who_may_not_answer_gets_no_form(void **state)
{
    struct web *w = web_open();
    int64_t root;

    (void)state;
    web_sign_in(w, "7", "ana");
    root = say(w, "root", 0);
    web_sign_out(w);
    web_get(w, page(w, root, ""));
    assert_int_equal(w->status, 200);
    assert_true(shows(w, "You can read here, but not write."));
    web_sign_in(w, "7", "ana");
    web_json_request(w, "DELETE",
                     arena_fmt(&w->fx->arena, "/api/stocks/chat/messages/%lld/", (long long)root),
                     "{}");
    assert_int_equal(w->status, 200);
    web_get(w, page(w, root, ""));
    assert_true(shows(w, "it cannot be answered"));
    web_close(w);
}

/* As a thread that never was. */
static void test_the_thread_of_a_hidden_room_is_not_there(void **state)
{
    struct web *w = web_open();
    int64_t root;
    const char *hidden;

    (void)state;
    web_sign_in(w, "7", "ana");
    root = say(w, "secret", 0);
    fixture_sql(w->fx, "UPDATE room SET kind = 'private' WHERE slug = 'energy'");
    web_sign_in(w, "8", "eve");
    assert_int_equal(web_get(w, api(w, root, "")), 404);
    hidden = arena_str(&w->fx->arena, web_text(w));
    assert_int_equal(web_get(w, api(w, 4711, "")), 404);
    assert_string_equal(web_text(w), hidden);
    assert_int_equal(web_get(w, page(w, root, "")), 404);
    assert_false(shows(w, "secret"));
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_is_its_root_and_its_replies),
        cmocka_unit_test(test_the_page_of_a_thread_stands_beside_its_room),
        cmocka_unit_test(test_a_long_thread_has_links_to_its_other_pages),
        cmocka_unit_test(test_a_form_answers_into_the_thread_and_comes_back_to_it),
        cmocka_unit_test(test_who_may_not_answer_gets_no_form),
        cmocka_unit_test(test_the_thread_of_a_hidden_room_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
