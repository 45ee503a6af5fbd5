/* What the id of a message says, and what it does not. */
#include "db/message_id.h"

#include "db/message.h"
#include "tests/unit/db_rows.h"

enum { A_TICK = 16 };

static const int64_t noon = INT64_C(1774440000000), last = INT64_C(1) << 53;

static int64_t id_at(struct fixture *fx, int64_t ts_ms)
{
    int64_t id = 0;

    assert_ok(fx, message_new_id(fx->db, ts_ms, &id, &fx->fail));
    assert_true(id > 0 && id < last);
    return id;
}

static void test_ids_follow_the_time_and_differ_within_it(void **state)
{
    struct fixture *fx = *state;
    int64_t before = id_at(fx, noon), together = id_at(fx, noon), different = 0;

    for (int i = 1; i <= 100; i++) {
        int64_t id = id_at(fx, noon + i * A_TICK);

        assert_true(id > before);
        different += id - before != 1 << 16;
        before = id;
    }
    assert_true(different > 50); /* they cannot be counted on from one to the next */
    for (int i = 0; i < 100 && together == id_at(fx, noon); i++)
        assert_true(i < 99);
}

static void test_any_time_has_ids(void **state)
{
    static const int64_t times[] = {0, -1, 1577836800000, 253402300799000, INT64_MAX / 2};
    struct fixture *fx = *state;

    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        id_at(fx, times[i]);
}

static void test_an_id_that_is_taken_is_not_given_again(void **state)
{
    struct fixture *fx = *state;
    int64_t room, ann;

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    room = add_room(fx, "general");
    ann = add_user(fx, "ann");
    /* 3,000 in one tick would meet one another in some 70 places. */
    for (int i = 0; i < 3000; i++) {
        struct message m = {.id = id_at(fx, noon),
                            .room_id = room,
                            .seq = i + 1,
                            .user_id = ann,
                            .author_name = "ann",
                            .body = "x",
                            .via = "cli"};
        char client_id[32];

        snprintf(client_id, sizeof client_id, "client-%08d", i);
        m.client_id = client_id;
        assert_ok(fx, message_insert(fx->db, &m, &fx->fail));
    }
    db_rollback(fx->db);
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_ids_follow_the_time_and_differ_within_it),
        WITH_CHAT(test_any_time_has_ids),
        WITH_CHAT(test_an_id_that_is_taken_is_not_given_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
