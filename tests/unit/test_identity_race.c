/* Several programs see somebody for the first time at once: one row, one owner of a name. */
#include "tests/lib/fixture.h"

#include <string.h>

enum { PROCESSES = 4, ROUNDS = 25 };

struct answer {
    enum err err;
    int64_t user_id;
};

/* In each round all bring a token of the same user, whom nobody has seen yet. */
static void by_same_token(struct fixture *fx, struct chat *c, int number, void *shared)
{
    struct answer(*answers)[ROUNDS] = shared;

    for (int round = 0; round < ROUNDS; round++) {
        const char *id = arena_fmt(&fx->arena, "%d", 100 + round);
        struct answer *a = &answers[number][round];
        struct actor who = {0};
        char *token;

        a->err = token_sign(&c->host_tokens, id, arena_fmt(&fx->arena, "name %d", round), NULL,
                            clock_wall_ms(&c->clock) / 1000, 300, &fx->arena, &token, &fx->fail);
        if (!a->err)
            a->err = identity_from_host_token(c, &fx->arena, token, strlen(token), &who, &fx->fail);
        a->user_id = who.user_id;
    }
}

/* In each round all want the same name, each from its own address. */
static void by_same_name(struct fixture *fx, struct chat *c, int number, void *shared)
{
    struct answer(*answers)[ROUNDS] = shared;
    const char *address = arena_fmt(&fx->arena, "192.0.2.%d", number);

    for (int round = 0; round < ROUNDS; round++) {
        const char *name = arena_fmt(&fx->arena, "trader%d", round);
        struct actor who = {0};

        answers[number][round].err =
            identity_from_name(c, &fx->arena, address, name, strlen(name), &who, &fx->fail);
    }
}

static void test_one_token_seen_by_many_makes_one_user(void **state)
{
    struct fixture *fx = fixture_open();
    struct answer(*answers)[ROUNDS] = fixture_shared(PROCESSES * sizeof *answers);

    (void)state;
    fixture_race(fx, PROCESSES, by_same_token, answers);
    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < PROCESSES; i++) {
            assert_int_equal(answers[i][r].err, OK);
            assert_int_equal(answers[i][r].user_id, answers[0][r].user_id);
        }
    }
    fixture_close(fx);
}

static void test_one_name_wanted_by_many_goes_to_one(void **state)
{
    struct fixture *fx = fixture_open();
    struct answer(*answers)[ROUNDS] = fixture_shared(PROCESSES * sizeof *answers);

    (void)state;
    fixture_race(fx, PROCESSES, by_same_name, answers);
    for (int r = 0; r < ROUNDS; r++) {
        int owners = 0;

        for (int i = 0; i < PROCESSES; i++) {
            owners += answers[i][r].err == OK;
            assert_true(answers[i][r].err == OK || answers[i][r].err == ERR_NAME_TAKEN);
        }
        assert_int_equal(owners, 1);
    }
    fixture_close(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_token_seen_by_many_makes_one_user),
        cmocka_unit_test(test_one_name_wanted_by_many_goes_to_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
