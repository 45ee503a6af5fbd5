/* chat_act(): who may do what to whose message, what is stored of it,
 * and what everybody is told. */
#include "tests/unit/act_fixture.h"

#include "chat/moderate.h"
#include "db/purge.h"
#include "db/revision.h"

/* ----- what all acts have in common ----- */

static void test_a_message_that_one_may_not_see_is_one_that_does_not_exist(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), eve = fixture_moderator(fx, "8", "eve");
    int64_t id = fixture_post(fx, &ana, "energy", "behind closed doors").message.id;

    assert_int_equal(remove_as(fx, &ana, id + 1), ERR_MESSAGE_NOT_FOUND);
    fixture_sql(fx, "UPDATE room SET kind = 'private' WHERE slug = 'energy'");
    assert_int_equal(remove_as(fx, &eve, id), ERR_MESSAGE_NOT_FOUND);
    assert_string_equal(row(fx, id).body, "behind closed doors");
}

static void test_who_may_not_write_may_not_act(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), nobody = fixture_nobody();
    int64_t id = fixture_post(fx, &ana, "energy", "mine").message.id;

    assert_int_equal(remove_as(fx, &nobody, id), ERR_AUTH_REQUIRED);
    FIXTURE_WRITE(
        fx, moderate_mute(&fx->chat, &fx->arena, ana.user_id, FIXTURE_NOW_MS + 1000, 0, &fx->fail));
    assert_int_equal(remove_as(fx, &ana, id), ERR_MUTED);
    FIXTURE_WRITE(fx, moderate_mute(&fx->chat, &fx->arena, ana.user_id, 0, 0, &fx->fail));
    fixture_sql(fx, "UPDATE room SET post_policy = 'moderators' WHERE slug = 'energy'");
    assert_int_equal(remove_as(fx, &ana, id), ERR_FORBIDDEN);
    fixture_sql(fx, "UPDATE room SET post_policy = 'all', archived_ms = 1 WHERE slug = 'energy'");
    assert_int_equal(remove_as(fx, &ana, id), ERR_FORBIDDEN);
    fixture_sql(fx, "UPDATE room SET archived_ms = 0 WHERE slug = 'energy'");
    FIXTURE_WRITE(
        fx, moderate_ban(&fx->chat, &fx->arena, ana.user_id, FIXTURE_NOW_MS + 1000, 0, &fx->fail));
    assert_int_equal(remove_as(fx, &ana, id), ERR_BANNED);
    assert_string_equal(row(fx, id).body, "mine");
}

static void test_acts_have_a_rate_of_their_own(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t ids[3];

    fx->conf.rate_user_burst = 3;
    fx->conf.rate_user_per_minute = 1;
    for (int i = 0; i < 3; i++)
        ids[i] = fixture_post(fx, &ana, NULL, "tick").message.id;
    fx->conf.rate_user_burst = 2;
    assert_int_equal(remove_as(fx, &ana, ids[0]), OK);
    assert_int_equal(remove_as(fx, &ana, ids[1]), OK);
    assert_int_equal(remove_as(fx, &ana, ids[1]), OK); /* changes nothing, costs nothing */
    assert_int_equal(remove_as(fx, &ana, ids[2]), ERR_RATE_LIMITED);
    assert_true(fx->fail.retry_after_ms > 0);
    fixture_pass(fx, 60000);
    assert_int_equal(remove_as(fx, &ana, ids[2]), OK);
}

/* ----- delete ----- */

static void test_a_deleted_message_leaves_a_stub_and_its_text_with_the_revisions(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, "energy", "said too much").message.id;
    int64_t head = fixture_room(fx, "energy").head;
    struct revision revs[2];
    struct acted out;
    size_t count;

    assert_int_equal(act(fx, (struct act){.kind = ACT_DELETE}, &ana, id, &out), OK);
    assert_int_equal(out.seq, head + 1);
    assert_string_equal(row(fx, id).body, "");
    assert_int_equal(row(fx, id).deleted_ms, FIXTURE_NOW_MS);
    assert_int_equal(row(fx, id).deleted_by, ana.user_id);
    assert_non_null(strstr(newest(fx, "energy"), "\"type\":\"message_deleted\""));
    assert_non_null(strstr(newest(fx, "energy"),
                           arena_fmt(&fx->arena, "\"msg_seq\":%lld", (long long)out.message.seq)));
    assert_null(strstr(newest(fx, "energy"), "said too much"));
    assert_int_equal(revision_list(fx->chat.db, &fx->arena, id, revs, 2, &count, &fx->fail), OK);
    assert_int_equal(count, 1);
    assert_string_equal(revs[0].body, "said too much");
    assert_int_equal(revs[0].rev, 1);
    assert_sound(fx);
}

static void test_deleting_again_is_no_event(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, "energy", "x").message.id, head;
    struct acted out;

    assert_int_equal(remove_as(fx, &ana, id), OK);
    head = fixture_room(fx, "energy").head;
    assert_int_equal(act(fx, (struct act){.kind = ACT_DELETE}, &ana, id, &out), OK);
    assert_int_equal(out.seq, 0);
    assert_int_equal(fixture_room(fx, "energy").head, head);
}

static void test_only_the_author_for_a_while_and_moderators_always_may_delete(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben"),
                 gil = fixture_guest(fx, "gil"), mod = fixture_moderator(fx, "9", "mod");
    int64_t first = fixture_post(fx, &ana, NULL, "one").message.id;
    int64_t second = fixture_post(fx, &ana, NULL, "two").message.id;
    int64_t guests = fixture_post(fx, &gil, NULL, "three").message.id;

    assert_int_equal(remove_as(fx, &ben, first), ERR_FORBIDDEN);
    assert_int_equal(remove_as(fx, &gil, first), ERR_FORBIDDEN);
    assert_int_equal(remove_as(fx, &ana, guests), ERR_FORBIDDEN);
    fixture_pass(fx, 15 * 60000 - 1);
    assert_int_equal(remove_as(fx, &ana, first), OK);
    assert_int_equal(remove_as(fx, &gil, guests), OK);
    fixture_pass(fx, 1);
    assert_int_equal(remove_as(fx, &ana, second), ERR_FORBIDDEN);
    assert_int_equal(remove_as(fx, &mod, second), OK);
    assert_int_equal(row(fx, second).deleted_by, mod.user_id);
}

static void test_edit_minutes_0_leaves_it_to_moderators(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), mod = fixture_moderator(fx, "9", "mod");
    int64_t id = fixture_post(fx, &ana, NULL, "one").message.id;

    fx->conf.edit_minutes = 0;
    assert_int_equal(remove_as(fx, &ana, id), ERR_FORBIDDEN);
    assert_int_equal(remove_as(fx, &mod, id), OK);
}

/* ----- edit ----- */

static enum err edit(struct fixture *fx, const struct actor *who, int64_t id, const char *text,
                     int64_t rev, struct acted *out)
{
    return act(fx,
               (struct act){.kind = ACT_EDIT, .text = text, .text_len = strlen(text), .rev = rev},
               who, id, out);
}

static void test_an_edit_keeps_what_was_there_and_tells_the_new_text(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, "energy", "frist").message.id;
    struct message m;
    struct revision *revs;
    struct acted out;
    size_t count;

    assert_int_equal(edit(fx, &ana, id, "  first ", 1, &out), OK);
    assert_int_equal(out.message.rev, 2);
    m = row(fx, id);
    assert_string_equal(m.body, "first");
    assert_int_equal(m.rev, 2);
    assert_int_equal(m.edited_ms, FIXTURE_NOW_MS);
    assert_non_null(strstr(newest(fx, "energy"), "\"message\":\"first\""));
    assert_int_equal(edit(fx, &ana, id, "first!", 2, &out), OK);
    assert_int_equal(
        lookup_revisions(&fx->chat, &fx->arena, &ana, id, &m, &revs, &count, &fx->fail), OK);
    assert_int_equal(count, 2);
    assert_string_equal(revs[0].body, "frist");
    assert_string_equal(revs[1].body, "first");
    assert_sound(fx);
}

static void test_a_stale_edit_is_told_what_stands_there(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, "energy", "one").message.id;
    struct acted out;

    assert_int_equal(edit(fx, &ana, id, "two", 1, &out), OK);
    assert_int_equal(edit(fx, &ana, id, "three", 1, &out), ERR_EDIT_CONFLICT);
    assert_string_equal(out.message.body, "two");
    assert_int_equal(out.message.rev, 2);
    assert_int_equal(edit(fx, &ana, id, "two", 1, &out), OK); /* a retry whose answer was lost */
    assert_int_equal(out.seq, 0);
}

static void test_only_the_author_for_a_while_may_edit(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben"),
                 mod = fixture_moderator(fx, "9", "mod");
    int64_t id = fixture_post(fx, &ana, NULL, "one").message.id;
    struct acted out;

    assert_int_equal(edit(fx, &ben, id, "x", 1, &out), ERR_FORBIDDEN);
    assert_int_equal(edit(fx, &mod, id, "x", 1, &out), ERR_FORBIDDEN);
    assert_int_equal(edit(fx, &ana, id, " ", 1, &out), ERR_BAD_REQUEST);
    fx->conf.message_max_chars = 5;
    assert_int_equal(edit(fx, &ana, id, "123456", 1, &out), ERR_TOO_LONG);
    fixture_pass(fx, 15 * 60000);
    assert_int_equal(edit(fx, &ana, id, "x", 1, &out), ERR_FORBIDDEN);
    assert_int_equal(remove_as(fx, &mod, id), OK);
    assert_int_equal(edit(fx, &ana, id, "x", 1, &out), ERR_MESSAGE_NOT_FOUND);
    assert_string_equal(row(fx, id).body, "");
}

static void test_revisions_are_for_the_author_and_moderators(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben"),
                 mod = fixture_moderator(fx, "9", "mod"), nobody = fixture_nobody();
    int64_t id = fixture_post(fx, &ana, NULL, "one").message.id;
    const struct {
        const struct actor *who;
        enum err edited, deleted;
    } readers[] = {{&ana, OK, ERR_MESSAGE_NOT_FOUND},
                   {&mod, OK, OK},
                   {&ben, ERR_MESSAGE_NOT_FOUND, ERR_MESSAGE_NOT_FOUND},
                   {&nobody, ERR_MESSAGE_NOT_FOUND, ERR_MESSAGE_NOT_FOUND}};
    struct revision *revs;
    struct message m;
    struct acted out;
    size_t count;

    assert_int_equal(edit(fx, &ana, id, "two", 1, &out), OK);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        assert_int_equal(lookup_revisions(&fx->chat, &fx->arena, readers[i].who, id, &m, &revs,
                                          &count, &fx->fail),
                         readers[i].edited);
    assert_int_equal(remove_as(fx, &ana, id), OK);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        assert_int_equal(lookup_revisions(&fx->chat, &fx->arena, readers[i].who, id, &m, &revs,
                                          &count, &fx->fail),
                         readers[i].deleted);
}

struct race {
    struct actor ana;
    int64_t id;
    int done[5];
};

static void act_at_once(struct fixture *fx, struct chat *c, int number, void *shared)
{
    struct race *race = shared;
    const char *text = arena_fmt(&fx->arena, "by %d", number);
    struct act a = {.kind = number == 3   ? ACT_DELETE
                            : number == 4 ? ACT_REACT
                                          : ACT_EDIT,
                    .emoji = "👍",
                    .on = true,
                    .actor = &race->ana,
                    .msg_id = race->id,
                    .text = text,
                    .text_len = strlen(text),
                    .rev = 1};
    struct acted out;

    race->done[number] = (int)chat_act_now(c, &fx->arena, &a, &out, &fx->fail);
}

/* Three edits of the same text, a deletion and a reaction, in five processes: at most one edit is
 * stored, the deletion always, and nothing is left of the reaction. */
static void test_of_acts_at_once_one_edit_is_stored_and_the_deletion_wins(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct race *race = fixture_shared(sizeof *race);
    int stored = 0;

    fx->conf.edit_minutes = 5256000; /* the processes have a real clock */
    race->ana = ana;
    race->id = fixture_post(fx, &ana, NULL, "one").message.id;
    fixture_race(fx, 5, act_at_once, race);
    for (int i = 0; i < 3; i++) {
        assert_true(race->done[i] == OK || race->done[i] == ERR_EDIT_CONFLICT ||
                    race->done[i] == ERR_MESSAGE_NOT_FOUND);
        stored += race->done[i] == OK;
    }
    assert_true(stored <= 1);
    assert_int_equal(race->done[3], OK);
    assert_true(race->done[4] == OK || race->done[4] == ERR_MESSAGE_NOT_FOUND);
    assert_int_equal(row(fx, race->id).reaction_count, 0);
    assert_string_equal(row(fx, race->id).body, "");
    assert_int_equal(row(fx, race->id).rev, 1 + stored);
    assert_sound(fx);
}

/* ----- what is kept ----- */

static void test_revisions_stay_until_their_message_is_purged_or_erased(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, "energy", "one").message.id;
    int64_t other = fixture_post(fx, &ana, "energy", "two").message.id;
    struct room r;
    struct revision revs[2];
    size_t count;
    int64_t events, messages;
    bool done;

    assert_int_equal(remove_as(fx, &ana, id), OK);
    assert_int_equal(remove_as(fx, &ana, other), OK);
    fixture_sql(fx, "UPDATE message SET salt = x'' WHERE body = '' AND seq ="
                    " (SELECT max(seq) FROM message); DELETE FROM message_rev WHERE body = 'two'");
    r = fixture_room(fx, "energy");
    assert_int_equal(revision_list(fx->chat.db, &fx->arena, id, revs, 2, &count, &fx->fail), OK);
    assert_int_equal(count, 1);
    FIXTURE_WRITE(fx, purge_step(fx->chat.db, r.id, r.head, &events, &messages, &done, &fx->fail));
    assert_int_equal(messages, 2);
    assert_int_equal(revision_list(fx->chat.db, &fx->arena, id, revs, 2, &count, &fx->fail), OK);
    assert_int_equal(count, 0);
    assert_sound(fx);
}

static void test_a_kept_text_that_was_changed_is_noticed(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t id = fixture_post(fx, &ana, "energy", "the truth").message.id;
    struct verify_total total;

    assert_int_equal(remove_as(fx, &ana, id), OK);
    fixture_sql(fx, "DROP TRIGGER message_rev_stays; UPDATE message_rev SET body = 'a lie'");
    assert_int_equal(verify_database(fx->chat.db, NULL, NULL, &total, &fx->fail), OK);
    assert_int_equal(total.problems, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_a_message_that_one_may_not_see_is_one_that_does_not_exist),
        TEST(test_who_may_not_write_may_not_act),
        TEST(test_acts_have_a_rate_of_their_own),
        TEST(test_a_deleted_message_leaves_a_stub_and_its_text_with_the_revisions),
        TEST(test_deleting_again_is_no_event),
        TEST(test_only_the_author_for_a_while_and_moderators_always_may_delete),
        TEST(test_edit_minutes_0_leaves_it_to_moderators),
        TEST(test_an_edit_keeps_what_was_there_and_tells_the_new_text),
        TEST(test_a_stale_edit_is_told_what_stands_there),
        TEST(test_only_the_author_for_a_while_may_edit),
        TEST(test_revisions_are_for_the_author_and_moderators),
        TEST(test_of_acts_at_once_one_edit_is_stored_and_the_deletion_wins),
        TEST(test_revisions_stay_until_their_message_is_purged_or_erased),
        TEST(test_a_kept_text_that_was_changed_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
