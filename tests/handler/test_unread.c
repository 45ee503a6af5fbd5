/* Where the reader stopped reading: as JSON, as a link, and on the page. */
#include "tests/lib/web.h"

#include <string.h>

#define API  "/api/stocks/chat/rooms/general/unread/"
#define LINK "/stocks/chat/r/general/unread/"
#define PAGE "/stocks/chat/r/general/"

/* The reader has read up to the second of these; *seqs are theirs. */
static struct web *open_half_read(int count, int64_t *ids, int64_t *seqs)
{
    struct web *w = web_open();
    struct actor kofi = fixture_user(w->fx, "8", "kofi");

    w->fx->conf.rate_user_burst = 200;
    web_sign_in(w, "7", "ana");
    for (int i = 0; i < count; i++) {
        struct posted done = fixture_post(w->fx, &kofi, "general", "Tape line");

        ids[i] = done.message.id;
        seqs[i] = done.message.seq;
        if (i == 1)
            assert_int_equal(
                web_json_request(w, "PUT", "/api/stocks/chat/rooms/general/read/",
                                 arena_fmt(&w->fx->arena, "{\"up_to\":%lld}", (long long)seqs[i])),
                200);
    }
    return w;
}

static bool leads_to(struct web *w, int64_t id)
{
    const char *to = web_header(w, "Location");

    return to && strstr(to, arena_fmt(&w->fx->arena, "/m/%lld/#m", (long long)id));
}

static void test_the_first_unread_message_is_found(void **state)
{
    int64_t ids[5], seqs[5];
    struct web *w = open_half_read(5, ids, seqs);

    (void)state;
    assert_int_equal(web_get(w, API), 200);
    assert_int_equal(web_json_number(w, "id"), ids[2]);
    assert_int_equal(web_json_number(w, "seq"), seqs[2]);
    assert_int_equal(web_get(w, LINK), 303);
    assert_true(leads_to(w, ids[2]));
    /* Behind another mark, as a page remembers it that has marked all as read. */
    assert_int_equal(web_get(w, arena_fmt(&w->fx->arena, API "?after=%lld", (long long)seqs[3])),
                     200);
    assert_int_equal(web_json_number(w, "id"), ids[4]);
    assert_int_equal(web_get(w, arena_fmt(&w->fx->arena, API "?after=%lld", (long long)seqs[4])),
                     404);
    assert_int_equal(web_get(w, "/api/stocks/chat/rooms/nowhere/unread/"), 404);
    assert_string_equal(web_json_text(w, "error.code"), "room_not_found");
    web_close(w);
}

static void test_what_does_not_count_is_not_the_first(void **state)
{
    int64_t ids[4], seqs[4];
    struct web *w = open_half_read(4, ids, seqs);
    struct actor ana = fixture_user(w->fx, "7", "ana"), lin = fixture_user(w->fx, "9", "lin");
    struct posted own, last;

    (void)state;
    own = fixture_post(w->fx, &ana, "general", "My own");
    last = fixture_post(w->fx, &lin, "general", "By somebody else");
    web_json_request(w, "PUT",
                     arena_fmt(&w->fx->arena, "/api/stocks/chat/me/ignored/%lld/",
                               (long long)fixture_user(w->fx, "8", "kofi").user_id),
                     "{}");
    assert_int_equal(web_get(w, API), 200);
    assert_int_equal(web_json_number(w, "id"), last.message.id);
    assert_true(own.message.seq < last.message.seq);
    web_close(w);
}

static size_t marks(struct web *w)
{
    size_t count = 0;

    for (const char *at = web_text(w); (at = strstr(at, "class=\"unread-mark\"")); at++)
        count++;
    return count;
}

static void test_the_page_marks_the_row_and_links_to_it(void **state)
{
    int64_t ids[5], seqs[5];
    struct web *w = open_half_read(5, ids, seqs);
    const char *row, *mark;

    (void)state;
    assert_int_equal(web_get(w, PAGE), 200);
    assert_int_equal(marks(w), 1);
    mark = strstr(web_text(w), "class=\"unread-mark\"");
    row = strstr(mark, "class=\"msg");
    assert_non_null(row);
    assert_non_null(strstr(row, arena_fmt(&w->fx->arena, "id=\"m%lld\"", (long long)seqs[2])));
    assert_true(strstr(row, "id=\"m") ==
                strstr(row, arena_fmt(&w->fx->arena, "id=\"m%lld\"", (long long)seqs[2])));
    assert_non_null(strstr(web_text(w), ">3 new messages<"));
    assert_non_null(
        strstr(web_text(w), arena_fmt(&w->fx->arena, "href=\"#m%lld\"", (long long)seqs[2])));
    web_close(w);
}

static void test_an_older_one_is_linked_to_by_its_own_address(void **state)
{
    int64_t ids[70], seqs[70];
    struct web *w = open_half_read(70, ids, seqs);

    (void)state;
    assert_int_equal(web_get(w, PAGE), 200);
    assert_int_equal(marks(w), 0);
    assert_non_null(strstr(web_text(w), ">68 new messages<"));
    assert_non_null(strstr(web_text(w), "href=\"" LINK "\""));
    assert_int_equal(web_get(w, LINK), 303);
    assert_true(leads_to(w, ids[2]));
    assert_int_equal(
        web_get(w, arena_fmt(&w->fx->arena, "/stocks/chat/m/%lld/", (long long)ids[2])), 200);
    assert_int_equal(marks(w), 1);
    web_close(w);
}

static void test_a_form_marks_all_as_read(void **state)
{
    int64_t ids[5], seqs[5];
    struct web *w = open_half_read(5, ids, seqs);

    (void)state;
    web_begin(w, "POST", "/api/stocks/chat/rooms/general/read/");
    web_set(w, "HTTP_ACCEPT", "text/html");
    web_body(w, "application/x-www-form-urlencoded",
             arena_fmt(&w->fx->arena, "up_to=%lld", (long long)seqs[4]),
             strlen(arena_fmt(&w->fx->arena, "up_to=%lld", (long long)seqs[4])));
    assert_int_equal(web_send(w), 303);
    assert_string_equal(web_header(w, "Location"), PAGE);
    assert_int_equal(web_get(w, PAGE), 200);
    assert_int_equal(marks(w), 0);
    assert_non_null(strstr(web_text(w), "id=\"unread-bar\" data-count=\"\" hidden"));
    assert_int_equal(web_get(w, API), 404);
    assert_int_equal(web_get(w, LINK), 303);
    assert_string_equal(web_header(w, "Location"), PAGE);
    web_close(w);
}

static void test_nothing_is_unread_where_one_has_never_been(void **state)
{
    struct web *w = web_open();
    struct actor kofi = fixture_user(w->fx, "8", "kofi");

    (void)state;
    fixture_post(w->fx, &kofi, "general", "Long ago");
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_get(w, API), 404);
    assert_int_equal(web_get(w, PAGE), 200);
    assert_int_equal(marks(w), 0);
    web_sign_out(w);
    assert_int_equal(web_get(w, LINK), 303);
    assert_string_equal(web_header(w, "Location"), PAGE);
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_unread_message_is_found),
        cmocka_unit_test(test_what_does_not_count_is_not_the_first),
        cmocka_unit_test(test_the_page_marks_the_row_and_links_to_it),
        cmocka_unit_test(test_an_older_one_is_linked_to_by_its_own_address),
        cmocka_unit_test(test_a_form_marks_all_as_read),
        cmocka_unit_test(test_nothing_is_unread_where_one_has_never_been),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
