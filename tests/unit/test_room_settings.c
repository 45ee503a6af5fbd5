/* What is changed about a room: by whom, and that each change is an event; and muting, which is
 * each person's own. */
#include "tests/lib/fixture.h"

#include "chat/members.h"
#include "chat/open_room.h"
#include "chat/room_settings.h"
#include "db/event.h"

#include <string.h>

#define NO_CHANGE .slow_s = -1, .archived = -1

struct cast {
    struct fixture *fx;
    struct actor ana, ben, mod;
    struct room desk; /* ana's, ben is in it */
};

static int setup(void **state)
{
    struct cast *c = test_calloc(1, sizeof *c);
    struct fixture *fx = c->fx = fixture_open();
    struct room_view v;

    c->ana = fixture_user(fx, "7", "ana");
    c->ben = fixture_user(fx, "8", "ben");
    c->mod = fixture_moderator(fx, "9", "mod");
    fixture_post(fx, &c->ben, NULL, "here");
    FIXTURE_WRITE(fx,
                  open_private(&fx->chat, &fx->arena, &c->ana, "Desk", NULL, &c->desk, &fx->fail));
    FIXTURE_WRITE(fx, members_invite(&fx->chat, &fx->arena, &c->ana, c->desk.slug, c->ben.user_id,
                                     NULL, &fx->fail));
    FIXTURE_WRITE(fx, members_join(&fx->chat, &fx->arena, &c->ben, c->desk.slug, &v, &fx->fail));
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

static enum err change(struct cast *c, const struct actor *who, const char *room,
                       struct room_change change)
{
    struct fixture *fx = c->fx;
    enum err e;

    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    e = room_settings_change(&fx->chat, &fx->arena, who, room, &change, &fx->fail);
    if (e)
        db_rollback(fx->chat.db);
    else
        assert_int_equal(db_commit(fx->chat.db, &fx->fail), OK);
    return e;
}

/* The payloads of a room's events behind `since`, one behind the other. */
static const char *told(struct cast *c, const char *room, int64_t since)
{
    struct fixture *fx = c->fx;
    struct event events[16];
    size_t count = 0;
    const char *all = "";

    assert_int_equal(event_list(fx->chat.db, &fx->arena, fixture_room(fx, room).id, since, events,
                                16, &count, &fx->fail),
                     OK);
    for (size_t i = 0; i < count; i++)
        all = arena_fmt(&fx->arena, "%s%s", all, events[i].payload);
    return all;
}

static void test_an_owner_changes_everything_at_once_and_each_is_told(void **state)
{
    struct cast *c = *state;
    int64_t head = fixture_room(c->fx, c->desk.slug).head;
    const struct room_change all = {.title = "Block desk",
                                    .topic = "Blocks only",
                                    .post_policy = "members",
                                    .invite_policy = "owner",
                                    .slow_s = 5,
                                    .archived = 1};
    struct room r;

    assert_int_equal(change(c, &c->ana, c->desk.slug, all), OK);
    r = fixture_room(c->fx, c->desk.slug);
    assert_string_equal(r.title, "Block desk");
    assert_string_equal(r.topic, "Blocks only");
    assert_string_equal(r.post_policy, "members");
    assert_string_equal(r.invite_policy, "owner");
    assert_int_equal(r.slow_s, 5);
    assert_true(r.archived_ms > 0);
    assert_int_equal(r.owner_id, c->ana.user_id);
    assert_string_equal(told(c, c->desk.slug, head),
                        "{\"change\":\"title\"}{\"change\":\"policy\"}{\"change\":\"topic\"}"
                        "{\"act\":\"slow\",\"value\":5}{\"change\":\"archived\"}");
    head = r.head;
    assert_int_equal(change(c, &c->ana, c->desk.slug, all), OK);
    assert_string_equal(told(c, c->desk.slug, head), ""); /* it is so already */
}

static void test_others_change_nothing(void **state)
{
    struct cast *c = *state;
    const struct room_change topic = {.topic = "mine", NO_CHANGE};

    assert_int_equal(change(c, &c->ben, c->desk.slug, topic), ERR_FORBIDDEN);
    assert_int_equal(change(c, &c->mod, c->desk.slug, topic), ERR_ROOM_NOT_FOUND);
    assert_int_equal(change(c, &c->ben, "energy", topic), ERR_FORBIDDEN);
    assert_int_equal(change(c, &c->mod, "energy", topic), OK);
    assert_int_equal(change(c, &c->mod, "@me", topic), ERR_FORBIDDEN);
}

static void test_what_cannot_be_is_refused(void **state)
{
    struct cast *c = *state;
    const struct room_change closing = {.slow_s = -1, .archived = 1},
                             inviting = {.invite_policy = "owner", NO_CHANGE},
                             nameless = {.title = " ", NO_CHANGE};

    assert_int_equal(change(c, &c->mod, "general", closing), ERR_BAD_REQUEST);
    assert_int_equal(change(c, &c->mod, "energy", inviting), ERR_BAD_REQUEST);
    assert_int_equal(change(c, &c->ana, c->desk.slug, nameless), ERR_BAD_REQUEST);
}

static void test_where_only_moderators_write_the_owner_does_too(void **state)
{
    struct cast *c = *state;
    const struct room_change quiet = {.post_policy = "moderators", NO_CHANGE};

    assert_int_equal(change(c, &c->ana, c->desk.slug, quiet), OK);
    assert_int_equal(fixture_try(c->fx, &c->ana, c->desk.slug, "x"), OK);
    assert_int_equal(fixture_try(c->fx, &c->ben, c->desk.slug, "x"), ERR_FORBIDDEN);
}

static void test_a_mute_is_ones_own_and_heard_of_in_ones_log(void **state)
{
    struct cast *c = *state;
    struct fixture *fx = c->fx;
    struct room_view v;
    int64_t until;

    assert_int_equal(room_mute_until(&fx->chat, "1h", &until, &fx->fail), OK);
    assert_int_equal(until, FIXTURE_NOW_MS + 3600000);
    assert_int_equal(room_mute_until(&fx->chat, "close", &until, &fx->fail), OK);
    assert_int_equal(until, 1795467600000); /* Sunday: Monday's, 21:00 UTC */
    FIXTURE_WRITE(fx,
                  room_settings_mute(&fx->chat, &fx->arena, &c->ben, "energy", until, &fx->fail));
    assert_int_equal(rooms_find(&fx->chat, &fx->arena, &c->ben, "energy", &v, &fx->fail), OK);
    assert_int_equal(v.muted_until, until);
    assert_int_equal(rooms_find(&fx->chat, &fx->arena, &c->ana, "energy", &v, &fx->fail), OK);
    assert_int_equal(v.muted_until, 0);
    assert_non_null(strstr(told(c, arena_fmt(&fx->arena, "@%lld", (long long)c->ben.user_id), 0),
                           "{\"change\":\"muted\",\"of\":\"energy\",\"until\":1795467600000}"));
    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    assert_int_equal(
        room_settings_mute(&fx->chat, &fx->arena, &c->mod, c->desk.slug, until, &fx->fail),
        ERR_ROOM_NOT_FOUND);
    db_rollback(fx->chat.db);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_an_owner_changes_everything_at_once_and_each_is_told),
        TEST(test_others_change_nothing),
        TEST(test_what_cannot_be_is_refused),
        TEST(test_where_only_moderators_write_the_owner_does_too),
        TEST(test_a_mute_is_ones_own_and_heard_of_in_ones_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
