/* Several programs post at once on one database: one row per client id, no gap, nothing lost. */
#include "tests/lib/fixture.h"

#include "db/event.h"

enum { PROCESSES = 4, ROUNDS = 40 };

struct answer {
    enum err err;
    bool duplicate;
    int64_t id, seq;
};

struct shared {
    int64_t user_id;
    bool same_ids; /* all processes post the same client ids, or each its own */
    struct answer answers[PROCESSES][ROUNDS];
};

static void post_all(struct fixture *fx, struct chat *c, int number, void *memory)
{
    struct shared *s = memory;
    struct actor who = {.kind = ACTOR_USER, .user_id = s->user_id, .username = "ana"};

    for (int i = 0; i < ROUNDS; i++) {
        struct post p = {.actor = &who, .text = "at once", .text_len = 7, .via = "api"};
        struct answer *a = &s->answers[number][i];
        struct posted posted;

        p.client_id = arena_fmt(&fx->arena, "client-%d-%04d", s->same_ids ? 0 : number, i);
        a->err = chat_post_now(c, &fx->arena, &p, &posted, &fx->fail);
        a->duplicate = posted.duplicate;
        a->id = posted.message.id;
        a->seq = posted.message.seq;
    }
}

static struct shared *run(struct fixture *fx, bool same_ids)
{
    struct shared *s = fixture_shared(sizeof *s);

    s->user_id = fixture_user(fx, "7", "ana").user_id;
    s->same_ids = same_ids;
    fixture_race(fx, PROCESSES, post_all, s);
    return s;
}

static struct fixture *open_unlimited(void)
{
    return fixture_open_with("rate_user_burst = 100000\nrate_user_per_minute = 100000\n");
}

static void test_racing_programs_make_one_row_per_client_id(void **state)
{
    struct fixture *fx = open_unlimited();
    int64_t head = fixture_room(fx, "general").head;
    struct shared *s = run(fx, true);

    (void)state;
    for (int r = 0; r < ROUNDS; r++) {
        int firsts = 0;

        for (int i = 0; i < PROCESSES; i++) {
            assert_int_equal(s->answers[i][r].err, OK);
            assert_int_equal(s->answers[i][r].id, s->answers[0][r].id);
            assert_int_equal(s->answers[i][r].seq, s->answers[0][r].seq);
            firsts += !s->answers[i][r].duplicate;
        }
        assert_int_equal(firsts, 1);
    }
    assert_int_equal(fixture_room(fx, "general").head, head + ROUNDS);
    fixture_close(fx);
}

static void test_racing_programs_leave_no_gap(void **state)
{
    struct fixture *fx = open_unlimited();
    struct room before = fixture_room(fx, "general");
    struct shared *s = run(fx, false);
    bool seen[PROCESSES * ROUNDS + 1] = {false};
    int64_t checked;

    (void)state;
    for (int i = 0; i < PROCESSES; i++) {
        for (int r = 0; r < ROUNDS; r++) {
            int64_t n = s->answers[i][r].seq - before.head;

            assert_int_equal(s->answers[i][r].err, OK);
            assert_false(s->answers[i][r].duplicate);
            assert_in_range(n, 1, PROCESSES * ROUNDS);
            assert_false(seen[n]);
            seen[n] = true;
        }
    }
    assert_int_equal(event_verify(fx->chat.db, before.id, &checked, &fx->fail), OK);
    assert_int_equal(checked, before.head + PROCESSES * ROUNDS);
    fixture_close(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_racing_programs_make_one_row_per_client_id),
        cmocka_unit_test(test_racing_programs_leave_no_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
