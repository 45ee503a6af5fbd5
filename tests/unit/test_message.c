#include "db/message.h"
#include "tests/unit/db_rows.h"

struct rows {
    int64_t room, ann, bob;
};

static struct rows begin_with_rows(struct fixture *fx)
{
    struct rows r;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    r.room = add_room(fx, "general");
    r.ann = add_user(fx, "ann");
    r.bob = add_user(fx, "bob");
    return r;
}

static void test_a_message_comes_back_as_stored(void **state)
{
    struct fixture *fx = *state;
    struct rows r = begin_with_rows(fx);
    struct message m = {.room_id = r.room,
                        .user_id = r.ann,
                        .author_name = "Ann",
                        .body = "$AAPL up 🚀",
                        .html = "<b>x</b>",
                        .sentiment = "bullish",
                        .disclosure = "holds AAPL",
                        .via = "ws",
                        .client_id = "client-0001",
                        .reply_to = 5,
                        .created_ms = 1700000000000};
    struct message got;

    assert_ok(fx, add_message(fx->db, &m, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_ok(fx, message_by_id(fx->db, &fx->arena, m.id, &got, &fx->fail));
    assert_int_equal(got.id, m.id);
    assert_int_equal(got.seq, 1);
    assert_int_equal(got.room_id, r.room);
    assert_int_equal(got.user_id, r.ann);
    assert_string_equal(got.room_slug, "general");
    assert_string_equal(got.author_name, "ann"); /* as she is called now */
    assert_string_equal(got.body, "$AAPL up 🚀");
    assert_string_equal(got.html, "<b>x</b>");
    assert_string_equal(got.sentiment, "bullish");
    assert_string_equal(got.disclosure, "holds AAPL");
    assert_string_equal(got.via, "ws");
    assert_string_equal(got.client_id, "client-0001");
    assert_int_equal(got.reply_to, 5);
    assert_int_equal(got.created_ms, 1700000000000);
    assert_int_equal(got.rev, 1);
    assert_int_equal(got.deleted_ms, 0);
    assert_memory_equal(got.salt, m.salt, MESSAGE_SALT);
}

static void test_what_is_absent_stays_absent(void **state)
{
    struct fixture *fx = *state;
    struct rows r = begin_with_rows(fx);
    struct message m = {.room_id = r.room, .user_id = r.ann, .body = "plain"}, got;

    assert_ok(fx, add_message(fx->db, &m, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_ok(fx, message_by_id(fx->db, &fx->arena, m.id, &got, &fx->fail));
    assert_null(got.html);
    assert_null(got.sentiment);
    assert_null(got.disclosure);
    assert_int_equal(got.reply_to, 0);
    assert_int_equal(got.deleted_by, 0);
    assert_err(ERR_NOT_FOUND, message_by_id(fx->db, &fx->arena, m.id ^ 1, &got, &fx->fail));
}

static void test_a_client_id_is_one_users_and_once(void **state)
{
    struct fixture *fx = *state;
    struct rows r = begin_with_rows(fx);
    struct message a = {.room_id = r.room, .user_id = r.ann, .body = "a", .client_id = "same-id-1"};
    struct message b = {.room_id = r.room, .user_id = r.bob, .body = "b", .client_id = "same-id-1"};
    struct message again = {
        .room_id = r.room, .user_id = r.ann, .body = "c", .client_id = "same-id-1"};
    struct message got;

    assert_ok(fx, add_message(fx->db, &a, &fx->fail));
    assert_ok(fx, add_message(fx->db, &b, &fx->fail));
    assert_err(ERR_EDIT_CONFLICT, add_message(fx->db, &again, &fx->fail));
    assert_ok(fx, message_by_client_id(fx->db, &fx->arena, r.bob, "same-id-1", &got, &fx->fail));
    assert_int_equal(got.id, b.id);
    assert_err(ERR_NOT_FOUND,
               message_by_client_id(fx->db, &fx->arena, r.bob, "other-id", &got, &fx->fail));
    db_rollback(fx->db);
}

static void test_a_message_needs_its_room_and_its_author(void **state)
{
    struct fixture *fx = *state;
    struct rows r = begin_with_rows(fx);
    struct message m = {.id = 5,
                        .room_id = 99,
                        .seq = 1,
                        .user_id = r.ann,
                        .author_name = "a",
                        .body = "x",
                        .via = "cli",
                        .client_id = "client-01"};

    assert_err(ERR_EDIT_CONFLICT, message_insert(fx->db, &m, &fx->fail));
    m.room_id = r.room;
    m.user_id = 99;
    assert_err(ERR_EDIT_CONFLICT, message_insert(fx->db, &m, &fx->fail));
    m.user_id = r.ann;
    assert_ok(fx, message_insert(fx->db, &m, &fx->fail));
    db_rollback(fx->db);
}

static void assert_page(struct fixture *fx, int64_t room, int64_t before, int64_t after, size_t max,
                        int64_t first, int64_t last, bool more_expected)
{
    struct message list[20];
    size_t count;
    bool more;

    assert_ok(fx, message_list(fx->db, &fx->arena, room, 0, before, after, list, max, &count, &more,
                               &fx->fail));
    assert_int_equal(more, more_expected);
    assert_int_equal(count, last < first ? 0 : last - first + 1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list[i].seq, first + (int64_t)i);
}

static void test_pages_go_both_ways_oldest_first(void **state)
{
    struct fixture *fx = *state;
    struct rows r = begin_with_rows(fx);
    int64_t other = add_room(fx, "energy");

    for (int i = 0; i < 10; i++) {
        assert_true(post(fx->db, r.room, r.ann, "x", &fx->fail) > 0);
        assert_true(post(fx->db, other, r.ann, "y", &fx->fail) > 0);
    }
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_page(fx, r.room, 0, -1, 4, 7, 10, true); /* the newest */
    assert_page(fx, r.room, 7, -1, 4, 3, 6, true);
    assert_page(fx, r.room, 3, -1, 4, 1, 2, false);
    assert_page(fx, r.room, 1, -1, 4, 1, 0, false);
    assert_page(fx, r.room, 0, -1, 10, 1, 10, false); /* exactly all */
    assert_page(fx, r.room, 0, 0, 4, 1, 4, true);     /* from the beginning */
    assert_page(fx, r.room, 0, 6, 4, 7, 10, false);
    assert_page(fx, r.room, 0, 10, 4, 1, 0, false);
    assert_page(fx, 99, 0, -1, 4, 1, 0, false);
}

static void test_the_newest_time_of_a_user_in_a_room(void **state)
{
    struct fixture *fx = *state;
    struct rows r = begin_with_rows(fx);
    int64_t other = add_room(fx, "energy"), ms = -1;
    struct message first = {.room_id = r.room, .user_id = r.ann, .body = "x", .created_ms = 100};
    /* The clock went back meanwhile: the newest is the last in order, not in time. */
    struct message second = {.room_id = r.room, .user_id = r.ann, .body = "x", .created_ms = 50};
    struct message elsewhere = {.room_id = other, .user_id = r.ann, .body = "x", .created_ms = 900};
    struct message of_bob = {.room_id = r.room, .user_id = r.bob, .body = "x", .created_ms = 800};

    assert_ok(fx, message_last_by_user(fx->db, r.room, r.ann, &ms, &fx->fail));
    assert_int_equal(ms, 0);
    assert_ok(fx, add_message(fx->db, &first, &fx->fail));
    assert_ok(fx, add_message(fx->db, &second, &fx->fail));
    assert_ok(fx, add_message(fx->db, &elsewhere, &fx->fail));
    assert_ok(fx, add_message(fx->db, &of_bob, &fx->fail));
    assert_ok(fx, message_last_by_user(fx->db, r.room, r.ann, &ms, &fx->fail));
    assert_int_equal(ms, 50);
    db_rollback(fx->db);
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_a_message_comes_back_as_stored),
        WITH_CHAT(test_what_is_absent_stays_absent),
        WITH_CHAT(test_a_client_id_is_one_users_and_once),
        WITH_CHAT(test_a_message_needs_its_room_and_its_author),
        WITH_CHAT(test_pages_go_both_ways_oldest_first),
        WITH_CHAT(test_the_newest_time_of_a_user_in_a_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
