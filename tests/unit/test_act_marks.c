/* Reactions and pins: what people put on a message. */
#include "tests/unit/act_fixture.h"

#include "db/pin.h"
#include "db/reaction.h"

/* ----- react ----- */

static enum err react(struct fixture *fx, const struct actor *who, int64_t id, const char *emoji,
                      bool on, struct acted *out)
{
    return act(fx, (struct act){.kind = ACT_REACT, .emoji = emoji, .on = on}, who, id, out);
}

static void test_a_reaction_is_counted_once_for_each_person(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), gil = fixture_guest(fx, "gil");
    int64_t id = fixture_post(fx, &ana, "energy", "up").message.id, head;
    struct acted out;

    assert_int_equal(react(fx, &ana, id, "👍", true, &out), OK);
    assert_int_equal(react(fx, &gil, id, "👍", true, &out), OK);
    assert_int_equal(out.message.reactions[0].count, 2);
    head = fixture_room(fx, "energy").head;
    assert_int_equal(react(fx, &gil, id, "👍", true, &out), OK);
    assert_int_equal(react(fx, &gil, id, "🚀", false, &out), OK);
    assert_int_equal(fixture_room(fx, "energy").head, head); /* nothing changed, nothing is told */
    assert_int_equal(react(fx, &gil, id, "🚀", true, &out), OK);
    assert_int_equal(react(fx, &ana, id, "👍", false, &out), OK);
    assert_int_equal(row(fx, id).reaction_count, 2);
    assert_string_equal(row(fx, id).reactions[0].emoji, "👍");
    assert_int_equal(row(fx, id).reactions[0].count, 1);
    assert_int_equal(row(fx, id).reactions[0].user_ids[0], gil.user_id);
    assert_non_null(strstr(newest(fx, "energy"), "\"emoji\":\"👍\",\"on\":false"));
    assert_sound(fx);
}

static void test_the_same_emoji_in_another_spelling_is_the_same(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    int64_t id = fixture_post(fx, &ana, NULL, "up").message.id;
    struct acted out;

    assert_int_equal(react(fx, &ana, id, "\xe2\x9d\xa4\xef\xb8\x8f", true, &out), OK);
    assert_int_equal(react(fx, &ben, id, "\xe2\x9d\xa4", true, &out), OK);
    assert_int_equal(row(fx, id).reaction_count, 1);
    assert_int_equal(row(fx, id).reactions[0].count, 2);
}

static void test_what_is_no_emoji_is_no_reaction(void **state)
{
    static const char *const bad[] = {"", "x", "👍👍", "buy", "\"", "\xff", "1"};
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, NULL, "up").message.id;
    struct acted out;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(react(fx, &ana, id, bad[i], true, &out), ERR_BAD_REQUEST);
    assert_int_equal(react(fx, &ana, id, NULL, true, &out), ERR_BAD_REQUEST);
}

static void test_a_message_has_at_most_20_different_reactions(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, NULL, "up").message.id;
    struct acted out;

    for (int i = 0; i < 20; i++) {
        const char emoji[] = {'\xf0', '\x9f', '\x98', (char)(0x80 + i), '\0'};

        assert_int_equal(react(fx, &ana, id, emoji, true, &out), OK);
    }
    assert_int_equal(react(fx, &ana, id, "🚀", true, &out), ERR_FORBIDDEN);
    assert_int_equal(react(fx, &ana, id, "\xf0\x9f\x98\x80", false, &out), OK);
    assert_int_equal(react(fx, &ana, id, "🚀", true, &out), OK);
    assert_string_equal(out.message.reactions[19].emoji, "🚀");
}

static void test_reactions_go_with_their_message(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    int64_t id = fixture_post(fx, &ana, NULL, "up").message.id;
    struct acted out;

    assert_int_equal(react(fx, &ben, id, "👍", true, &out), OK);
    assert_int_equal(remove_as(fx, &ana, id), OK);
    assert_int_equal(row(fx, id).reaction_count, 0);
    assert_int_equal(react(fx, &ben, id, "👍", true, &out), ERR_MESSAGE_NOT_FOUND);
    assert_sound(fx);
}

static void test_miscounted_reactions_are_noticed(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, NULL, "up").message.id;
    struct verify_total total;
    struct acted out;

    assert_int_equal(react(fx, &ana, id, "👍", true, &out), OK);
    fixture_sql(fx, "UPDATE reaction_count SET count = 7");
    assert_int_equal(verify_database(fx->chat.db, NULL, NULL, &total, &fx->fail), OK);
    assert_int_equal(total.problems, 1);
}

/* ----- pin ----- */

static enum err pin(struct fixture *fx, const struct actor *who, int64_t id, bool on,
                    struct acted *out)
{
    return act(fx, (struct act){.kind = ACT_PIN, .on = on}, who, id, out);
}

static size_t pins(struct fixture *fx, const char *room, struct pin **list)
{
    struct actor nobody = fixture_nobody();
    struct room_view view;
    size_t count;

    assert_int_equal(
        lookup_pins(&fx->chat, &fx->arena, &nobody, room, &view, list, &count, &fx->fail), OK);
    return count;
}

static void test_pins_are_for_moderators_and_the_rooms_owner(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben"),
                 mod = fixture_moderator(fx, "9", "mod");
    int64_t first = fixture_post(fx, &ana, "energy", "one").message.id;
    int64_t second = fixture_post(fx, &ana, "energy", "two").message.id;
    struct acted out;
    struct pin *list;

    assert_int_equal(pin(fx, &ana, first, true, &out), ERR_FORBIDDEN);
    assert_int_equal(pin(fx, &mod, first, true, &out), OK);
    assert_true(out.seq > 0);
    assert_int_equal(pin(fx, &mod, first, true, &out), OK);
    assert_int_equal(out.seq, 0);
    fixture_sql(fx, arena_fmt(&fx->arena, "UPDATE room SET owner_id = %lld WHERE slug = 'energy'",
                              (long long)ben.user_id));
    assert_int_equal(pin(fx, &ben, second, true, &out), OK);
    assert_int_equal(pins(fx, "energy", &list), 2);
    assert_string_equal(list[0].body, "two"); /* the newest pin first */
    assert_int_equal(list[1].pinned_by, mod.user_id);
    assert_int_equal(pin(fx, &ben, first, false, &out), OK);
    assert_int_equal(pins(fx, "energy", &list), 1);
    assert_int_equal(remove_as(fx, &ana, second), OK);
    assert_int_equal(pins(fx, "energy", &list), 0);
    assert_int_equal(pin(fx, &mod, second, true, &out), ERR_MESSAGE_NOT_FOUND);
    assert_sound(fx);
}

static void test_a_room_has_at_most_50_pins(void **state)
{
    struct fixture *fx = *state;
    struct actor mod = fixture_moderator(fx, "9", "mod");
    struct acted out;
    int64_t id = 0;

    fx->conf.rate_user_burst = 200;
    for (int i = 0; i <= 50; i++) {
        id = fixture_post(fx, &mod, NULL, "x").message.id;
        assert_int_equal(pin(fx, &mod, id, true, &out), i < 50 ? OK : ERR_FORBIDDEN);
    }
    assert_int_equal(pin(fx, &mod, id, false, &out), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_a_reaction_is_counted_once_for_each_person),
        TEST(test_the_same_emoji_in_another_spelling_is_the_same),
        TEST(test_what_is_no_emoji_is_no_reaction),
        TEST(test_a_message_has_at_most_20_different_reactions),
        TEST(test_reactions_go_with_their_message),
        TEST(test_miscounted_reactions_are_noticed),
        TEST(test_pins_are_for_moderators_and_the_rooms_owner),
        TEST(test_a_room_has_at_most_50_pins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
