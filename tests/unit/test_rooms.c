/* Which rooms there are for whom, read marks, and what `outcry init` makes. */
#include "tests/lib/fixture.h"

#include "chat/open_room.h"
#include "chat/rooms.h"
#include "chat/self.h"
#include "db/event.h"
#include "db/member.h"

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

static enum err find(struct fixture *fx, const struct actor *who, const char *slug,
                     struct room_view *out)
{
    return rooms_find(&fx->chat, &fx->arena, who, slug, out, &fx->fail);
}

static void test_init_makes_the_rooms_of_the_configuration_once(void **state)
{
    struct fixture *fx = *state;
    struct actor nobody = fixture_nobody();
    struct room_view *list = arena_alloc(&fx->arena, ROOMS_MAX * sizeof *list);
    const char *epoch, *again;
    size_t count;
    int created = -1;

    assert_int_equal(db_epoch(fx->chat.db, &fx->arena, &epoch, &fx->fail), OK);
    assert_int_equal(strlen(epoch), 32);
    FIXTURE_WRITE(fx, rooms_init(&fx->chat, &fx->arena, &created, &fx->fail));
    assert_int_equal(created, 0);
    assert_int_equal(db_epoch(fx->chat.db, &fx->arena, &again, &fx->fail), OK);
    assert_string_equal(epoch, again);
    assert_int_equal(rooms_list(&fx->chat, &fx->arena, &nobody, list, &count, &fx->fail), OK);
    assert_int_equal(count, 12);
    assert_string_equal(list[0].room.slug, "general");
    assert_string_equal(list[4].room.slug, "consumer-discretionary");
    assert_string_equal(list[4].room.title, "Consumer Discretionary");
    assert_string_equal(list[11].room.slug, "real-estate");
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list[i].room.head, 1); /* its "created" */
}

static void test_a_room_is_found_by_its_slug_alone(void **state)
{
    static const struct {
        const char *slug, *found; /* NULL: it is not */
    } cases[] = {
        {NULL, "general"}, {"", "general"}, {"energy", "energy"}, {"Energy", NULL},
        {"energy ", NULL}, {"none", NULL},  {"@1", NULL},         {"@", NULL},
        {"@me ", NULL},    {"a/b", NULL},
    };
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct room_view v;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum err e = find(fx, &ana, cases[i].slug, &v);

        assert_int_equal(e, cases[i].found ? OK : ERR_ROOM_NOT_FOUND);
        if (!e)
            assert_string_equal(v.room.slug, cases[i].found);
    }
}

static void test_me_is_ones_own_log(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_guest(fx, "bob"),
                 nobody = fixture_nobody();
    struct room_view a, b;

    assert_int_equal(find(fx, &ana, "@me", &a), OK);
    assert_int_equal(find(fx, &bob, "@me", &b), OK);
    assert_int_not_equal(a.room.id, b.room.id);
    assert_string_equal(rooms_wire_name(&a.room), "@me");
    assert_string_equal(a.room.slug, self_slug(&fx->arena, ana.user_id));
    assert_int_equal(find(fx, &nobody, "@me", &a), ERR_ROOM_NOT_FOUND);
}

static void test_a_room_of_others_does_not_exist(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_user(fx, "8", "bob");
    struct room secret = {.slug = "desk",
                          .kind = "private",
                          .title = "Desk",
                          .topic = "",
                          .post_policy = "all",
                          .created_ms = FIXTURE_NOW_MS};
    struct room_view v;
    bool changed;

    FIXTURE_WRITE(fx, room_insert(fx->chat.db, &secret, &fx->fail));
    FIXTURE_WRITE(fx,
                  member_insert(fx->chat.db, &secret, ana.user_id, 0, FIXTURE_NOW_MS, &fx->fail));
    FIXTURE_WRITE(fx, room_mark_read(fx->chat.db, secret.id, bob.user_id, 0, &changed, &fx->fail));
    assert_false(changed); /* a mark makes no member */
    assert_int_equal(find(fx, &ana, "desk", &v), OK);
    assert_int_equal(fixture_try(fx, &ana, "desk", "x"), OK);
    assert_int_equal(find(fx, &bob, "desk", &v), ERR_ROOM_NOT_FOUND);
    assert_int_equal(fixture_try(fx, &bob, "desk", "x"), ERR_ROOM_NOT_FOUND);
}

static void test_a_read_mark_only_rises(void **state)
{
    static const struct {
        int64_t up_to, mark, unread;
        bool changed;
    } steps[] = {
        {2, 2, 4, true}, {2, 2, 4, false}, {1, 2, 4, false}, {4, 4, 2, true}, {99, 6, 0, true},
    };
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_user(fx, "8", "bob"),
                 nobody = fixture_nobody();
    struct room_view v;
    bool changed;

    for (int i = 0; i < 5; i++)
        fixture_post(fx, &bob, NULL, "x"); /* after "created": seq 2 … 6 */
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        assert_int_equal(find(fx, &ana, NULL, &v), OK);
        FIXTURE_WRITE(fx,
                      rooms_mark_read(&fx->chat, &ana, &v, steps[i].up_to, &changed, &fx->fail));
        assert_int_equal(changed, steps[i].changed);
        assert_int_equal(find(fx, &ana, NULL, &v), OK);
        assert_int_equal(v.last_read_seq, steps[i].mark);
        assert_int_equal(v.unread, steps[i].unread);
    }
    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    assert_int_equal(rooms_mark_read(&fx->chat, &ana, &v, -1, &changed, &fx->fail),
                     ERR_BAD_REQUEST);
    assert_int_equal(rooms_mark_read(&fx->chat, &nobody, &v, 1, &changed, &fx->fail),
                     ERR_AUTH_REQUIRED);
    db_rollback(fx->chat.db);
}

static void test_ones_own_messages_are_not_unread(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_user(fx, "8", "bob");
    struct room_view v;
    bool changed;

    assert_int_equal(find(fx, &ana, NULL, &v), OK);
    FIXTURE_WRITE(fx, rooms_mark_read(&fx->chat, &ana, &v, v.room.head, &changed, &fx->fail));
    fixture_post(fx, &ana, NULL, "mine");
    fixture_post(fx, &bob, NULL, "theirs");
    assert_int_equal(find(fx, &ana, NULL, &v), OK);
    assert_int_equal(v.unread, 1);
}

static void test_making_a_room_is_an_event(void **state)
{
    static const struct {
        const char *slug, *title;
        enum err err;
    } cases[] = {
        {"desk-1", "Desk one", OK},          {"desk-1", "Desk one", ERR_NAME_TAKEN},
        {"Desk", "Desk", ERR_BAD_REQUEST},   {"@me", "Me", ERR_BAD_REQUEST},
        {"-desk", "Desk", ERR_BAD_REQUEST},  {"desk-2", " ", ERR_BAD_REQUEST},
        {"desk-2", "a\nb", ERR_BAD_REQUEST}, {"desk-2", "\xff", ERR_BAD_REQUEST},
    };
    struct fixture *fx = *state;
    struct actor mod = fixture_moderator(fx, "7", "mod");
    struct event events[4];
    struct room r;
    size_t count;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
        assert_int_equal(rooms_create(&fx->chat, &fx->arena, cases[i].slug, cases[i].title, 20,
                                      mod.user_id, &r, &fx->fail),
                         cases[i].err);
        if (cases[i].err)
            db_rollback(fx->chat.db);
        else
            assert_int_equal(db_commit(fx->chat.db, &fx->fail), OK);
    }
    r = fixture_room(fx, "desk-1");
    FIXTURE_WRITE(fx, rooms_set_topic(&fx->chat, &r, " All of it \n", mod.user_id, &fx->fail));
    assert_string_equal(fixture_room(fx, "desk-1").topic, "All of it");
    assert_int_equal(event_list(fx->chat.db, &fx->arena, r.id, 0, events, 4, &count, &fx->fail),
                     OK);
    assert_int_equal(count, 2);
    assert_string_equal(events[0].kind, "room");
    assert_string_equal(events[0].payload, "{\"change\":\"created\"}");
    assert_string_equal(events[1].payload, "{\"change\":\"topic\"}");
    assert_int_equal(events[1].actor_id, mod.user_id);
}

/* What is out of the list for somebody; `list` has it. */
static size_t away(struct fixture *fx, const struct actor *who, struct room_view *list)
{
    size_t count = 0;

    assert_int_equal(
        rooms_list_away(&fx->chat, &fx->arena, who, list, ROOMS_MAX, &count, &fx->fail), OK);
    return count;
}

static void test_an_archived_room_is_listed_apart_and_comes_back(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct room_view *list = arena_alloc(&fx->arena, ROOMS_MAX * sizeof *list);
    struct room r = fixture_room(fx, "energy");
    struct actor nobody = fixture_nobody();
    size_t count;

    assert_int_equal(away(fx, &ana, list), 0);
    FIXTURE_WRITE(fx, rooms_set_archived(&fx->chat, &r, true, 0, &fx->fail));
    assert_int_equal(away(fx, &nobody, list), 1);
    assert_int_equal(away(fx, &ana, list), 1);
    assert_string_equal(list[0].room.slug, "energy");
    assert_int_equal(rooms_list(&fx->chat, &fx->arena, &ana, list, &count, &fx->fail), OK);
    assert_int_equal(count, 11);
    assert_int_equal(fixture_try(fx, &ana, "energy", "x"), ERR_FORBIDDEN);
    FIXTURE_WRITE(fx, rooms_set_archived(&fx->chat, &r, false, 0, &fx->fail));
    assert_int_equal(away(fx, &ana, list), 0);
    assert_int_equal(rooms_list(&fx->chat, &fx->arena, &ana, list, &count, &fx->fail), OK);
    assert_int_equal(count, 12);
    assert_int_equal(fixture_post(fx, &ana, "energy", "x").message.seq, 4);
}

static void test_an_archived_private_room_is_there_for_its_members_alone(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct room_view *list = arena_alloc(&fx->arena, ROOMS_MAX * sizeof *list);
    struct room r;

    FIXTURE_WRITE(fx, open_private(&fx->chat, &fx->arena, &ana, "Desk", NULL, &r, &fx->fail));
    assert_int_equal(away(fx, &ana, list), 0);
    FIXTURE_WRITE(fx, rooms_set_archived(&fx->chat, &r, true, 0, &fx->fail));
    assert_int_equal(away(fx, &ana, list), 1);
    assert_string_equal(list[0].room.title, "Desk");
    assert_int_equal(away(fx, &ben, list), 0);
}

static void test_slow_mode_is_set_within_bounds(void **state)
{
    struct fixture *fx = *state;
    struct room r = fixture_room(fx, "energy");

    FIXTURE_WRITE(fx, rooms_set_slow(&fx->chat, &fx->arena, &r, 86400, 0, &fx->fail));
    assert_int_equal(fixture_room(fx, "energy").slow_s, 86400);
    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    assert_int_equal(rooms_set_slow(&fx->chat, &fx->arena, &r, 86401, 0, &fx->fail),
                     ERR_BAD_REQUEST);
    assert_int_equal(rooms_set_slow(&fx->chat, &fx->arena, &r, -1, 0, &fx->fail), ERR_BAD_REQUEST);
    db_rollback(fx->chat.db);
    assert_int_equal(fixture_room(fx, "energy").head, 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_init_makes_the_rooms_of_the_configuration_once),
        TEST(test_a_room_is_found_by_its_slug_alone),
        TEST(test_me_is_ones_own_log),
        TEST(test_a_room_of_others_does_not_exist),
        TEST(test_a_read_mark_only_rises),
        TEST(test_ones_own_messages_are_not_unread),
        TEST(test_making_a_room_is_an_event),
        TEST(test_an_archived_room_is_listed_apart_and_comes_back),
        TEST(test_an_archived_private_room_is_there_for_its_members_alone),
        TEST(test_slow_mode_is_set_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
