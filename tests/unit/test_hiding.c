/* A conversation that somebody hides: gone from their own list alone, with nothing unread, until
 * somebody says something in it or they go to its person. */
#include "tests/lib/fixture.h"

#include "chat/ignore.h"
#include "chat/open_room.h"
#include "chat/room_settings.h"
#include "db/event.h"

#include <string.h>

struct cast {
    struct fixture *fx;
    struct actor ana, ben;
    struct room talk; /* of the two */
};

static void meet(struct cast *c, const struct actor *who, const struct actor *other)
{
    struct fixture *fx = c->fx;
    bool made;

    FIXTURE_WRITE(fx, open_direct(&fx->chat, &fx->arena, who, &other->user_id, 1, NULL, &c->talk,
                                  &made, &fx->fail));
}

static int setup(void **state)
{
    struct cast *c = test_calloc(1, sizeof *c);
    struct fixture *fx = c->fx = fixture_open();

    c->ana = fixture_user(fx, "7", "ana");
    c->ben = fixture_user(fx, "8", "ben");
    fixture_post(fx, &c->ben, NULL, "here");
    meet(c, &c->ana, &c->ben);
    fixture_post(fx, &c->ben, c->talk.slug, "hello");
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct cast *c = *state;

    fixture_close(c->fx);
    test_free(c);
    return 0;
}

static enum err try_hide(struct cast *c, const struct actor *who, const char *room, int64_t up_to)
{
    struct fixture *fx = c->fx;
    enum err e;

    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    e = room_settings_hide(&fx->chat, &fx->arena, who, room, up_to, &fx->fail);
    if (e)
        db_rollback(fx->chat.db);
    else
        assert_int_equal(db_commit(fx->chat.db, &fx->fail), OK);
    return e;
}

static void hide(struct cast *c, const struct actor *who)
{
    assert_int_equal(try_hide(c, who, c->talk.slug, -1), OK);
}

static struct room_view seen(struct cast *c, const struct actor *who, const char *room)
{
    struct room_view v;

    assert_int_equal(rooms_find(&c->fx->chat, &c->fx->arena, who, room, &v, &c->fx->fail), OK);
    return v;
}

/* Whether it is in the list, and not in the other one, or the other way round. */
static bool is_listed(struct cast *c, const struct actor *who)
{
    struct room_view list[ROOMS_MAX], away[ROOMS_MAX];
    size_t count = 0, away_count = 0;
    bool listed = false;

    assert_int_equal(rooms_list(&c->fx->chat, &c->fx->arena, who, list, &count, &c->fx->fail), OK);
    assert_int_equal(rooms_list_away(&c->fx->chat, &c->fx->arena, who, away, ROOMS_MAX, &away_count,
                                     &c->fx->fail),
                     OK);
    for (size_t i = 0; i < count; i++)
        listed = listed || list[i].room.id == c->talk.id;
    assert_int_equal(away_count, !listed);
    if (!listed)
        assert_int_equal(away[0].room.id, c->talk.id);
    return listed;
}

/* The newest event of somebody's own log. */
static const char *newest_of(struct cast *c, const struct actor *who)
{
    struct room_view self = seen(c, who, "@me");
    struct event e;
    size_t count = 0;

    assert_int_equal(event_list(c->fx->chat.db, &c->fx->arena, self.room.id, self.room.head - 1, &e,
                                1, &count, &c->fx->fail),
                     OK);
    return e.payload;
}

static void test_it_leaves_the_list_of_who_hides_it_alone_and_is_read(void **state)
{
    struct cast *c = *state;
    struct room_view v;

    assert_int_equal(seen(c, &c->ana, c->talk.slug).unread, 1);
    hide(c, &c->ana);
    assert_false(is_listed(c, &c->ana));
    assert_true(is_listed(c, &c->ben));
    v = seen(c, &c->ana, c->talk.slug);
    assert_true(v.hidden);
    assert_int_equal(v.unread, 0);
    assert_non_null(strstr(newest_of(c, &c->ana), "\"hidden\""));
}

static void test_hiding_it_again_is_no_news(void **state)
{
    struct cast *c = *state;
    int64_t head;

    hide(c, &c->ana);
    head = seen(c, &c->ana, "@me").room.head;
    hide(c, &c->ana);
    assert_int_equal(seen(c, &c->ana, "@me").room.head, head);
}

static void test_the_next_message_of_either_brings_it_back(void **state)
{
    struct cast *c = *state;
    const struct actor *who[] = {&c->ben, &c->ana};

    for (size_t i = 0; i < ARRAY_LEN(who); i++) {
        hide(c, &c->ana);
        fixture_post(c->fx, who[i], c->talk.slug, "one more thing");
        assert_true(is_listed(c, &c->ana));
        assert_int_equal(seen(c, &c->ana, c->talk.slug).unread, who[i] == &c->ben);
    }
}

static void test_going_to_its_person_brings_it_back(void **state)
{
    struct cast *c = *state;

    hide(c, &c->ana);
    meet(c, &c->ben, &c->ana);
    assert_false(is_listed(c, &c->ana)); /* the other one's doing */
    meet(c, &c->ana, &c->ben);
    assert_true(is_listed(c, &c->ana));
    assert_non_null(strstr(newest_of(c, &c->ana), "\"shown\""));
}

static void test_what_was_said_since_one_looked_keeps_it_in_the_list(void **state)
{
    struct cast *c = *state;
    int64_t looked = seen(c, &c->ana, c->talk.slug).room.head;

    fixture_post(c->fx, &c->ben, c->talk.slug, "wait");
    assert_int_equal(try_hide(c, &c->ana, c->talk.slug, looked), OK);
    assert_true(is_listed(c, &c->ana));
    assert_int_equal(seen(c, &c->ana, c->talk.slug).unread, 1);
}

static void test_whom_one_ignores_does_not_bring_it_back(void **state)
{
    struct cast *c = *state;
    struct fixture *fx = c->fx;

    assert_int_equal(ignore_set(&fx->chat, &fx->arena, &c->ana, c->ben.user_id, true, &fx->fail),
                     OK);
    hide(c, &c->ana);
    fixture_post(fx, &c->ben, c->talk.slug, "are you there?");
    assert_false(is_listed(c, &c->ana));
    assert_int_equal(seen(c, &c->ana, c->talk.slug).unread, 0);
}

static void test_rooms_are_not_hidden_nor_what_is_nobody_s_business(void **state)
{
    struct cast *c = *state;
    struct actor eve = fixture_user(c->fx, "9", "eve");

    assert_int_equal(try_hide(c, &c->ana, "general", -1), ERR_FORBIDDEN);
    assert_int_equal(try_hide(c, &eve, c->talk.slug, -1), ERR_ROOM_NOT_FOUND);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_leaves_the_list_of_who_hides_it_alone_and_is_read),
        TEST(test_hiding_it_again_is_no_news),
        TEST(test_the_next_message_of_either_brings_it_back),
        TEST(test_going_to_its_person_brings_it_back),
        TEST(test_what_was_said_since_one_looked_keeps_it_in_the_list),
        TEST(test_whom_one_ignores_does_not_bring_it_back),
        TEST(test_rooms_are_not_hidden_nor_what_is_nobody_s_business),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
