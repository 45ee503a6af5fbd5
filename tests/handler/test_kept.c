/* Answers are given again while they are right, to whom they are right for, and never else. */
#include "chat/moderate.h"
#include "db/restore.h"
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>

static const char list[] = "/api/stocks/chat/messages/";
static const char page[] = "/stocks/chat/";
static const char page_json[] = "/stocks/chat/?format=json";

/* An answer that is made now would be about another room. */
static bool is_kept(struct web *w, const char *uri, const char *path)
{
    char *room = w->fx->conf.default_room;

    w->fx->conf.default_room = "energy";
    web_get(w, uri);
    w->fx->conf.default_room = room;
    return strcmp(web_json_text(w, path), "general") == 0;
}

static struct web *open_with_message(void)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    fixture_post(w->fx, &bob, "general", "said by bob");
    web_sign_in(w, "7", "ana");
    web_get(w, list); /* ana's row is made */
    return w;
}

static void test_the_same_request_gets_the_same_answer(void **state)
{
    struct web *w = open_with_message();
    const char *text, *id;

    (void)state;
    assert_int_equal(web_get(w, list), 200);
    text = arena_str(&w->fx->arena, web_text(w));
    id = web_header(w, "X-Request-Id");
    assert_true(is_kept(w, list, "room"));
    assert_string_equal(web_text(w), text);
    assert_string_not_equal(web_header(w, "X-Request-Id"), id);
    assert_int_equal(web_get(w, page_json), 200);
    assert_true(is_kept(w, page_json, "room.id"));
    fixture_pass(w->fx, 1000);
    assert_false(is_kept(w, list, "room"));
    web_close(w);
}

/* Two windows of one person must not send two messages by one id. */
static void test_each_page_has_a_client_id_of_its_own(void **state)
{
    struct web *w = open_with_message();
    char ids[3][25];

    (void)state;
    for (int i = 0; i < 3; i++) {
        const char *at;

        assert_int_equal(web_get(w, page), 200);
        at = strstr(web_text(w), "name=\"client_id\" value=\"");
        assert_non_null(at);
        snprintf(ids[i], sizeof ids[i], "%s", strchr(strstr(at, "value="), '"') + 1);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
    web_close(w);
}

static void test_nobody_gets_what_was_made_for_another(void **state)
{
    struct web *w = open_with_message();

    (void)state;
    assert_int_equal(web_get(w, page_json), 200);
    assert_string_equal(web_json_text(w, "me.username"), "ana");
    web_sign_in(w, "9", "eve");
    assert_int_equal(web_get(w, page_json), 200);
    assert_int_equal(web_get(w, page_json), 200);
    assert_string_equal(web_json_text(w, "me.username"), "eve");
    web_sign_out(w);
    assert_int_equal(web_get(w, page_json), 200);
    assert_null(web_json(w, "me.username"));
    w->bearer = "not.a.token";
    assert_int_equal(web_get(w, page_json), 401);
    web_close(w);
}

static void test_whatever_is_asked_otherwise_is_answered_anew(void **state)
{
    static const struct {
        const char *name, *value;
        int status;
    } cases[] = {
        {"HTTP_ORIGIN", "https://evil.example", 403},
        {"HTTP_SEC_FETCH_SITE", "cross-site", 403},
        {"REQUEST_URI", "/api/stocks/chat/messages/?room=nowhere", 404},
        {"REQUEST_URI", "/api/stocks/chat/messages/?limit=1000", 400},
        {"HTTP_AUTHORIZATION", "Bearer x", 401},
        {"REQUEST_METHOD", "PUT", 405},
    };
    struct web *w = open_with_message();
    const char *tag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(web_get(w, list), 200);
        web_begin(w, "GET", list);
        web_set(w, cases[i].name, cases[i].value);
        assert_int_equal(web_send(w), cases[i].status);
    }
    web_get(w, list);
    tag = web_header(w, "ETag");
    for (int i = 0; i < 2; i++) {
        web_begin(w, "GET", list);
        web_set(w, "HTTP_IF_NONE_MATCH", tag);
        assert_int_equal(web_send(w), 304);
        assert_string_equal(web_text(w), "");
        web_begin(w, "HEAD", list);
        assert_int_equal(web_send(w), 200);
        assert_string_equal(web_text(w), "");
        assert_int_equal(web_get(w, list), 200);
        assert_non_null(strstr(web_text(w), "said by bob"));
    }
    web_begin(w, "GET", page);
    web_set(w, "HTTP_ACCEPT", "application/json");
    web_send(w);
    assert_string_equal(web_json_text(w, "me.username"), "ana");
    web_get(w, page);
    assert_string_equal(web_header(w, "Content-Type"), "text/html; charset=utf-8");
    web_close(w);
}

static void test_what_is_written_is_there_at_once(void **state)
{
    struct web *w = open_with_message();
    struct chat other;

    (void)state;
    assert_int_equal(web_get(w, list), 200);
    assert_int_equal(web_json_request(w, "POST", "/api/stocks/chat/messages/create/",
                                      "{\"message\":\"from this process\"}"),
                     201);
    web_get(w, list);
    assert_non_null(strstr(web_text(w), "from this process"));
    fixture_open_chat(w->fx, &other);
    web_get(w, list);
    fixture_sql(w->fx, "UPDATE message SET body = 'changed elsewhere' WHERE body = 'said by bob'");
    web_get(w, list);
    assert_non_null(strstr(web_text(w), "changed elsewhere"));
    assert_null(strstr(web_text(w), "said by bob"));
    chat_close(&other);
    web_close(w);
}

static void test_presence_is_seen_at_once(void **state)
{
    struct web *w = open_with_message();

    (void)state;
    web_get(w, page_json);
    assert_int_equal(web_json_number(w, "online_total"), 0);
    assert_int_equal(web_json_request(w, "POST", "/api/stocks/chat/presence/",
                                      "{\"conn\":\"abcdefgh\",\"state\":\"active\"}"),
                     204);
    web_get(w, page_json);
    assert_int_equal(web_json_number(w, "online_total"), 1);
    fixture_pass(w->fx, w->fx->conf.presence_ttl_ms + 1000);
    web_get(w, page_json);
    assert_int_equal(web_json_number(w, "online_total"), 0);
    web_close(w);
}

static void test_the_banned_and_the_revoked_get_nothing_more(void **state)
{
    struct web *w = open_with_message();
    struct actor ana = fixture_user(w->fx, "7", "ana");
    struct fixture *fx = w->fx;

    (void)state;
    assert_int_equal(web_get(w, list), 200);
    assert_int_equal(web_get(w, page_json), 200);
    FIXTURE_WRITE(
        fx, moderate_ban(&fx->chat, &fx->arena, ana.user_id, FIXTURE_NOW_MS + 60000, 0, &fx->fail));
    assert_int_equal(web_get(w, list), 403);
    assert_int_equal(web_get(w, page_json), 403);
    fixture_pass(fx, 61000);
    assert_int_equal(web_get(w, list), 200);
    FIXTURE_WRITE(fx, moderate_revoke(&fx->chat, &fx->arena, ana.user_id, 0, &fx->fail));
    assert_int_equal(web_get(w, list), 401);
    web_close(w);
}

static void test_a_token_ends_when_it_ends(void **state)
{
    struct web *w = open_with_message();
    int seconds = 0;

    (void)state;
    while (web_get(w, list) == 200 && seconds < 400) {
        fixture_pass(w->fx, 1000);
        seconds++;
    }
    assert_int_equal(w->status, 401);
    assert_int_equal(seconds, 300 + 30); /* what fixture_token() gives, and the leeway */
    web_close(w);
}

static void test_who_leaves_a_room_reads_it_no_more(void **state)
{
    static const char other[] = "/api/stocks/chat/messages/?room=energy";
    struct web *w = open_with_message();
    struct actor ana = fixture_user(w->fx, "7", "ana");

    (void)state;
    fixture_sql(w->fx, "UPDATE room SET kind = 'private' WHERE slug = 'energy'");
    assert_int_equal(web_get(w, other), 404);
    fixture_sql(w->fx, arena_fmt(&w->fx->arena,
                                 "INSERT INTO room_member (room_id, user_id, last_read_seq)"
                                 " SELECT id, %lld, 0 FROM room WHERE slug = 'energy'",
                                 (long long)ana.user_id));
    assert_int_equal(web_get(w, other), 200);
    assert_int_equal(web_get(w, other), 200);
    fixture_sql(w->fx, "DELETE FROM room_member");
    assert_int_equal(web_get(w, other), 404);
    web_close(w);
}

static void test_a_restored_database_is_another_world(void **state)
{
    struct web *w = open_with_message();
    struct fixture *fx = w->fx;
    const char *copy = arena_fmt(&fx->arena, "%s/backup.db", fx->dir);
    struct backup_report made;
    struct restore_report back;
    struct actor bob = fixture_user(fx, "8", "bob");

    (void)state;
    assert_int_equal(backup_make(fx->chat.db, copy, &made, &fx->fail), OK);
    fixture_post(fx, &bob, "general", "said after the backup");
    web_get(w, list);
    assert_non_null(strstr(web_text(w), "said after the backup"));
    assert_int_equal(restore_run(&fx->conf, &fx->log, copy, NULL, &back, &fx->fail), OK);
    assert_int_equal(web_get(w, list), 200);
    assert_null(strstr(web_text(w), "said after the backup"));
    assert_string_equal(web_json_text(w, "epoch"), back.epoch);
    web_close(w);
}

static void test_a_great_many_answers_are_right_too(void **state)
{
    struct web *w = open_with_message();

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 1; i <= 200; i++) {
            web_get(w, arena_fmt(&w->fx->arena, "%s?limit=%d&after=%d", list, i, i % 3));
            assert_int_equal(w->status, 200);
            assert_int_equal(json_object_array_length(web_json(w, "messages")), i % 3 < 2);
        }
    }
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_request_gets_the_same_answer),
        cmocka_unit_test(test_each_page_has_a_client_id_of_its_own),
        cmocka_unit_test(test_nobody_gets_what_was_made_for_another),
        cmocka_unit_test(test_whatever_is_asked_otherwise_is_answered_anew),
        cmocka_unit_test(test_what_is_written_is_there_at_once),
        cmocka_unit_test(test_presence_is_seen_at_once),
        cmocka_unit_test(test_the_banned_and_the_revoked_get_nothing_more),
        cmocka_unit_test(test_a_token_ends_when_it_ends),
        cmocka_unit_test(test_who_leaves_a_room_reads_it_no_more),
        cmocka_unit_test(test_a_restored_database_is_another_world),
        cmocka_unit_test(test_a_great_many_answers_are_right_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
