/* Several programs post at once on one database: one row per client id, no gap, nothing lost. */
#include "tests/lib/fixture.h"

#include "db/event.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, ROUNDS = 40 };

/* What one child says of one of its posts. */
struct answer {
    enum err err;
    bool duplicate;
    int64_t id, seq;
};

/* All children post the same client ids ("shared"), or each its own. */
static void child(struct fixture *fx, const struct actor *who, int number, bool shared, int start,
                  int out)
{
    struct chat c;
    char byte;

    fixture_open_chat(fx, &c);
    if (read(start, &byte, 1) != 0) /* the parent closes it: all begin together */
        _exit(2);
    for (int i = 0; i < ROUNDS; i++) {
        char *id = arena_fmt(&fx->arena, "client-%d-%04d", shared ? 0 : number, i);
        struct post p = {
            .actor = who, .text = "at once", .text_len = 7, .client_id = id, .via = "api"};
        struct posted posted;
        struct answer a = {0};

        a.err = chat_post_now(&c, &fx->arena, &p, &posted, &fx->fail);
        a.duplicate = posted.duplicate;
        a.id = posted.message.id;
        a.seq = posted.message.seq;
        if (write(out, &a, sizeof a) != sizeof a)
            _exit(3);
    }
    chat_close(&c);
    _exit(0);
}

static void run(struct fixture *fx, const struct actor *who, bool shared,
                struct answer answers[PROCESSES][ROUNDS])
{
    int start[2], out[PROCESSES][2], status;

    /* A database connection must not cross a fork(): ours is closed meanwhile. */
    chat_close(&fx->chat);
    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(pipe(out[i]), 0);
        if (fork() == 0) {
            close(start[1]);
            child(fx, who, i + 1, shared, start[0], out[i][1]);
        }
        close(out[i][1]);
    }
    close(start[0]);
    close(start[1]);
    for (int i = 0; i < PROCESSES; i++) {
        for (int r = 0; r < ROUNDS; r++)
            assert_int_equal(read(out[i][0], &answers[i][r], sizeof answers[i][r]),
                             sizeof answers[i][r]);
        close(out[i][0]);
    }
    for (int i = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    fixture_open_chat(fx, &fx->chat);
}

static struct fixture *open_unlimited(void)
{
    return fixture_open_with("rate_user_burst = 100000\nrate_user_per_minute = 100000\n");
}

static void test_racing_programs_make_one_row_per_client_id(void **state)
{
    struct fixture *fx = open_unlimited();
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t head = fixture_room(fx, "general").head;
    static struct answer answers[PROCESSES][ROUNDS];

    (void)state;
    run(fx, &ana, true, answers);
    for (int r = 0; r < ROUNDS; r++) {
        int firsts = 0;

        for (int i = 0; i < PROCESSES; i++) {
            assert_int_equal(answers[i][r].err, OK);
            assert_int_equal(answers[i][r].id, answers[0][r].id);
            assert_int_equal(answers[i][r].seq, answers[0][r].seq);
            firsts += !answers[i][r].duplicate;
        }
        assert_int_equal(firsts, 1);
    }
    assert_int_equal(fixture_room(fx, "general").head, head + ROUNDS);
    fixture_close(fx);
}

static void test_racing_programs_leave_no_gap(void **state)
{
    struct fixture *fx = open_unlimited();
    struct actor ana = fixture_user(fx, "7", "ana");
    struct room before = fixture_room(fx, "general");
    static struct answer answers[PROCESSES][ROUNDS];
    bool seen[PROCESSES * ROUNDS + 1] = {false};
    int64_t checked;

    (void)state;
    run(fx, &ana, false, answers);
    for (int i = 0; i < PROCESSES; i++) {
        for (int r = 0; r < ROUNDS; r++) {
            int64_t n = answers[i][r].seq - before.head;

            assert_int_equal(answers[i][r].err, OK);
            assert_false(answers[i][r].duplicate);
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
