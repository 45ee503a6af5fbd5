/* messages/<id>/…: one message, its page, and what is done to it, as JSON and by forms. */
#include "tests/lib/web.h"

#include <string.h>

static const char *api(struct web *w, int64_t id, const char *rest)
{
    return arena_fmt(&w->fx->arena, "/api/stocks/chat/messages/%lld/%s", (long long)id, rest);
}

static const char *page(struct web *w, int64_t id)
{
    return arena_fmt(&w->fx->arena, "/stocks/chat/m/%lld/", (long long)id);
}

static void test_one_message_is_what_the_list_has(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    int64_t id = fixture_post(w->fx, &ana, "energy", "Brent is up").message.id;

    (void)state;
    assert_int_equal(web_get(w, api(w, id, "")), 200);
    assert_string_equal(web_json_text(w, "message.message"), "Brent is up");
    assert_string_equal(web_json_text(w, "message.room"), "energy");
    assert_int_equal(web_get(w, api(w, id + 1, "")), 404);
    assert_string_equal(web_json_text(w, "error.code"), "message_not_found");
    assert_int_equal(web_get(w, "/api/stocks/chat/messages/none/"), 404);
    assert_int_equal(web_get(w, "/api/stocks/chat/messages/create/"), 405);
    web_close(w);
}

static void test_a_message_comes_with_those_around_it(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    int64_t id = 0;

    (void)state;
    w->fx->conf.rate_user_burst = 200;
    for (int i = 0; i < 80; i++) {
        const char *text = arena_fmt(&w->fx->arena, "line %d", i);
        struct posted posted = fixture_post(w->fx, &ana, "energy", text);

        id = i == 40 ? posted.message.id : id;
    }
    assert_int_equal(web_get(w, api(w, id, "context/")), 200);
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 51);
    assert_string_equal(web_json_text(w, "messages.0.message"), "line 15");
    assert_string_equal(web_json_text(w, "messages.25.message"), "line 40");
    assert_string_equal(web_json_text(w, "messages.50.message"), "line 65");
    assert_true(json_object_get_boolean(web_json(w, "has_more")));
    assert_true(json_object_get_boolean(web_json(w, "has_newer")));

    assert_int_equal(web_get(w, page(w, id)), 200);
    assert_non_null(strstr(web_text(w), "msg-target"));
    assert_non_null(strstr(web_text(w), "line 15"));
    assert_non_null(strstr(web_text(w), "line 65"));
    assert_null(strstr(web_text(w), "line 66"));
    assert_non_null(strstr(web_text(w), "id=\"log-older\""));
    assert_non_null(strstr(web_text(w), "id=\"log-newer\""));
    web_close(w);
}

/* Every way to a message of a room that is not theirs, beside one that
 * never was: the same answer. */
static void test_a_hidden_message_answers_as_one_that_never_was(void **state)
{
    static const struct {
        const char *method, *rest;
    } ways[] = {{"GET", ""},
                {"GET", "context/"},
                {"GET", "revisions/"},
                {"DELETE", ""},
                {"POST", "delete/"},
                {"PUT", "pin/"},
                {"POST", "pin/"},
                {"PUT", "reactions/%F0%9F%91%8D/"},
                {"DELETE", "reactions/%F0%9F%91%8D/"}};
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    int64_t id = fixture_post(w->fx, &ana, "energy", "secret").message.id;

    (void)state;
    fixture_sql(w->fx, "UPDATE room SET kind = 'private' WHERE slug = 'energy'");
    web_sign_in(w, "8", "eve");
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        const char *hidden, *never;

        web_json_request(w, ways[i].method, api(w, id, ways[i].rest), "{}");
        assert_int_equal(w->status, 404);
        hidden = arena_str(&w->fx->arena, web_text(w));
        web_json_request(w, ways[i].method, api(w, 4711, ways[i].rest), "{}");
        assert_int_equal(w->status, 404);
        never = web_text(w);
        assert_string_equal(hidden, never);
    }
    assert_int_equal(web_get(w, page(w, id)), 404);
    assert_null(strstr(web_text(w), "secret"));
    web_close(w);
}

static void test_a_message_is_deleted_by_its_author(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    int64_t id = fixture_post(w->fx, &ana, "energy", "oops").message.id;
    int64_t head = fixture_room(w->fx, "energy").head;

    (void)state;
    assert_int_equal(web_json_request(w, "DELETE", api(w, id, ""), "{}"), 401);
    web_sign_in(w, "8", "ben");
    assert_int_equal(web_json_request(w, "DELETE", api(w, id, ""), "{}"), 403);
    web_sign_in(w, "7", "ana");
    web_begin(w, "DELETE", api(w, id, "")); /* without a body, too */
    assert_int_equal(web_send(w), 200);
    assert_int_equal(web_json_number(w, "seq"), head + 1);
    assert_true(json_object_get_boolean(web_json(w, "message.deleted")));
    assert_null(web_json(w, "message.message"));
    assert_int_equal(web_json_request(w, "DELETE", api(w, id, ""), "{}"), 200);
    assert_null(web_json(w, "seq"));
    assert_int_equal(web_get(w, "/api/stocks/chat/messages/?room=energy"), 200);
    assert_null(strstr(web_text(w), "oops"));
    assert_int_equal(web_get(w, "/stocks/chat/r/energy/"), 200);
    assert_null(strstr(web_text(w), "oops"));
    assert_non_null(strstr(web_text(w), "This message was removed."));
    web_close(w);
}

static void test_an_edit_needs_the_revision_it_began_with(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    int64_t id = fixture_post(w->fx, &ana, "energy", "one").message.id;

    (void)state;
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_json_request(w, "PATCH", api(w, id, ""), "{\"message\":\"two\"}"), 400);
    assert_int_equal(
        web_json_request(w, "PATCH", api(w, id, ""), "{\"message\":\"two\",\"rev\":1}"), 200);
    assert_string_equal(web_json_text(w, "message.message"), "two");
    assert_int_equal(
        web_json_request(w, "PATCH", api(w, id, ""), "{\"message\":\"three\",\"rev\":1}"), 409);
    assert_string_equal(web_json_text(w, "error.code"), "edit_conflict");
    assert_string_equal(web_json_text(w, "current.message"), "two");
    assert_int_equal(web_json_number(w, "current.rev"), 2);
    assert_int_equal(web_form(w, api(w, id, "edit/"), "message=three&rev=1"), 409);
    assert_non_null(strstr(web_text(w), ">two</blockquote>"));
    assert_non_null(strstr(web_text(w), "name=\"rev\" value=\"2\""));
    assert_non_null(strstr(web_text(w), ">three</textarea>"));
    assert_int_equal(web_get(w, api(w, id, "revisions/")), 200);
    assert_string_equal(web_json_text(w, "revisions.0.message"), "one");
    assert_string_equal(web_json_text(w, "revisions.1.message"), "two");
    web_sign_in(w, "8", "ben");
    assert_int_equal(web_get(w, api(w, id, "revisions/")), 404);
    web_close(w);
}

static void test_a_reaction_is_an_emoji_in_the_path(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    int64_t id = fixture_post(w->fx, &ana, "energy", "up").message.id;

    (void)state;
    web_sign_in(w, "8", "ben");
    assert_int_equal(web_json_request(w, "PUT", api(w, id, "reactions/%F0%9F%91%8D/"), "{}"), 200);
    assert_string_equal(web_json_text(w, "message.reactions.0.emoji"), "👍");
    assert_int_equal(web_json_number(w, "message.reactions.0.count"), 1);
    assert_true(web_json_number(w, "seq") > 0);
    assert_int_equal(web_json_request(w, "PUT", api(w, id, "reactions/%F0%9F%91%8D/"), "{}"), 200);
    assert_null(web_json(w, "seq"));
    assert_int_equal(web_json_request(w, "PUT", api(w, id, "reactions/buy/"), "{}"), 400);
    assert_int_equal(web_json_request(w, "PUT", api(w, id, "reactions/%FF/"), "{}"), 400);
    web_get(w, "/stocks/chat/r/energy/");
    assert_non_null(strstr(web_text(w), ">👍 1</span>"));
    assert_int_equal(web_form(w, api(w, id, "react/"), "emoji=%F0%9F%91%8D&on=0"), 303);
    web_get(w, api(w, id, ""));
    assert_null(web_json(w, "message.reactions"));
    web_close(w);
}

static void test_the_page_of_a_message_has_the_forms_of_whoever_may(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    int64_t id = fixture_post(w->fx, &ana, "energy", "not mine").message.id, own, seq;
    const char *seal;

    (void)state;
    web_join(w, "gil");
    seal = w->csrf;
    web_get(w, page(w, id));
    assert_null(strstr(web_text(w), "Delete this message"));
    assert_int_equal(web_form(w, "/api/stocks/chat/messages/create/",
                              arena_fmt(&w->fx->arena, "message=mine&room=energy&csrf=%s", seal)),
                     303);
    web_get(w, "/api/stocks/chat/messages/?room=energy");
    own = web_json_number(w, "messages.1.id");
    seq = web_json_number(w, "messages.1.seq");
    web_get(w, page(w, own));
    assert_non_null(strstr(web_text(w), "Delete this message"));
    seal = strstr(web_text(w), "name=\"csrf\" value=\"");
    assert_non_null(seal);
    seal = arena_strn(&w->fx->arena, strchr(strstr(seal, "value="), '"') + 1, 64);
    w->csrf = NULL;
    assert_int_equal(web_form(w, api(w, own, "delete/"), "csrf=wrong"), 403);
    assert_int_equal(web_form(w, api(w, own, "delete/"), arena_fmt(&w->fx->arena, "csrf=%s", seal)),
                     303);
    assert_string_equal(web_header(w, "Location"),
                        arena_fmt(&w->fx->arena, "%s#m%lld", page(w, own), (long long)seq));
    web_get(w, page(w, own));
    assert_non_null(strstr(web_text(w), "This message was removed."));
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_message_is_what_the_list_has),
        cmocka_unit_test(test_a_message_comes_with_those_around_it),
        cmocka_unit_test(test_a_hidden_message_answers_as_one_that_never_was),
        cmocka_unit_test(test_a_message_is_deleted_by_its_author),
        cmocka_unit_test(test_an_edit_needs_the_revision_it_began_with),
        cmocka_unit_test(test_a_reaction_is_an_emoji_in_the_path),
        cmocka_unit_test(test_the_page_of_a_message_has_the_forms_of_whoever_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
