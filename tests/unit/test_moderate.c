/* Sanctions and roles: the row and the event in "@me" belong together. */
#include "tests/lib/fixture.h"

#include "chat/moderate.h"
#include "chat/self.h"
#include "db/event.h"

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

static void test_each_sanction_is_an_event_for_its_person(void **state)
{
    static const char *const payloads[] = {
        "{\"act\":\"mute\",\"until\":1795338060000}",   "{\"act\":\"undo\",\"of\":\"mute\"}",
        "{\"act\":\"ban\",\"until\":1795338060000}",    "{\"act\":\"undo\",\"of\":\"ban\"}",
        "{\"act\":\"revoke\",\"until\":1795338000000}", "{\"act\":\"role\",\"value\":\"admin\"}",
    };
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), mod = fixture_moderator(fx, "8", "mod");
    int64_t until = FIXTURE_NOW_MS + 60000, id = ana.user_id, by = mod.user_id;
    struct event events[10];
    struct room own = fixture_room(fx, self_slug(&fx->arena, id));
    struct user row;
    size_t count;

    FIXTURE_WRITE(fx, moderate_mute(&fx->chat, &fx->arena, id, until, by, &fx->fail));
    assert_int_equal(fixture_row(fx, id).muted_until, until);
    FIXTURE_WRITE(fx, moderate_mute(&fx->chat, &fx->arena, id, 0, by, &fx->fail));
    FIXTURE_WRITE(fx, moderate_ban(&fx->chat, &fx->arena, id, until, by, &fx->fail));
    assert_int_equal(fixture_row(fx, id).banned_until, until);
    FIXTURE_WRITE(fx, moderate_ban(&fx->chat, &fx->arena, id, 0, by, &fx->fail));
    FIXTURE_WRITE(fx, moderate_revoke(&fx->chat, &fx->arena, id, by, &fx->fail));
    FIXTURE_WRITE(fx, moderate_set_role(&fx->chat, &fx->arena, id, "admin", by, &fx->fail));
    row = fixture_row(fx, id);
    assert_int_equal(row.muted_until, 0);
    assert_int_equal(row.banned_until, 0);
    assert_int_equal(row.tokens_valid_after, FIXTURE_NOW_MS);
    assert_string_equal(row.role, "admin");
    assert_int_equal(event_list(fx->chat.db, &fx->arena, own.id, 0, events, 10, &count, &fx->fail),
                     OK);
    assert_int_equal(count, ARRAY_LEN(payloads));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(events[i].kind, "moderation");
        assert_string_equal(events[i].payload, payloads[i]);
        assert_int_equal(events[i].target_user_id, id);
        assert_int_equal(events[i].actor_id, by);
        assert_int_equal(events[i].seq, i + 1);
    }
}

static void test_a_role_by_token_is_an_event_too(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct event events[4];
    size_t count;

    fixture_moderator(fx, "7", "ana");
    fixture_moderator(fx, "7", "ana");
    assert_int_equal(event_list(fx->chat.db, &fx->arena,
                                fixture_room(fx, self_slug(&fx->arena, ana.user_id)).id, 0, events,
                                4, &count, &fx->fail),
                     OK);
    assert_int_equal(count, 1);
    assert_string_equal(events[0].payload, "{\"act\":\"role\",\"value\":\"moderator\"}");
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_guest(fx, "bob");

    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    assert_int_equal(moderate_ban(&fx->chat, &fx->arena, 999, 1, 0, &fx->fail), ERR_NOT_FOUND);
    assert_int_equal(moderate_mute(&fx->chat, &fx->arena, 0, 1, 0, &fx->fail), ERR_NOT_FOUND);
    assert_int_equal(moderate_revoke(&fx->chat, &fx->arena, -1, 0, &fx->fail), ERR_NOT_FOUND);
    assert_int_equal(moderate_set_role(&fx->chat, &fx->arena, ana.user_id, "king", 0, &fx->fail),
                     ERR_BAD_REQUEST);
    assert_int_equal(moderate_set_role(&fx->chat, &fx->arena, ana.user_id, "guest", 0, &fx->fail),
                     ERR_BAD_REQUEST);
    assert_int_equal(
        moderate_set_role(&fx->chat, &fx->arena, bob.user_id, "moderator", 0, &fx->fail),
        ERR_BAD_REQUEST);
    db_rollback(fx->chat.db);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_each_sanction_is_an_event_for_its_person),
        TEST(test_a_role_by_token_is_an_event_too),
        TEST(test_what_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
