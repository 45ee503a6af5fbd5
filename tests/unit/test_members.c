/* Rooms of a few: who opens them, who comes in, who goes, and what both logs say of it. */
#include "db/ignored.h"
#include "tests/lib/fixture.h"

#include "chat/history.h"
#include "chat/members.h"
#include "chat/moderate.h"
#include "chat/open_room.h"
#include "chat/people.h"

#include <string.h>

struct cast {
    struct fixture *fx;
    struct actor ana, ben, eve, mod, guest;
    struct room desk; /* ana's */
};

#define WRITE(c, call)                                                                             \
    do {                                                                                           \
        struct fixture *fx_ = (c)->fx;                                                             \
        FIXTURE_WRITE(fx_, call);                                                                  \
    } while (0)

/* In a write transaction of its own, which only success commits. */
#define TRY(c, expected, call)                                                                     \
    do {                                                                                           \
        assert_int_equal(db_begin_write((c)->fx->chat.db, &(c)->fx->fail), OK);                    \
        assert_int_equal(call, expected);                                                          \
        if ((expected) == OK)                                                                      \
            assert_int_equal(db_commit((c)->fx->chat.db, &(c)->fx->fail), OK);                     \
        else                                                                                       \
            db_rollback((c)->fx->chat.db);                                                         \
    } while (0)

static int setup(void **state)
{
    struct cast *c = test_calloc(1, sizeof *c);
    struct fixture *fx = fixture_open();

    c->fx = fx;
    c->ana = fixture_user(fx, "7", "ana");
    c->ben = fixture_user(fx, "8", "Ben");
    c->eve = fixture_user(fx, "9", "eve");
    c->mod = fixture_moderator(fx, "10", "mod");
    c->guest = fixture_guest(fx, "gus");
    fixture_post(fx, &c->ana, NULL, "I am here");
    fixture_post(fx, &c->ben, NULL, "so am I");
    fixture_post(fx, &c->eve, NULL, "and I");
    fixture_post(fx, &c->mod, NULL, "and I");
    fixture_post(fx, &c->guest, NULL, "me too");
    WRITE(c, open_private(&fx->chat, &fx->arena, &c->ana, "The desk", NULL, &c->desk, &fx->fail));
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

static enum err find(struct cast *c, const struct actor *who, struct room_view *out)
{
    return rooms_find(&c->fx->chat, &c->fx->arena, who, c->desk.slug, out, &c->fx->fail);
}

static enum err invite(struct cast *c, const struct actor *by, const struct actor *who)
{
    return members_invite(&c->fx->chat, &c->fx->arena, by, c->desk.slug, who->user_id, NULL,
                          &c->fx->fail);
}

static enum err join(struct cast *c, const struct actor *who)
{
    struct room_view v;

    return members_join(&c->fx->chat, &c->fx->arena, who, c->desk.slug, &v, &c->fx->fail);
}

static enum err take_out(struct cast *c, const struct actor *by, const struct actor *who)
{
    return members_remove(&c->fx->chat, &c->fx->arena, by, c->desk.slug, who->user_id,
                          &c->fx->fail);
}

static void let_in(struct cast *c, const struct actor *who)
{
    TRY(c, OK, invite(c, &c->ana, who));
    TRY(c, OK, join(c, who));
}

static void rewrite(struct cast *c, const char *column, const char *value)
{
    fixture_sql(c->fx, arena_fmt(&c->fx->arena, "UPDATE room SET %s = '%s' WHERE slug = '%s'",
                                 column, value, c->desk.slug));
}

/* The newest event of a log, as somebody reads it: its payload. */
static const char *newest(struct cast *c, const struct actor *who, const char *room)
{
    struct event events[64];
    struct room_view v;
    size_t count = 0;

    assert_int_equal(rooms_find(&c->fx->chat, &c->fx->arena, who, room, &v, &c->fx->fail), OK);
    assert_int_equal(
        event_list(c->fx->chat.db, &c->fx->arena, v.room.id, 0, events, 64, &count, &c->fx->fail),
        OK);
    return count ? events[count - 1].payload : "";
}

static const char *of_desk(struct cast *c, const char *change)
{
    return arena_fmt(&c->fx->arena, "{\"change\":\"%s\",\"of\":\"%s\"}", change, c->desk.slug);
}

static void test_who_opens_a_private_room_is_in_it_and_nobody_else(void **state)
{
    struct cast *c = *state;
    struct room_view v;

    assert_int_equal(find(c, &c->ana, &v), OK);
    assert_string_equal(v.room.kind, "private");
    assert_string_equal(v.room.title, "The desk");
    assert_int_equal(v.room.owner_id, c->ana.user_id);
    assert_string_equal(newest(c, &c->ana, "@me"), of_desk(c, "joined"));
    assert_int_equal(fixture_try(c->fx, &c->ana, c->desk.slug, "x"), OK);
    assert_int_equal(find(c, &c->ben, &v), ERR_ROOM_NOT_FOUND);
    assert_int_equal(find(c, &c->mod, &v), ERR_ROOM_NOT_FOUND);
    assert_int_equal(fixture_try(c->fx, &c->ben, c->desk.slug, "x"), ERR_ROOM_NOT_FOUND);
}

static void test_who_may_open_one_is_configured(void **state)
{
    static const struct {
        enum conf_creators who;
        enum err member, moderator;
    } cases[] = {{CREATORS_MEMBERS, OK, OK},
                 {CREATORS_MODERATORS, ERR_FORBIDDEN, OK},
                 {CREATORS_NOBODY, ERR_FORBIDDEN, ERR_FORBIDDEN}};
    struct cast *c = *state;
    struct fixture *fx = c->fx;
    struct room r;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fx->conf.who_creates_rooms = cases[i].who;
        TRY(c, cases[i].member,
            open_private(&fx->chat, &fx->arena, &c->ben, "A", NULL, &r, &fx->fail));
        TRY(c, cases[i].moderator,
            open_private(&fx->chat, &fx->arena, &c->mod, "A", NULL, &r, &fx->fail));
        TRY(c, ERR_FORBIDDEN,
            open_private(&fx->chat, &fx->arena, &c->guest, "A", NULL, &r, &fx->fail));
    }
    fx->conf.who_creates_rooms = CREATORS_MEMBERS;
    TRY(c, ERR_BAD_REQUEST, open_private(&fx->chat, &fx->arena, &c->ben, " ", NULL, &r, &fx->fail));
    TRY(c, ERR_FORBIDDEN,
        open_public(&fx->chat, &fx->arena, &c->ben, "fx", "FX", NULL, &r, &fx->fail));
    TRY(c, OK, open_public(&fx->chat, &fx->arena, &c->mod, "fx", "FX", NULL, &r, &fx->fail));
    TRY(c, ERR_NAME_TAKEN,
        open_public(&fx->chat, &fx->arena, &c->mod, "fx", "FX", NULL, &r, &fx->fail));
}

static void test_an_invitation_shows_the_room_and_opens_it_when_accepted(void **state)
{
    struct cast *c = *state;
    struct invitation *list;
    struct room_view v;
    size_t count;

    TRY(c, OK, invite(c, &c->ana, &c->ben));
    assert_string_equal(newest(c, &c->ben, "@me"), of_desk(c, "invited"));
    assert_string_equal(newest(c, &c->ana, c->desk.slug), "{\"change\":\"invited\"}");
    assert_int_equal(find(c, &c->ben, &v), ERR_ROOM_NOT_FOUND);
    assert_int_equal(
        members_invitations(&c->fx->chat, &c->fx->arena, &c->ben, &list, &count, &c->fx->fail), OK);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].room.title, "The desk");
    assert_string_equal(list[0].inviter_name, "ana");
    TRY(c, OK, join(c, &c->ben));
    TRY(c, OK, join(c, &c->ben)); /* again: so it is already */
    assert_int_equal(find(c, &c->ben, &v), OK);
    assert_string_equal(newest(c, &c->ben, c->desk.slug), "{\"change\":\"member_joined\"}");
    assert_string_equal(newest(c, &c->ben, "@me"), of_desk(c, "joined"));
    assert_int_equal(v.unread, 0);
    assert_int_equal(
        members_invitations(&c->fx->chat, &c->fx->arena, &c->ben, &list, &count, &c->fx->fail), OK);
    assert_int_equal(count, 0);
}

static void test_nobody_comes_in_uninvited(void **state)
{
    struct cast *c = *state;

    TRY(c, ERR_ROOM_NOT_FOUND, join(c, &c->eve));
    TRY(c, ERR_ROOM_NOT_FOUND, join(c, &c->mod));
    TRY(c, ERR_ROOM_NOT_FOUND, invite(c, &c->eve, &c->eve));
    TRY(c, ERR_ROOM_NOT_FOUND, invite(c, &c->mod, &c->mod));
    TRY(c, OK, invite(c, &c->ana, &c->eve));
    TRY(c, OK, take_out(c, &c->eve, &c->eve)); /* declines */
    assert_string_equal(newest(c, &c->eve, "@me"), of_desk(c, "declined"));
    TRY(c, ERR_ROOM_NOT_FOUND, join(c, &c->eve));
    TRY(c, OK, invite(c, &c->ana, &c->eve));
    TRY(c, OK, take_out(c, &c->ana, &c->eve)); /* takes it back */
    assert_string_equal(newest(c, &c->eve, "@me"), of_desk(c, "withdrawn"));
    TRY(c, ERR_ROOM_NOT_FOUND, join(c, &c->eve));
}

static void test_who_invites_is_the_rooms_policy(void **state)
{
    struct cast *c = *state;

    let_in(c, &c->ben);
    let_in(c, &c->mod);
    TRY(c, OK, invite(c, &c->ben, &c->eve));
    TRY(c, OK, invite(c, &c->ben, &c->eve)); /* is so already: no second event */
    TRY(c, OK, take_out(c, &c->ben, &c->eve));
    rewrite(c, "invite_policy", "owner");
    TRY(c, ERR_FORBIDDEN, invite(c, &c->ben, &c->eve));
    TRY(c, OK, invite(c, &c->mod, &c->eve));
    TRY(c, ERR_FORBIDDEN, take_out(c, &c->ben, &c->eve));
    TRY(c, OK, take_out(c, &c->ana, &c->eve));
    rewrite(c, "archived_ms", "1");
    TRY(c, ERR_FORBIDDEN, invite(c, &c->ana, &c->eve));
}

static void test_only_people_whom_one_may_know_of_are_invited(void **state)
{
    struct cast *c = *state;
    struct actor hidden = fixture_user(c->fx, "11", "hidden");
    struct actor nobody = {.kind = ACTOR_USER, .user_id = 4711};

    TRY(c, ERR_NOT_FOUND, invite(c, &c->ana, &hidden));
    TRY(c, ERR_NOT_FOUND, invite(c, &c->ana, &nobody));
    fixture_post(c->fx, &hidden, NULL, "not any more");
    TRY(c, OK, invite(c, &c->ana, &hidden));
}

static void test_who_left_sees_nothing_and_may_be_invited_again(void **state)
{
    struct cast *c = *state;
    struct room_view v;

    let_in(c, &c->ben);
    fixture_post(c->fx, &c->ana, c->desk.slug, "for us");
    TRY(c, OK, take_out(c, &c->ben, &c->ben));
    assert_string_equal(newest(c, &c->ben, "@me"), of_desk(c, "left"));
    assert_string_equal(newest(c, &c->ana, c->desk.slug), "{\"change\":\"member_left\"}");
    assert_int_equal(find(c, &c->ben, &v), ERR_ROOM_NOT_FOUND);
    assert_int_equal(fixture_try(c->fx, &c->ben, c->desk.slug, "x"), ERR_ROOM_NOT_FOUND);
    TRY(c, ERR_ROOM_NOT_FOUND, take_out(c, &c->ben, &c->ben));
    let_in(c, &c->ben);
    assert_int_equal(find(c, &c->ben, &v), OK);
}

static void test_removing_is_for_the_owner_and_moderators(void **state)
{
    struct cast *c = *state;
    struct room_view v;

    let_in(c, &c->ben);
    let_in(c, &c->eve);
    let_in(c, &c->mod);
    TRY(c, ERR_FORBIDDEN, take_out(c, &c->ben, &c->eve));
    TRY(c, ERR_FORBIDDEN, take_out(c, &c->mod, &c->ana)); /* the owner */
    TRY(c, OK, take_out(c, &c->mod, &c->eve));
    assert_string_equal(newest(c, &c->eve, "@me"), of_desk(c, "removed"));
    assert_int_equal(find(c, &c->eve, &v), ERR_ROOM_NOT_FOUND);
    TRY(c, OK, take_out(c, &c->ana, &c->eve)); /* is out already */
    TRY(c, ERR_ROOM_NOT_FOUND, take_out(c, &c->eve, &c->ben));
}

static void test_an_owner_who_leaves_hands_the_room_to_the_longest_there(void **state)
{
    struct cast *c = *state;
    struct room_view v;

    let_in(c, &c->guest);
    fixture_pass(c->fx, 1000);
    let_in(c, &c->ben);
    fixture_pass(c->fx, 1000);
    let_in(c, &c->eve);
    TRY(c, OK, take_out(c, &c->ana, &c->ana));
    assert_int_equal(find(c, &c->eve, &v), OK);
    assert_int_equal(v.room.owner_id, c->ben.user_id);
    assert_string_equal(newest(c, &c->eve, c->desk.slug), "{\"change\":\"owner\"}");
    TRY(c, OK, take_out(c, &c->ben, &c->ben));
    TRY(c, OK, take_out(c, &c->eve, &c->eve));
    assert_int_equal(find(c, &c->guest, &v), OK);
    assert_int_equal(v.room.owner_id, c->guest.user_id);
    TRY(c, OK, take_out(c, &c->guest, &c->guest));
    assert_true(fixture_room(c->fx, c->desk.slug).archived_ms > 0);
}

/* ----- conversations ----- */

static enum err talk(struct cast *c, const struct actor *by, const struct actor *to,
                     struct room *out, bool *made)
{
    return open_direct(&c->fx->chat, &c->fx->arena, by, &to->user_id, 1, NULL, out, made,
                       &c->fx->fail);
}

static void test_the_same_people_have_one_conversation(void **state)
{
    struct cast *c = *state;
    struct fixture *fx = c->fx;
    int64_t three[] = {c->eve.user_id, c->ben.user_id, c->eve.user_id};
    struct room first, again, group;
    struct room_view v;
    bool made;

    TRY(c, OK, talk(c, &c->ana, &c->ben, &first, &made));
    assert_true(made);
    TRY(c, OK, talk(c, &c->ben, &c->ana, &again, &made));
    assert_false(made);
    assert_string_equal(first.slug, again.slug);
    TRY(c, OK,
        open_direct(&fx->chat, &fx->arena, &c->ana, three, 3, NULL, &group, &made, &fx->fail));
    assert_true(made);
    assert_int_equal(rooms_find(&fx->chat, &fx->arena, &c->ben, group.slug, &v, &fx->fail), OK);
    assert_string_equal(v.room.title, "ana, eve");
    assert_int_equal(rooms_find(&fx->chat, &fx->arena, &c->mod, group.slug, &v, &fx->fail),
                     ERR_ROOM_NOT_FOUND);
    TRY(c, ERR_BAD_REQUEST, talk(c, &c->ana, &c->ana, &again, &made));
    TRY(c, ERR_FORBIDDEN, talk(c, &c->guest, &c->ana, &again, &made));
    TRY(c, OK, talk(c, &c->ana, &c->guest, &again, &made));
    assert_int_equal(fixture_try(fx, &c->guest, again.slug, "yes?"), OK);
}

static void test_a_group_goes_on_without_who_leaves(void **state)
{
    struct cast *c = *state;
    struct fixture *fx = c->fx;
    int64_t two[] = {c->eve.user_id, c->ben.user_id};
    struct room group, again, pair;
    struct room_view v;
    bool made;

    TRY(c, OK, open_direct(&fx->chat, &fx->arena, &c->ana, two, 2, NULL, &group, &made, &fx->fail));
    assert_int_equal(fixture_try(fx, &c->eve, group.slug, "three of us"), OK);
    TRY(c, OK,
        members_remove(&fx->chat, &fx->arena, &c->eve, group.slug, c->eve.user_id, &fx->fail));
    assert_int_equal(rooms_find(&fx->chat, &fx->arena, &c->eve, group.slug, &v, &fx->fail),
                     ERR_ROOM_NOT_FOUND);
    assert_int_equal(rooms_find(&fx->chat, &fx->arena, &c->ana, group.slug, &v, &fx->fail), OK);
    assert_string_equal(v.room.title, "Ben");
    assert_int_equal(fixture_try(fx, &c->ben, group.slug, "two are left"), OK);
    TRY(c, ERR_FORBIDDEN,
        members_remove(&fx->chat, &fx->arena, &c->ana, group.slug, c->ben.user_id, &fx->fail));
    TRY(c, OK, open_direct(&fx->chat, &fx->arena, &c->ana, two, 2, NULL, &again, &made, &fx->fail));
    assert_true(made);
    TRY(c, OK,
        members_remove(&fx->chat, &fx->arena, &c->ben, group.slug, c->ben.user_id, &fx->fail));
    TRY(c, OK,
        members_remove(&fx->chat, &fx->arena, &c->ana, group.slug, c->ana.user_id, &fx->fail));
    TRY(c, OK, talk(c, &c->ana, &c->ben, &pair, &made));
    TRY(c, ERR_FORBIDDEN,
        members_remove(&fx->chat, &fx->arena, &c->ana, pair.slug, c->ana.user_id, &fx->fail));
}

static void test_a_conversation_is_called_as_the_others_are_called_now(void **state)
{
    struct cast *c = *state;
    struct fixture *fx = c->fx;
    struct room_view *list = arena_alloc(&fx->arena, ROOMS_MAX * sizeof *list);
    struct room r;
    size_t count;
    bool made;

    TRY(c, OK, talk(c, &c->ana, &c->ben, &r, &made));
    assert_int_equal(rooms_list(&fx->chat, &fx->arena, &c->ana, list, &count, &fx->fail), OK);
    assert_int_equal(count, 14); /* the public ones, the desk, the conversation */
    assert_string_equal(list[12].room.title, "The desk");
    assert_string_equal(list[13].room.title, "Ben");
    fixture_sql(fx, "UPDATE user SET username = 'Benjamin' WHERE username = 'Ben'");
    assert_int_equal(rooms_list(&fx->chat, &fx->arena, &c->ana, list, &count, &fx->fail), OK);
    assert_string_equal(list[13].room.title, "Benjamin");
    assert_int_equal(rooms_list(&fx->chat, &fx->arena, &c->eve, list, &count, &fx->fail), OK);
    assert_int_equal(count, 12);
}

static void test_a_conversation_keeps_its_people(void **state)
{
    struct cast *c = *state;
    struct fixture *fx = c->fx;
    struct room r;
    bool made;

    TRY(c, OK, talk(c, &c->ana, &c->ben, &r, &made));
    TRY(c, ERR_FORBIDDEN,
        members_invite(&fx->chat, &fx->arena, &c->ana, r.slug, c->eve.user_id, NULL, &fx->fail));
    TRY(c, ERR_FORBIDDEN,
        members_remove(&fx->chat, &fx->arena, &c->ana, r.slug, c->ana.user_id, &fx->fail));
    TRY(c, ERR_FORBIDDEN,
        members_remove(&fx->chat, &fx->arena, &c->ana, r.slug, c->ben.user_id, &fx->fail));
}

static void test_strangers_are_refused_by_whoever_wants_that(void **state)
{
    struct cast *c = *state;
    struct fixture *fx = c->fx;
    struct room r;
    bool made;

    WRITE(c, user_set_pref(fx->chat.db, c->ben.user_id, "direct", "shared", &fx->fail));
    TRY(c, ERR_FORBIDDEN, talk(c, &c->ana, &c->ben, &r, &made));
    let_in(c, &c->ben);
    TRY(c, OK, talk(c, &c->ana, &c->ben, &r, &made));
    WRITE(c, user_set_pref(fx->chat.db, c->eve.user_id, "direct", "nobody", &fx->fail));
    let_in(c, &c->eve);
    TRY(c, ERR_FORBIDDEN, talk(c, &c->ana, &c->eve, &r, &made));
    TRY(c, OK, talk(c, &c->mod, &c->eve, &r, &made));
    WRITE(c, user_set_pref(fx->chat.db, c->ben.user_id, "direct", "nobody", &fx->fail));
    TRY(c, OK, talk(c, &c->ana, &c->ben, &r, &made)); /* it was there before */
    WRITE(c, user_set_pref(fx->chat.db, c->eve.user_id, "direct", "everyone", &fx->fail));
    WRITE(c, ignored_insert(fx->chat.db, c->eve.user_id, c->ana.user_id, 1, &made, &fx->fail));
    TRY(c, ERR_FORBIDDEN, talk(c, &c->ana, &c->eve, &r, &made));
}

/* ----- people ----- */

static void test_people_are_found_by_the_beginning_of_their_name(void **state)
{
    static const struct {
        const char *prefix;
        size_t count;
    } cases[] = {{"b", 1}, {"BE", 1}, {"ben", 1}, {"benj", 0}, {"an", 0},
                 {" ", 0}, {"%", 0},  {"hid", 0}, {"ev", 1}};
    struct cast *c = *state;
    struct user found[PEOPLE_FOUND_MAX];
    size_t count;

    fixture_user(c->fx, "11", "hidden"); /* wrote nothing, is not online */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(people_search(&c->fx->chat, &c->fx->arena, &c->ana, cases[i].prefix, found,
                                       &count, &c->fx->fail),
                         OK);
        assert_int_equal(count, cases[i].count);
    }
}

static void test_who_shares_a_room_is_known(void **state)
{
    struct cast *c = *state;
    struct actor hidden = fixture_user(c->fx, "11", "hidden");
    struct user u;

    assert_int_equal(
        people_find(&c->fx->chat, &c->fx->arena, &c->ben, hidden.user_id, &u, &c->fx->fail),
        ERR_NOT_FOUND);
    fixture_sql(c->fx, arena_fmt(&c->fx->arena,
                                 "INSERT INTO room_member (room_id, user_id) VALUES (%lld, %lld),"
                                 " (%lld, %lld)",
                                 (long long)c->desk.id, (long long)hidden.user_id,
                                 (long long)c->desk.id, (long long)c->ben.user_id));
    assert_int_equal(
        people_find(&c->fx->chat, &c->fx->arena, &c->ben, hidden.user_id, &u, &c->fx->fail), OK);
    assert_int_equal(
        people_find_by_name(&c->fx->chat, &c->fx->arena, &c->ben, "HIDDEN", &u, &c->fx->fail), OK);
    assert_int_equal(
        people_find_by_name(&c->fx->chat, &c->fx->arena, &c->eve, "hidden", &u, &c->fx->fail),
        ERR_NOT_FOUND);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_who_opens_a_private_room_is_in_it_and_nobody_else),
        TEST(test_who_may_open_one_is_configured),
        TEST(test_an_invitation_shows_the_room_and_opens_it_when_accepted),
        TEST(test_nobody_comes_in_uninvited),
        TEST(test_who_invites_is_the_rooms_policy),
        TEST(test_only_people_whom_one_may_know_of_are_invited),
        TEST(test_who_left_sees_nothing_and_may_be_invited_again),
        TEST(test_removing_is_for_the_owner_and_moderators),
        TEST(test_an_owner_who_leaves_hands_the_room_to_the_longest_there),
        TEST(test_the_same_people_have_one_conversation),
        TEST(test_a_group_goes_on_without_who_leaves),
        TEST(test_a_conversation_is_called_as_the_others_are_called_now),
        TEST(test_a_conversation_keeps_its_people),
        TEST(test_strangers_are_refused_by_whoever_wants_that),
        TEST(test_people_are_found_by_the_beginning_of_their_name),
        TEST(test_who_shares_a_room_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
