/* Threads: what belongs to one, how many replies it has, and reading it in pages. */
#include "tests/unit/act_fixture.h"

static int64_t say(struct fixture *fx, const struct actor *who, const char *text, int64_t reply_to)
{
    const struct post post = {.actor = who,
                              .room = "energy",
                              .text = text,
                              .text_len = strlen(text),
                              .reply_to = reply_to,
                              .via = "api"};
    struct posted posted;

    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &post, &posted, &fx->fail), OK);
    return posted.message.id;
}

static struct thread thread_of(struct fixture *fx, const struct actor *who, int64_t id,
                               int64_t before, int64_t after, size_t limit)
{
    struct thread t;

    assert_int_equal(
        thread_messages(&fx->chat, &fx->arena, who, id, before, after, limit, &t, &fx->fail), OK);
    return t;
}

/* Its messages in order, as "root one two". */
static const char *texts(struct fixture *fx, const struct thread *t)
{
    const char *text = "";

    for (size_t i = 0; i < t->page.count; i++)
        text = arena_fmt(&fx->arena, "%s%s%s", text, i ? " " : "", t->page.messages[i].body);
    return text;
}

static void test_a_reply_to_a_reply_is_of_the_same_thread(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    int64_t root = say(fx, &ana, "root", 0), one = say(fx, &ben, "one", root), two;
    struct thread t;

    say(fx, &ana, "beside", 0);
    two = say(fx, &ana, "two", one);
    say(fx, &ben, "three", two);
    t = thread_of(fx, &ben, root, 0, -1, 50);
    assert_string_equal(texts(fx, &t), "root one two three");
    assert_int_equal(t.root.replies, 3);
    assert_int_equal(row(fx, two).thread_root, root);
    assert_int_equal(row(fx, two).reply_to, one);
    t = thread_of(fx, &ben, two, 0, -1, 50); /* by whichever of it */
    assert_string_equal(texts(fx, &t), "root one two three");
    assert_int_equal(t.page.room.room.head, fixture_room(fx, "energy").head);
    assert_sound(fx);
}

static void test_a_message_that_nobody_answered_is_a_thread_of_one(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = say(fx, &ana, "alone", 0);
    struct thread t = thread_of(fx, &ana, id, 0, -1, 50);

    assert_string_equal(texts(fx, &t), "alone");
    assert_int_equal(t.root.replies, 0);
    assert_false(t.page.has_more);
}

/* What the newest event says of the thread. */
static void assert_told(struct fixture *fx, int64_t root, int replies)
{
    const char *thread =
        arena_fmt(&fx->arena, "\"thread\":{\"id\":%lld,\"replies\":%d}", (long long)root, replies);

    assert_non_null(strstr(newest(fx, "energy"), thread));
}

static void test_deleted_replies_do_not_count_and_everybody_is_told_the_count(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t root = say(fx, &ana, "root", 0), one = say(fx, &ana, "one", root);
    struct thread t;

    say(fx, &ana, "two", one);
    assert_told(fx, root, 2);
    assert_int_equal(remove_as(fx, &ana, one), OK);
    assert_told(fx, root, 1);
    assert_int_equal(remove_as(fx, &ana, one), OK); /* again: nothing changes */
    t = thread_of(fx, &ana, root, 0, -1, 50);
    assert_string_equal(texts(fx, &t), "root  two"); /* the stub stays */
    assert_int_equal(t.root.replies, 1);
    assert_int_equal(remove_as(fx, &ana, root), OK);
    t = thread_of(fx, &ana, root, 0, -1, 50);
    assert_int_equal(t.root.replies, 1);
    assert_int_equal(t.page.count, 3);
    assert_sound(fx);
}

static void test_a_thread_is_read_in_pages(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t root = say(fx, &ana, "root", 0);
    struct thread t;

    for (int i = 1; i <= 5; i++)
        say(fx, &ana, arena_fmt(&fx->arena, "%d", i), root);
    t = thread_of(fx, &ana, root, 0, -1, 2);
    assert_string_equal(texts(fx, &t), "4 5");
    assert_true(t.page.has_more);
    t = thread_of(fx, &ana, root, t.page.messages[0].seq, -1, 2);
    assert_string_equal(texts(fx, &t), "2 3");
    assert_true(t.page.has_more);
    t = thread_of(fx, &ana, root, t.page.messages[0].seq, -1, 2);
    assert_string_equal(texts(fx, &t), "root 1");
    assert_false(t.page.has_more);
    t = thread_of(fx, &ana, root, 0, 0, 2);
    assert_string_equal(texts(fx, &t), "root 1 2");
    assert_true(t.page.has_more);
    t = thread_of(fx, &ana, root, 0, t.page.messages[2].seq, 50);
    assert_string_equal(texts(fx, &t), "3 4 5");
    assert_false(t.page.has_more);
}

static void test_a_thread_that_one_may_not_see_is_one_that_does_not_exist(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), eve = fixture_user(fx, "8", "eve");
    int64_t root = say(fx, &ana, "root", 0), reply = say(fx, &ana, "one", root);
    struct thread t;

    fixture_sql(fx, "UPDATE room SET kind = 'private' WHERE slug = 'energy'");
    assert_int_equal(thread_messages(&fx->chat, &fx->arena, &eve, root, 0, -1, 50, &t, &fx->fail),
                     ERR_MESSAGE_NOT_FOUND);
    fixture_sql(fx, "UPDATE room SET kind = 'public' WHERE slug = 'energy'");
    /* Retention took the root: what answered it stands alone. */
    fixture_sql(fx, "UPDATE room SET floor = 2 WHERE slug = 'energy';"
                    "DELETE FROM message WHERE body = 'root'");
    assert_int_equal(thread_messages(&fx->chat, &fx->arena, &ana, reply, 0, -1, 50, &t, &fx->fail),
                     ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(row(fx, reply).thread_replies, -1);
    assert_int_equal(remove_as(fx, &ana, reply), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_reply_to_a_reply_is_of_the_same_thread, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_message_that_nobody_answered_is_a_thread_of_one,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_deleted_replies_do_not_count_and_everybody_is_told_the_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_thread_is_read_in_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_thread_that_one_may_not_see_is_one_that_does_not_exist, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
