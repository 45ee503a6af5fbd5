/* chat_post(): who may, what is refused with which error, and what a stored message is. */
#include "tests/lib/fixture.h"

#include "chat/history.h"
#include "chat/moderate.h"

#include <string.h>

static int setup(void **state)
{
    *state = fixture_open();
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static enum err try(struct fixture *fx, struct post *p, struct posted *out)
{
    memset(&fx->fail, 0, sizeof fx->fail);
    if (!p->via)
        p->via = "api";
    if (p->text && !p->text_len)
        p->text_len = strlen(p->text);
    return chat_post_now(&fx->chat, &fx->arena, p, out, &fx->fail);
}

static void test_a_message_is_stored_as_written(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct posted out;
    struct message m;
    struct post p = {.actor = &ana,
                     .room = "energy",
                     .text = "  Oil <b>up</b> \xe2\x82\xac\n",
                     .client_id = "client-0001",
                     .sentiment = "bullish",
                     .disclosure = "I hold oil.",
                     .via = "ws"};

    assert_int_equal(try(fx, &p, &out), OK);
    assert_false(out.duplicate);
    assert_int_equal(message_by_id(fx->chat.db, &fx->arena, out.message.id, &m, &fx->fail), OK);
    assert_string_equal(m.body, "Oil <b>up</b> \xe2\x82\xac");
    assert_string_equal(m.author_name, "ana");
    assert_int_equal(m.user_id, ana.user_id);
    assert_string_equal(m.sentiment, "bullish");
    assert_string_equal(m.disclosure, "I hold oil.");
    assert_string_equal(m.via, "ws");
    assert_string_equal(m.client_id, "client-0001");
    assert_int_equal(m.created_ms, FIXTURE_NOW_MS);
    assert_int_equal(m.rev, 1);
    assert_int_equal(m.seq, fixture_room(fx, "energy").head);
    assert_string_equal(out.message.room_slug, "energy");
    assert_null(m.html);
}

static void test_no_room_means_the_default_room(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    assert_string_equal(fixture_post(fx, &ana, NULL, "one").message.room_slug, "general");
    assert_string_equal(fixture_post(fx, &ana, "", "two").message.room_slug, "general");
}

static void test_a_client_id_is_made_where_none_is_given(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct posted one = fixture_post(fx, &ana, NULL, "same"),
                  two = fixture_post(fx, &ana, NULL, "same");

    assert_int_equal(strlen(one.message.client_id), 32);
    assert_string_not_equal(one.message.client_id, two.message.client_id);
    assert_int_not_equal(one.message.id, two.message.id);
}

static void test_seqs_are_whole_numbers_without_gaps(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_guest(fx, "bob");
    int64_t head = fixture_room(fx, "general").head;

    for (int64_t i = 1; i <= 20; i++) {
        assert_int_equal(fixture_try(fx, &bob, NULL, " "), ERR_BAD_REQUEST);
        assert_int_equal(fixture_try(fx, &bob, "no-such-room", "x"), ERR_ROOM_NOT_FOUND);
        assert_int_equal(fixture_post(fx, i % 2 ? &ana : &bob, NULL, "tick").message.seq, head + i);
    }
    assert_int_equal(fixture_room(fx, "general").head, head + 20);
}

static void test_what_may_not_be_said_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct posted out;
    struct {
        struct post post;
        enum err err;
    } cases[] = {
        {{.text = NULL}, ERR_BAD_REQUEST},
        {{.text = ""}, ERR_BAD_REQUEST},
        {{.text = " \n\t "}, ERR_BAD_REQUEST},
        {{.text = "\xe2\x80\x8b\xe2\x80\x8d"}, ERR_BAD_REQUEST}, /* zero width */
        {{.text = "a\xff"}, ERR_BAD_REQUEST},
        {{.text = "a\0b", .text_len = 3}, ERR_BAD_REQUEST},
        {{.text = "x", .client_id = "short"}, ERR_BAD_REQUEST},
        {{.text = "x", .client_id = "white space"}, ERR_BAD_REQUEST},
        {{.text = "x", .client_id = ""}, ERR_BAD_REQUEST},
        {{.text = "x", .sentiment = "hopeful"}, ERR_BAD_REQUEST},
        {{.text = "x", .sentiment = ""}, ERR_BAD_REQUEST},
        {{.text = "x", .disclosure = "\xff"}, ERR_BAD_REQUEST},
        {{.text = "x", .room = "nowhere"}, ERR_ROOM_NOT_FOUND},
        {{.text = "x", .room = "GENERAL"}, ERR_ROOM_NOT_FOUND},
        {{.text = "x", .room = "@1"}, ERR_ROOM_NOT_FOUND},
        {{.text = "x", .room = "' OR 1=1 --"}, ERR_ROOM_NOT_FOUND},
        {{.text = "x", .room = "@me"}, ERR_FORBIDDEN},
        {{.text = "x", .reply_to = 12345}, ERR_MESSAGE_NOT_FOUND},
    };
    int64_t newest, after;

    assert_int_equal(event_newest_id(fx->chat.db, &newest, &fx->fail), OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cases[i].post.actor = &ana;
        if (try(fx, &cases[i].post, &out) != cases[i].err || !fx->fail.message[0])
            fail_msg("case %zu: %s", i, err_row(fx->fail.err)->code);
        assert_int_equal(fx->fail.err, cases[i].err);
    }
    assert_int_equal(event_newest_id(fx->chat.db, &after, &fx->fail), OK);
    assert_int_equal(after, newest);
}

static void test_a_message_has_a_greatest_length(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    char *text = arena_alloc(&fx->arena, 40000);

    memset(text, 'x', 2000);
    assert_int_equal(fixture_try(fx, &ana, NULL, text), OK);
    text[2000] = 'x';
    assert_int_equal(fixture_try(fx, &ana, NULL, text), ERR_TOO_LONG);
    assert_non_null(strstr(fx->fail.message, "2000"));
    assert_non_null(strstr(fx->fail.message, "2001"));
    memset(text, 'x', 39999);
    assert_int_equal(fixture_try(fx, &ana, NULL, text), ERR_TOO_LONG);

    /* 2,000 code points of four bytes are fewer than 8,192 bytes; with a
     * lower limit they are not */
    for (int i = 0; i < 2000; i++)
        memcpy(text + 4 * i, "\xf0\x9f\x90\x82", 4);
    text[8000] = '\0';
    assert_int_equal(fixture_try(fx, &ana, NULL, text), OK);
    fx->conf.message_max_bytes = 7999;
    assert_int_equal(fixture_try(fx, &ana, NULL, text), ERR_TOO_LONG);
    assert_non_null(strstr(fx->fail.message, "7999 bytes"));
    assert_non_null(strstr(fx->fail.message, "8000"));
}

static void test_a_reply_stays_in_its_room(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct posted first = fixture_post(fx, &ana, "energy", "first"), out;
    struct post p = {
        .actor = &ana, .room = "energy", .text = "answer", .reply_to = first.message.id};

    assert_int_equal(try(fx, &p, &out), OK);
    assert_int_equal(out.message.reply_to, first.message.id);
    p.room = "general";
    assert_int_equal(try(fx, &p, &out), ERR_MESSAGE_NOT_FOUND);
}

/* ----- who may ----- */

static void test_the_anonymous_and_read_only_guests_may_not_post(void **state)
{
    struct fixture *fx = *state;
    struct actor nobody = fixture_nobody(), bob = fixture_guest(fx, "bob"),
                 ana = fixture_user(fx, "7", "ana");

    assert_int_equal(fixture_try(fx, &nobody, NULL, "x"), ERR_AUTH_REQUIRED);
    assert_int_equal(fixture_try(fx, &bob, NULL, "x"), OK);
    fx->conf.guests = GUESTS_READ;
    assert_int_equal(fixture_try(fx, &nobody, NULL, "x"), ERR_READ_ONLY);
    assert_int_equal(fixture_try(fx, &bob, NULL, "x"), ERR_READ_ONLY);
    fx->conf.guests = GUESTS_OFF;
    assert_int_equal(fixture_try(fx, &nobody, NULL, "x"), ERR_AUTH_REQUIRED);
    assert_int_equal(fixture_try(fx, &bob, NULL, "x"), ERR_AUTH_REQUIRED);
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), OK);
}

static void test_sanctions_count_from_the_moment_they_are_stored(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"); /* loaded before, as a socket's actor is */
    int64_t until = FIXTURE_NOW_MS + 60000;

    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), OK);
    FIXTURE_WRITE(fx, moderate_mute(&fx->chat, &fx->arena, ana.user_id, until, 0, &fx->fail));
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), ERR_MUTED);
    assert_non_null(strstr(fx->fail.message, "2026-11-22 09:01 UTC"));
    FIXTURE_WRITE(fx, moderate_ban(&fx->chat, &fx->arena, ana.user_id, INT64_MAX, 0, &fx->fail));
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), ERR_BANNED);
    FIXTURE_WRITE(fx, moderate_ban(&fx->chat, &fx->arena, ana.user_id, 0, 0, &fx->fail));
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), ERR_MUTED);
    fixture_pass(fx, 60000);
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), OK);
    FIXTURE_WRITE(fx, moderate_revoke(&fx->chat, &fx->arena, ana.user_id, 0, &fx->fail));
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), ERR_TOKEN_INVALID);
}

static void test_a_rooms_policy_says_who_posts(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_guest(fx, "bob"),
                 mod = fixture_moderator(fx, "8", "mod");

    fixture_sql(fx, "UPDATE room SET post_policy = 'members' WHERE slug = 'energy';"
                    "UPDATE room SET post_policy = 'moderators' WHERE slug = 'financials'");
    assert_int_equal(fixture_try(fx, &bob, "energy", "x"), ERR_FORBIDDEN);
    assert_int_equal(fixture_try(fx, &ana, "energy", "x"), OK);
    assert_int_equal(fixture_try(fx, &ana, "financials", "x"), ERR_FORBIDDEN);
    assert_int_equal(fixture_try(fx, &mod, "financials", "x"), OK);
    /* The actor still says moderator; the row counts. */
    FIXTURE_WRITE(fx,
                  moderate_set_role(&fx->chat, &fx->arena, mod.user_id, "member", 0, &fx->fail));
    assert_int_equal(fixture_try(fx, &mod, "financials", "x"), ERR_FORBIDDEN);
}

static void test_an_archived_room_takes_no_messages(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_room(fx, "energy").id;

    FIXTURE_WRITE(fx, room_update_archived(fx->chat.db, id, FIXTURE_NOW_MS, &fx->fail));
    assert_int_equal(fixture_try(fx, &ana, "energy", "x"), ERR_FORBIDDEN);
}

/* ----- how often ----- */

static void test_sixty_messages_in_a_minute_pass_and_the_next_must_wait(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_user(fx, "8", "bob");

    for (int i = 0; i < 60; i++)
        assert_int_equal(fixture_try(fx, &ana, NULL, "x"), OK);
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), ERR_RATE_LIMITED);
    assert_in_range(fx->fail.retry_after_ms, 1, 1000);
    assert_int_equal(fixture_try(fx, &bob, NULL, "x"), OK);
    fixture_pass(fx, fx->fail.retry_after_ms ? fx->fail.retry_after_ms : 1000);
    fixture_pass(fx, 1000);
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), OK);
}

static void test_slow_mode_spaces_messages_of_one_person(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_user(fx, "8", "bob"),
                 mod = fixture_moderator(fx, "9", "mod");
    int64_t id = fixture_room(fx, "energy").id;

    FIXTURE_WRITE(fx, room_update_slow(fx->chat.db, id, 30, &fx->fail));
    assert_int_equal(fixture_try(fx, &ana, "energy", "x"), OK);
    fixture_pass(fx, 10000);
    assert_int_equal(fixture_try(fx, &ana, "energy", "x"), ERR_SLOW_MODE);
    assert_int_equal(fx->fail.retry_after_ms, 20000);
    assert_int_equal(fixture_try(fx, &ana, "general", "x"), OK);
    assert_int_equal(fixture_try(fx, &bob, "energy", "x"), OK);
    assert_int_equal(fixture_try(fx, &mod, "energy", "x"), OK);
    assert_int_equal(fixture_try(fx, &mod, "energy", "x"), OK);
    fixture_pass(fx, 20000);
    assert_int_equal(fixture_try(fx, &ana, "energy", "x"), OK);
    /* The clock is set back: nobody is silenced for an hour. */
    fx->chat.clock.fake_wall_ms -= 3600000;
    assert_int_equal(fixture_try(fx, &ana, "energy", "x"), OK);
}

/* ----- the same again ----- */

static void test_a_repeated_client_id_gives_the_first_result(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_user(fx, "8", "bob");
    struct post p = {.actor = &ana, .text = "once", .client_id = "client-0001"};
    struct posted first, again;

    assert_int_equal(try(fx, &p, &first), OK);
    fixture_pass(fx, 5000);
    assert_int_equal(try(fx, &p, &again), OK);
    assert_true(again.duplicate);
    assert_int_equal(again.message.id, first.message.id);
    assert_int_equal(again.message.seq, first.message.seq);
    assert_int_equal(again.message.created_ms, first.message.created_ms);
    assert_string_equal(again.message.room_slug, "general");

    p.text = "  once\n"; /* the same once cleaned */
    p.text_len = 0;
    assert_int_equal(try(fx, &p, &again), OK);
    assert_true(again.duplicate);
    p.text = "other";
    p.text_len = 0;
    assert_int_equal(try(fx, &p, &again), ERR_CLIENT_ID_CONFLICT);
    p.text = "once";
    p.text_len = 0;
    p.room = "energy";
    assert_int_equal(try(fx, &p, &again), ERR_CLIENT_ID_CONFLICT);
    p.actor = &bob; /* another's ids are another's */
    assert_int_equal(try(fx, &p, &again), OK);
    assert_false(again.duplicate);
}

static void test_duplicates_cost_nothing(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post p = {.actor = &ana, .text = "once", .client_id = "client-0001"};
    struct posted out;

    fx->conf.rate_user_burst = 2;
    for (int i = 0; i < 10; i++)
        assert_int_equal(try(fx, &p, &out), OK);
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), OK);
    assert_int_equal(fixture_try(fx, &ana, NULL, "x"), ERR_RATE_LIMITED);
    assert_int_equal(try(fx, &p, &out), OK);
}

static void test_a_failed_post_leaves_its_batch_as_it_was(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post good = {.actor = &ana, .text = "good", .text_len = 4, .via = "ws"}, bad = good;
    struct posted out;
    int64_t head = fixture_room(fx, "general").head;

    bad.reply_to = 99;
    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    assert_int_equal(chat_post(&fx->chat, &fx->arena, &good, &out, &fx->fail), OK);
    assert_int_equal(chat_post(&fx->chat, &fx->arena, &bad, &out, &fx->fail),
                     ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(chat_post(&fx->chat, &fx->arena, &good, &out, &fx->fail), OK);
    assert_int_equal(out.message.seq, head + 2);
    assert_int_equal(db_commit(fx->chat.db, &fx->fail), OK);
    assert_int_equal(fixture_room(fx, "general").head, head + 2);
}

static void test_what_cannot_be_stored_takes_no_number(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post good = {.actor = &ana, .text = "good", .text_len = 4, .via = "ws"}, bad = good;
    struct posted out;
    int64_t checked, head = fixture_room(fx, "general").head;

    bad.text = "evil";
    fixture_sql(fx, "CREATE TRIGGER refuse BEFORE INSERT ON message WHEN new.body = 'evil'"
                    " BEGIN SELECT raise(ABORT, 'refused'); END");
    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    assert_int_equal(chat_post(&fx->chat, &fx->arena, &good, &out, &fx->fail), OK);
    assert_int_not_equal(chat_post(&fx->chat, &fx->arena, &bad, &out, &fx->fail), OK);
    assert_int_equal(chat_post(&fx->chat, &fx->arena, &good, &out, &fx->fail), OK);
    assert_int_equal(db_commit(fx->chat.db, &fx->fail), OK);
    assert_int_equal(out.message.seq, head + 2);
    assert_int_equal(event_verify(fx->chat.db, fixture_room(fx, "general").id, &checked, &fx->fail),
                     OK);
    assert_int_equal(checked, head + 2);
}

/* ----- time ----- */

static void test_a_clock_set_back_an_hour_loses_nothing(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct history_page page;
    int64_t checked, head = fixture_room(fx, "general").head;

    fixture_post(fx, &ana, NULL, "before");
    fx->chat.clock.fake_wall_ms -= 3600000;
    fixture_post(fx, &ana, NULL, "after");
    assert_int_equal(
        history_messages(&fx->chat, &fx->arena, &ana, NULL, 0, head, 50, &page, &fx->fail), OK);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.messages[0].body, "before");
    assert_string_equal(page.messages[1].body, "after");
    assert_true(page.messages[1].created_ms < page.messages[0].created_ms);
    assert_int_equal(event_verify(fx->chat.db, page.room.room.id, &checked, &fx->fail), OK);
    assert_int_equal(checked, head + 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_message_is_stored_as_written),
        TEST(test_no_room_means_the_default_room),
        TEST(test_a_client_id_is_made_where_none_is_given),
        TEST(test_seqs_are_whole_numbers_without_gaps),
        TEST(test_what_may_not_be_said_is_refused),
        TEST(test_a_message_has_a_greatest_length),
        TEST(test_a_reply_stays_in_its_room),
        TEST(test_the_anonymous_and_read_only_guests_may_not_post),
        TEST(test_sanctions_count_from_the_moment_they_are_stored),
        TEST(test_a_rooms_policy_says_who_posts),
        TEST(test_an_archived_room_takes_no_messages),
        TEST(test_sixty_messages_in_a_minute_pass_and_the_next_must_wait),
        TEST(test_slow_mode_spaces_messages_of_one_person),
        TEST(test_a_repeated_client_id_gives_the_first_result),
        TEST(test_duplicates_cost_nothing),
        TEST(test_a_failed_post_leaves_its_batch_as_it_was),
        TEST(test_what_cannot_be_stored_takes_no_number),
        TEST(test_a_clock_set_back_an_hour_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
