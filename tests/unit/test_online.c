/* Who is online: one entry per person, from rows that expire by themselves. */
#include "tests/lib/fixture.h"

#include "chat/online.h"

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

static enum err renew(struct fixture *fx, const struct actor *who, const char *conn, int64_t room,
                      const char *state)
{
    return online_renew(&fx->chat, who, conn, room, state, 2000, &fx->fail);
}

/* The list as "ana:active bob:idle ". */
static const char *names(struct fixture *fx, int64_t room)
{
    struct online *list;
    const char *out = "";
    size_t count;

    assert_int_equal(online_list(&fx->chat, &fx->arena, room, &list, &count, &fx->fail), OK);
    for (size_t i = 0; i < count; i++)
        out = arena_fmt(&fx->arena, "%s%s:%s ", out, list[i].username, list[i].state);
    return out;
}

static void test_each_person_is_listed_once_by_name(void **state)
{
    struct fixture *fx = *state;
    struct actor zoe = fixture_guest(fx, "Zoe"), ana = fixture_user(fx, "7", "ana"),
                 bob = fixture_user(fx, "8", "Bob"), nobody = fixture_nobody();
    int64_t general = fixture_room(fx, "general").id, energy = fixture_room(fx, "energy").id;

    assert_string_equal(names(fx, 0), "");
    assert_int_equal(renew(fx, &zoe, "conn-zoe-1", general, "active"), OK);
    assert_int_equal(renew(fx, &ana, "conn-ana-1", general, "idle"), OK);
    assert_int_equal(renew(fx, &ana, "conn-ana-2", general, "active"), OK);
    assert_int_equal(renew(fx, &ana, "conn-ana-3", energy, "idle"), OK);
    assert_int_equal(renew(fx, &bob, "conn-bob-1", 0, NULL), OK);
    assert_int_equal(renew(fx, &nobody, "conn-none-1", general, "active"), OK);
    assert_string_equal(names(fx, 0), "ana:active Bob:active Zoe:active ");
    assert_string_equal(names(fx, general), "ana:active Zoe:active ");
    assert_string_equal(names(fx, energy), "ana:idle ");
    assert_int_equal(renew(fx, &ana, "conn-ana-2", energy, "active"), OK); /* the tab moved */
    assert_string_equal(names(fx, general), "ana:idle Zoe:active ");
    assert_string_equal(names(fx, energy), "ana:active ");
}

static void test_the_invisible_are_not_listed(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t general = fixture_room(fx, "general").id;

    assert_int_equal(renew(fx, &ana, "conn-ana-1", general, "active"), OK);
    assert_int_equal(renew(fx, &ana, "conn-ana-1", general, "invisible"), OK);
    assert_string_equal(names(fx, 0), "");
}

static void test_a_vanished_page_is_gone_within_75_seconds(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    assert_int_equal(renew(fx, &ana, "conn-ana-1", 0, "active"), OK);
    fixture_pass(fx, 74000);
    assert_string_equal(names(fx, 0), "ana:active ");
    fixture_pass(fx, 1000);
    assert_string_equal(names(fx, 0), "");
    /* A slower poll is given three of its intervals. */
    assert_int_equal(online_renew(&fx->chat, &ana, "conn-ana-1", 0, "active", 30000, &fx->fail),
                     OK);
    fixture_pass(fx, 89000);
    assert_string_equal(names(fx, 0), "ana:active ");
    fixture_pass(fx, 1000);
    assert_string_equal(names(fx, 0), "");
    /* but not for ever */
    assert_int_equal(online_renew(&fx->chat, &ana, "conn-ana-1", 0, "active", INT64_MAX, &fx->fail),
                     OK);
    fixture_pass(fx, 1800000);
    assert_string_equal(names(fx, 0), "");
}

static void test_newcomers_clear_away_who_is_gone(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    bool known = true;

    assert_int_equal(renew(fx, &ana, "conn-ana-1", 0, "active"), OK);
    fixture_pass(fx, 75000);
    assert_int_equal(renew(fx, &ana, "conn-ana-2", 0, "active"), OK);
    assert_int_equal(
        presence_is_known(fx->chat.state,
                          arena_fmt(&fx->arena, "%lld:conn-ana-1", (long long)ana.user_id), &known,
                          &fx->fail),
        OK);
    assert_false(known);
}

static void test_a_reload_does_not_flicker_and_a_closed_page_goes(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    assert_int_equal(renew(fx, &ana, "conn-old-1", 0, "active"), OK);
    assert_int_equal(online_leave(&fx->chat, &ana, "conn-old-1", &fx->fail), OK);
    assert_string_equal(names(fx, 0), "ana:active ");
    fixture_pass(fx, 2000);
    assert_int_equal(renew(fx, &ana, "conn-new-1", 0, "active"), OK);
    fixture_pass(fx, 20000);
    assert_string_equal(names(fx, 0), "ana:active ");
    assert_int_equal(online_leave(&fx->chat, &ana, "conn-new-1", &fx->fail), OK);
    fixture_pass(fx, 5000);
    assert_string_equal(names(fx, 0), "");
    assert_int_equal(online_leave(&fx->chat, &ana, "conn-unknown", &fx->fail), OK);
}

static void test_nobody_moves_anothers_connection(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), eve = fixture_user(fx, "8", "eve");

    assert_int_equal(renew(fx, &ana, "conn-same-1", 0, "active"), OK);
    assert_int_equal(renew(fx, &eve, "conn-same-1", 0, "idle"), OK);
    assert_string_equal(names(fx, 0), "ana:active eve:idle ");
    assert_int_equal(online_leave(&fx->chat, &eve, "conn-same-1", &fx->fail), OK);
    fixture_pass(fx, 6000);
    assert_string_equal(names(fx, 0), "ana:active ");
}

static void test_what_is_no_connection_or_state_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    assert_int_equal(renew(fx, &ana, "short", 0, "active"), ERR_BAD_REQUEST);
    assert_int_equal(renew(fx, &ana, "with blank", 0, "active"), ERR_BAD_REQUEST);
    assert_int_equal(renew(fx, &ana, "conn-ana-1", 0, "busy"), ERR_BAD_REQUEST);
    assert_int_equal(online_leave(&fx->chat, &ana, "", &fx->fail), ERR_BAD_REQUEST);
}

static void test_wall_time_does_not_end_presence(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    assert_int_equal(renew(fx, &ana, "conn-ana-1", 0, "active"), OK);
    fx->chat.clock.fake_wall_ms += 3600000;
    assert_string_equal(names(fx, 0), "ana:active ");
    fx->chat.clock.fake_wall_ms -= 7200000;
    assert_string_equal(names(fx, 0), "ana:active ");
}

static void test_rows_of_another_boot_do_not_count(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    assert_int_equal(renew(fx, &ana, "conn-ana-1", 0, "active"), OK);
    memcpy(fx->chat.boot_id, "00000000-1111-2222-3333-444444444444", 37);
    assert_string_equal(names(fx, 0), "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_each_person_is_listed_once_by_name),
        TEST(test_the_invisible_are_not_listed),
        TEST(test_a_vanished_page_is_gone_within_75_seconds),
        TEST(test_newcomers_clear_away_who_is_gone),
        TEST(test_a_reload_does_not_flicker_and_a_closed_page_goes),
        TEST(test_nobody_moves_anothers_connection),
        TEST(test_what_is_no_connection_or_state_is_refused),
        TEST(test_wall_time_does_not_end_presence),
        TEST(test_rows_of_another_boot_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
