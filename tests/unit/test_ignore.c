/* Whom somebody ignores: no rows, no unread, no quotes, no reactions; and numbers stay whole. */
#include "tests/unit/act_fixture.h"

#include "chat/ignore.h"
#include "chat/self.h"
#include "chat/thread.h"
#include "db/reaction.h"

struct people {
    struct actor ana, ben, cleo;
};

static struct people people(struct fixture *fx)
{
    struct people p = {fixture_user(fx, "7", "ana"), fixture_user(fx, "8", "ben"),
                       fixture_user(fx, "9", "cleo")};

    fixture_post(fx, &p.ben, "energy", "so that ben is known"); /* to all who may ignore him */
    fixture_post(fx, &p.cleo, "energy", "and cleo");
    return p;
}

static enum err ignore(struct fixture *fx, const struct actor *who, int64_t id, bool on)
{
    memset(&fx->fail, 0, sizeof fx->fail);
    return ignore_set(&fx->chat, &fx->arena, who, id, on, &fx->fail);
}

static struct history_page page(struct fixture *fx, const struct actor *who, int64_t before,
                                int64_t after, size_t limit)
{
    struct history_page p;

    assert_int_equal(history_messages(&fx->chat, &fx->arena, who, "general", before, after, limit,
                                      &p, &fx->fail),
                     OK);
    return p;
}

static int64_t unread(struct fixture *fx, const struct actor *who)
{
    struct room_view v;

    assert_int_equal(rooms_find(&fx->chat, &fx->arena, who, "general", &v, &fx->fail), OK);
    return v.unread;
}

static void mark(struct fixture *fx, const struct actor *who, int64_t up_to)
{
    struct room_view v;
    bool changed;

    assert_int_equal(rooms_find(&fx->chat, &fx->arena, who, "general", &v, &fx->fail), OK);
    FIXTURE_WRITE(fx, rooms_mark_read(&fx->chat, who, &v, up_to, &changed, &fx->fail));
}

/* What a poll from `since` on brings, as one text. */
static const char *events(struct fixture *fx, const struct actor *who, int64_t since)
{
    struct history_cursor cursor = {.room = "general", .since = since};
    struct history_news news;
    const char *all = "";

    assert_int_equal(history_look(&fx->chat, &fx->arena, who, NULL, &cursor, 1, &news, &fx->fail),
                     OK);
    for (size_t i = 0; i < news.count; i++) {
        struct json_object *o = wire_event(&news.events[i], "general");
        size_t len;

        all = arena_fmt(&fx->arena, "%s%s\n", all, json_text(o, &len));
        json_object_put(o);
    }
    return all;
}

static void test_pages_are_full_without_the_ignored(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct history_page first, second;

    fx->conf.rate_user_burst = 100;
    for (int i = 0; i < 12; i++) {
        const char *text = arena_fmt(&fx->arena, "line %d", i);

        fixture_post(fx, i % 3 ? &p.ben : &p.cleo, "general", text);
    }
    assert_int_equal(page(fx, &p.ana, 0, -1, 50).count, 12);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    first = page(fx, &p.ana, 0, -1, 2);
    assert_int_equal(first.count, 2);
    assert_string_equal(first.messages[0].body, "line 6");
    assert_string_equal(first.messages[1].body, "line 9");
    assert_true(first.has_more);
    second = page(fx, &p.ana, first.messages[0].seq, -1, 2);
    assert_string_equal(second.messages[0].body, "line 0");
    assert_string_equal(second.messages[1].body, "line 3");
    assert_false(second.has_more); /* nothing older that ana would be shown */
    assert_int_equal(page(fx, &p.ana, 0, 0, 3).count, 3);
    assert_int_equal(page(fx, &p.cleo, 0, -1, 50).count, 12);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, false), OK);
    assert_int_equal(page(fx, &p.ana, 0, -1, 50).count, 12);
}

static void test_nothing_of_the_ignored_is_unread(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);

    fixture_post(fx, &p.cleo, "general", "before");
    mark(fx, &p.ana, fixture_room(fx, "general").head);
    fixture_post(fx, &p.ben, "general", "one");
    fixture_post(fx, &p.ben, "general", "two");
    fixture_post(fx, &p.cleo, "general", "three");
    assert_int_equal(unread(fx, &p.ana), 3);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    assert_int_equal(unread(fx, &p.ana), 1);
    assert_int_equal(ignore(fx, &p.ana, p.cleo.user_id, true), OK);
    assert_int_equal(unread(fx, &p.ana), 0);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, false), OK);
    assert_int_equal(unread(fx, &p.ana), 2);
}

static void test_events_of_the_ignored_are_skipped_one_by_one(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    int64_t since = fixture_room(fx, "general").head;
    struct acted out;
    int64_t bens, cleos;
    const char *told;

    bens = fixture_post(fx, &p.ben, "general", "the secret of ben").message.id;
    cleos = fixture_post(fx, &p.cleo, "general", "cleo says").message.id;
    assert_int_equal(
        act(fx, (struct act){.kind = ACT_REACT, .emoji = "🚀", .on = true}, &p.ben, cleos, &out),
        OK);
    assert_int_equal(
        act(fx, (struct act){.kind = ACT_REACT, .emoji = "🚀", .on = true}, &p.cleo, bens, &out),
        OK);
    assert_int_equal(
        act(fx,
            (struct act){.kind = ACT_EDIT, .text = "the secret, mended", .text_len = 18, .rev = 1},
            &p.ben, bens, &out),
        OK);
    assert_int_equal(remove_as(fx, &p.ben, bens), OK);
    assert_int_equal(remove_as(fx, &p.cleo, cleos), OK);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    told = events(fx, &p.ana, since);
    assert_null(strstr(told, "secret"));
    for (int i = 1; i <= 7; i++)
        assert_non_null(strstr(told, arena_fmt(&fx->arena, "\"seq\":%lld", (long long)since + i)));
    assert_non_null(strstr(told, "\"type\":\"message_deleted\""));
    assert_null(strstr(told, "\"type\":\"reaction\""));
    assert_null(strstr(events(fx, &p.cleo, since), "skip"));
}

static void test_a_quote_of_the_ignored_is_hidden(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    int64_t since = fixture_room(fx, "general").head;
    struct posted posted;
    struct post reply = {
        .actor = &p.cleo, .room = "general", .text = "indeed", .text_len = 6, .via = "api"};
    struct history_page seen;

    reply.reply_to = fixture_post(fx, &p.ben, "general", "the secret of ben").message.id;
    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &reply, &posted, &fx->fail), OK);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    seen = page(fx, &p.ana, 0, -1, 50);
    assert_int_equal(seen.count, 1);
    assert_null(seen.messages[0].quote);
    assert_true(seen.messages[0].quote_hidden);
    assert_null(strstr(events(fx, &p.ana, since), "secret"));
    assert_non_null(strstr(events(fx, &p.ana, since), "\"quote\":{\"hidden\":true}"));
    assert_non_null(page(fx, &p.cleo, 0, -1, 50).messages[1].quote);
}

static void test_reactions_are_without_the_ignored(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct acted out;
    struct message m;
    int64_t id = fixture_post(fx, &p.cleo, "general", "through 85").message.id;
    const struct act rocket = {.kind = ACT_REACT, .emoji = "🚀", .on = true};
    const struct act up = {.kind = ACT_REACT, .emoji = "👍", .on = true};

    assert_int_equal(act(fx, rocket, &p.ben, id, &out), OK);
    assert_int_equal(act(fx, up, &p.ben, id, &out), OK);
    assert_int_equal(act(fx, up, &p.cleo, id, &out), OK);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    m = page(fx, &p.ana, 0, -1, 50).messages[0];
    assert_int_equal(m.reaction_count, 1);
    assert_string_equal(m.reactions[0].emoji, "👍");
    assert_int_equal(m.reactions[0].count, 1);
    assert_int_equal(m.reactions[0].user_ids[0], p.cleo.user_id);
    assert_int_equal(page(fx, &p.cleo, 0, -1, 50).messages[0].reaction_count, 2);
}

static int64_t reply_as(struct fixture *fx, const struct actor *who, int64_t to, const char *text)
{
    const struct post p = {.actor = who,
                           .room = "general",
                           .text = text,
                           .text_len = strlen(text),
                           .via = "api",
                           .reply_to = to};
    struct posted posted;

    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &p, &posted, &fx->fail), OK);
    return posted.message.id;
}

/* What `who` is shown of the thread: its root's count on the page, the newest reply's, and the one
 * of the thread's own page must be the same. */
static int64_t replies_for(struct fixture *fx, const struct actor *who, int64_t root)
{
    struct history_page p = page(fx, who, 0, -1, 50);
    struct message *newest = &p.messages[p.count - 1];
    struct thread t;
    int64_t count = -1;

    for (size_t i = 0; i < p.count; i++)
        if (p.messages[i].id == root)
            count = p.messages[i].replies;
    assert_int_equal(newest->thread_root, root);
    assert_int_equal(newest->thread_replies, count);
    assert_int_equal(thread_messages(&fx->chat, &fx->arena, who, root, 0, -1, 50, &t, &fx->fail),
                     OK);
    assert_int_equal(t.root.replies, count);
    return count;
}

static void test_replies_of_the_ignored_are_not_counted(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    int64_t head, root, gone;

    root = fixture_post(fx, &p.ana, "general", "who is in?").message.id;
    reply_as(fx, &p.ben, root, "I am");
    gone = reply_as(fx, &p.ben, root, "or am I");
    assert_int_equal(remove_as(fx, &p.ben, gone), OK);
    reply_as(fx, &p.cleo, root, "so am I");
    assert_int_equal(replies_for(fx, &p.ana, root), 2);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    assert_int_equal(replies_for(fx, &p.ana, root), 1);
    assert_int_equal(replies_for(fx, &p.cleo, root), 2);
    head = fixture_room(fx, "general").head;
    reply_as(fx, &p.cleo, root, "at 84");
    assert_non_null(strstr(events(fx, &p.ana, head), "\"replies\":2}"));
    assert_non_null(strstr(events(fx, &p.cleo, head), "\"replies\":3}"));
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, false), OK);
    assert_int_equal(replies_for(fx, &p.ana, root), 3);
}

static void test_a_message_of_the_ignored_is_not_found(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct actor mod = fixture_moderator(fx, "3", "mod");
    int64_t id = fixture_post(fx, &p.ben, "general", "a claim").message.id;
    struct lookup_context context;
    struct room_view room;
    struct message m;
    struct pin *pins;
    struct acted out;
    size_t count;

    assert_int_equal(act(fx, (struct act){.kind = ACT_PIN, .on = true}, &mod, id, &out), OK);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    assert_int_equal(lookup_shown(&fx->chat, &fx->arena, &p.ana, id, &room, &m, &fx->fail),
                     ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(lookup_context(&fx->chat, &fx->arena, &p.ana, id, 25, &context, &fx->fail),
                     ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(
        lookup_pins(&fx->chat, &fx->arena, &p.ana, "general", &room, &pins, &count, &fx->fail), OK);
    assert_int_equal(count, 0);
    assert_int_equal(
        lookup_pins(&fx->chat, &fx->arena, &p.cleo, "general", &room, &pins, &count, &fx->fail),
        OK);
    assert_int_equal(count, 1);
    assert_int_equal(ignore(fx, &mod, p.ben.user_id, true), OK);
    assert_int_equal(remove_as(fx, &mod, id), OK); /* it does not tie a moderator's hands */
}

static void test_what_is_so_already_makes_no_event(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    const char *self = self_slug(&fx->arena, p.ana.user_id);
    int64_t head = fixture_room(fx, self).head;

    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, false), OK);
    assert_int_equal(fixture_room(fx, self).head, head);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    assert_non_null(strstr(newest(fx, self), "\"type\":\"ignored\""));
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    assert_int_equal(fixture_room(fx, self).head, head + 1);
    assert_int_equal(ignore(fx, &p.ana, p.ana.user_id, true), ERR_BAD_REQUEST);
    assert_int_equal(ignore(fx, &p.ana, 4711, true), ERR_NOT_FOUND);
    assert_int_equal(ignore(fx, &p.ben, p.ana.user_id, true), ERR_NOT_FOUND); /* never seen */
    assert_sound(fx);
}

static void test_the_list_has_an_end(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);

    fixture_sql(fx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500)"
                    " INSERT INTO user (ext_id, username, name_fold, role, first_seen_ms)"
                    " SELECT 'h:x' || i, 'x' || i, 'x' || i, 'member', 1 FROM n");
    fixture_sql(fx, arena_fmt(&fx->arena,
                              "INSERT INTO ignored_user SELECT %lld, id, 1 FROM user"
                              " WHERE ext_id LIKE 'h:x%%'",
                              (long long)p.ana.user_id));
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), ERR_BAD_REQUEST);
    fixture_sql(fx, "DELETE FROM ignored_user WHERE ignored_id ="
                    " (SELECT id FROM user WHERE ext_id = 'h:x250')");
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
    assert_int_equal(ignore(fx, &p.ana, p.ben.user_id, true), OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_pages_are_full_without_the_ignored),
        TEST(test_nothing_of_the_ignored_is_unread),
        TEST(test_events_of_the_ignored_are_skipped_one_by_one),
        TEST(test_a_quote_of_the_ignored_is_hidden),
        TEST(test_reactions_are_without_the_ignored),
        TEST(test_replies_of_the_ignored_are_not_counted),
        TEST(test_a_message_of_the_ignored_is_not_found),
        TEST(test_what_is_so_already_makes_no_event),
        TEST(test_the_list_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
