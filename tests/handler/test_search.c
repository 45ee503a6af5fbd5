/* search/: as JSON and as a page, with anything in the question. */
#include "tests/lib/web.h"

#include <string.h>

#define API  "/api/stocks/chat/search/"
#define PAGE "/stocks/chat/search/"

static struct web *open_with_messages(void)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");

    w->fx->conf.rate_search_burst = 1000;
    fixture_post(w->fx, &ana, "energy", "Crude oil is up");
    fixture_post(w->fx, &ana, "general", "Crude <b>rumours</b> & \"oil\" https://example.com/");
    return w;
}

static size_t found(struct web *w)
{
    return json_object_array_length(web_json(w, "results"));
}

static void test_results_say_what_and_where(void **state)
{
    struct web *w = open_with_messages();

    (void)state;
    assert_int_equal(web_get(w, API "?q=crude&sort=newest"), 200);
    assert_int_equal(found(w), 2);
    assert_string_equal(web_json_text(w, "results.1.room"), "energy");
    assert_string_equal(web_json_text(w, "results.1.room_title"), "Energy");
    assert_string_equal(web_json_text(w, "results.1.username"), "ana");
    assert_string_equal(web_json_text(w, "results.1.snippet.0.text"), "Crude");
    assert_true(json_object_get_boolean(web_json(w, "results.1.snippet.0.hit")));
    assert_string_equal(web_json_text(w, "results.1.snippet.1.text"), " oil is up");
    assert_int_equal(web_json_number(w, "total"), 2);
    assert_true(json_object_get_boolean(web_json(w, "asked")));
    assert_int_equal(web_get(w, API "?q=crude&room=energy"), 200);
    assert_int_equal(found(w), 1);
    assert_int_equal(web_get(w, API "?q=crude&room=nowhere"), 404);
    assert_string_equal(web_json_text(w, "error.code"), "room_not_found");
    web_close(w);
}

/* As an upload leaves it, without the bytes: what is searched is the name. */
static void test_a_files_name_is_shown_where_it_was_hit(void **state)
{
    struct web *w = open_with_messages();

    (void)state;
    fixture_sql(w->fx,
                "UPDATE message SET attachments = 1, file_names = 'Tar <sands> & co.csv'"
                " WHERE body LIKE '%is up';"
                " INSERT INTO attachment (id, user_id, room_id, msg_id, place, name, size,"
                " type, sha256, created_ms) SELECT 'f1', user_id, room_id, id, 1, file_names,"
                " 1, 'text/csv', 'x', 1 FROM message WHERE attachments > 0");
    assert_int_equal(web_get(w, API "?q=sands+crude"), 200);
    assert_int_equal(found(w), 1);
    assert_string_equal(web_json_text(w, "results.0.snippet.0.text"), "Crude");
    assert_string_equal(web_json_text(w, "results.0.files.0.id"), "f1");
    assert_string_equal(web_json_text(w, "results.0.files.0.name.0.text"), "Tar <");
    assert_string_equal(web_json_text(w, "results.0.files.0.name.1.text"), "sands");
    assert_true(json_object_get_boolean(web_json(w, "results.0.files.0.name.1.hit")));
    assert_int_equal(web_get(w, PAGE "?q=sands"), 200);
    assert_non_null(strstr(web_text(w), "<span class=\"found-file\" dir=\"auto\">Tar &lt;"
                                        "<mark>sands</mark>&gt; &amp; co.csv</span>"));
    assert_int_equal(web_get(w, API "?q=crude&sort=newest"), 200);
    assert_null(web_json(w, "results.1.files"));
    web_close(w);
}

static void test_the_page_shows_the_same_and_escapes_it(void **state)
{
    struct web *w = open_with_messages();

    (void)state;
    assert_int_equal(web_get(w, PAGE "?q=%3Cscript%3Ealert(1)%3C/script%3E+rumours"), 200);
    assert_null(strstr(web_text(w), "<script>alert"));
    assert_int_equal(web_get(w, PAGE "?q=crude&sort=newest"), 200);
    assert_non_null(strstr(web_text(w), "<mark>Crude</mark> &lt;b&gt;rumours&lt;/b&gt; &amp; "));
    assert_non_null(strstr(web_text(w), "<mark>Crude</mark> oil is up"));
    assert_non_null(strstr(web_text(w), "2 messages."));
    assert_non_null(strstr(web_text(w), "/stocks/chat/m/"));
    assert_int_equal(web_get(w, PAGE), 200);
    assert_non_null(strstr(web_text(w), "Type what you are looking for."));
    assert_int_equal(web_get(w, PAGE "?q=absent"), 200);
    assert_non_null(strstr(web_text(w), "Nothing was found."));
    assert_int_equal(web_get(w, PAGE "?q=before:soon+crude"), 200);
    assert_non_null(strstr(web_text(w), "before: takes a date"));
    web_close(w);
}

static void test_any_question_is_answered(void **state)
{
    static const char *const questions[] = {"%27%3B+DROP+TABLE+message%3B--",
                                            "NEAR(",
                                            "*",
                                            "%22",
                                            "%22%22%22",
                                            "AND+OR+NOT",
                                            "body:",
                                            "-",
                                            "--",
                                            "-*",
                                            "(",
                                            ")",
                                            "%5E",
                                            "%7B",
                                            "u7+AND+keys:r1",
                                            "search_words",
                                            "%00x",
                                            "%F0%9F%9A%80",
                                            "%E4%B8%8A%E6%B5%B7",
                                            "%25_%25",
                                            "from:",
                                            "from:%22",
                                            "in:%27",
                                            "a*+b*+c*",
                                            "%5C%5C",
                                            "$",
                                            "BRK.B"};
    struct web *w = open_with_messages();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        int status = web_get(w, arena_fmt(&w->fx->arena, API "?q=%s", questions[i]));

        if (status != (strstr(questions[i], "%00") ? 400 : 200))
            fail_msg("%s: %d %s", questions[i], status, web_text(w));
    }
    assert_int_equal(web_get(w, API "?q=%FF"), 400);
    assert_int_equal(web_get(w, API "?q=x&page=0"), 400);
    assert_int_equal(web_get(w, API "?q=x&page=21"), 400);
    assert_int_equal(web_get(w, API "?q=x&sort=worst"), 400);
    web_close(w);
}

static void test_who_may_not_read_may_not_search(void **state)
{
    struct web *w = open_with_messages();

    (void)state;
    w->fx->conf.guests = GUESTS_OFF;
    assert_int_equal(web_get(w, API "?q=crude"), 401);
    assert_int_equal(web_get(w, PAGE "?q=crude"), 401);
    web_sign_in(w, "8", "ben");
    assert_int_equal(web_get(w, API "?q=crude"), 200);
    w->fx->conf.search = SEARCH_OFF;
    assert_int_equal(web_get(w, API "?q=crude"), 404);
    assert_int_equal(web_get(w, PAGE "?q=crude"), 404);
    web_close(w);
}

static void test_searches_are_limited(void **state)
{
    struct web *w = open_with_messages();
    int status = 200;

    (void)state;
    w->fx->conf.rate_search_burst = 3;
    for (int i = 0; i < 4 && status == 200; i++)
        status = web_get(w, API "?q=crude");
    assert_int_equal(status, 429);
    assert_non_null(web_header(w, "Retry-After"));
    assert_int_equal(web_get(w, PAGE), 200); /* the empty form costs nothing */
    web_sign_in(w, "8", "ben");
    assert_int_equal(web_get(w, API "?q=crude"), 200);
    web_close(w);
}

static void test_a_day_leads_to_its_first_message(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    const int64_t day = INT64_C(24) * 3600 * 1000;
    int64_t ids[3];

    (void)state;
    assert_int_equal(web_get(w, "/api/stocks/chat/rooms/general/day/?ms=5"), 404);
    for (int i = 0; i < 3; i++, fixture_pass(w->fx, 2 * day)) {
        ids[i] = fixture_post(w->fx, &ana, "general", "first").message.id;
        fixture_post(w->fx, &ana, "general", "second");
    }
    for (int i = 0; i < 3; i++) {
        int64_t ms = FIXTURE_NOW_MS + (2 * i - 1) * day;

        web_get(w, arena_fmt(&w->fx->arena, "/api/stocks/chat/rooms/general/day/?ms=%lld",
                             (long long)ms));
        assert_int_equal(web_json_number(w, "id"), ids[i]);
    }
    assert_int_equal(web_get(w, "/api/stocks/chat/rooms/general/day/?ms=9007199254740991"), 200);
    assert_true(web_json_number(w, "id") != ids[2]); /* the newest */
    assert_int_equal(web_get(w, "/stocks/chat/day/?day=2026-11-22"), 303);
    assert_non_null(strstr(web_header(w, "Location"),
                           arena_fmt(&w->fx->arena, "/m/%lld/#m", (long long)ids[0])));
    assert_int_equal(web_get(w, "/stocks/chat/day/?day=soon"), 400);
    assert_int_equal(web_get(w, "/stocks/chat/day/?day=2026-11-22&room=nowhere"), 404);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_say_what_and_where),
        cmocka_unit_test(test_a_files_name_is_shown_where_it_was_hit),
        cmocka_unit_test(test_the_page_shows_the_same_and_escapes_it),
        cmocka_unit_test(test_any_question_is_answered),
        cmocka_unit_test(test_who_may_not_read_may_not_search),
        cmocka_unit_test(test_searches_are_limited),
        cmocka_unit_test(test_a_day_leads_to_its_first_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
