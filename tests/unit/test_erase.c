/* A person is erased: name, login, texts, and what was kept of those; the logs stay whole. */
#include "tests/unit/act_fixture.h"

#include "chat/erase.h"
#include "chat/ignore.h"
#include "chat/members.h"
#include "chat/moderate.h"
#include "chat/open_room.h"
#include "chat/upload.h"
#include "db/erase_journal.h"
#include "db/mine.h"
#include "db/reaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Whether the bytes stand anywhere in the database's files. */
static bool is_on_disk(struct fixture *fx, const char *text)
{
    static const char *const suffixes[] = {"", "-wal"};
    size_t len = strlen(text);
    bool found = false;

    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        const char *path = arena_fmt(&fx->arena, "%s%s", fx->conf.database, suffixes[i]);
        FILE *in = fopen(path, "re");
        char *bytes = xmalloc(8 << 20);
        size_t size = in ? fread(bytes, 1, 8 << 20, in) : 0;

        for (size_t at = 0; !found && at + len <= size; at++)
            found = memcmp(bytes + at, text, len) == 0;
        free(bytes);
        if (in)
            fclose(in);
    }
    return found;
}

static struct erased erase(struct fixture *fx, int64_t user_id)
{
    struct erased erased;

    assert_int_equal(erase_person(&fx->chat, user_id, 0, INT64_MAX, &erased, &fx->fail), OK);
    assert_true(erased.done);
    return erased;
}

static void test_nothing_that_was_written_stays(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "anabelle-q"), ben = fixture_user(fx, "8", "ben");
    int64_t first, second;
    struct acted out;
    struct posted reply;
    struct post p = {
        .actor = &ben, .room = "energy", .text = "in reply", .text_len = 8, .via = "api"};

    first = fixture_post(fx, &ana, "energy", "quokkaone is the first text").message.id;
    second = fixture_post(fx, &ana, "general", "quokkatwo is the second").message.id;
    fixture_post(fx, &ben, "energy", "what ben says stays");
    p.reply_to = first;
    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &p, &reply, &fx->fail), OK);
    assert_int_equal(
        act(fx,
            (struct act){.kind = ACT_EDIT, .text = "quokkathree, mended", .text_len = 19, .rev = 1},
            &ana, first, &out),
        OK);
    assert_int_equal(
        act(fx, (struct act){.kind = ACT_REACT, .emoji = "🚀", .on = true}, &ben, first, &out), OK);
    assert_int_equal(remove_as(fx, &ana, second), OK);
    assert_int_equal(ignore_set(&fx->chat, &fx->arena, &ana, ben.user_id, true, &fx->fail), OK);
    assert_true(is_on_disk(fx, "quokkaone"));

    assert_int_equal(erase(fx, ana.user_id).messages, 2);
    for (int i = 0; i < 3; i++) {
        static const char *const texts[] = {"quokkaone", "quokkatwo", "quokkathree"};

        if (is_on_disk(fx, texts[i]))
            fail_msg("%s is still there", texts[i]);
    }
    assert_false(is_on_disk(fx, "anabelle-q"));
    assert_true(is_on_disk(fx, "what ben says stays"));
    assert_sound(fx); /* the chains too */
    assert_string_equal(row(fx, first).author_name, "Deleted user");
    assert_true(row(fx, first).deleted_ms > 0);
    assert_non_null(strstr(newest(fx, "energy"), "\"type\":\"message_deleted\""));
    assert_true(row(fx, reply.message.id).quote->deleted_ms > 0);
    assert_int_equal(erase(fx, ana.user_id).messages, 0); /* once more is nothing more */
    assert_sound(fx);
}

static size_t reactions(struct fixture *fx, int64_t id)
{
    struct message m = row(fx, id);

    return m.reaction_count ? (size_t)m.reactions[0].count : 0;
}

static void react(struct fixture *fx, const struct actor *who, int64_t id, const char *emoji)
{
    struct acted out;

    assert_int_equal(
        act(fx, (struct act){.kind = ACT_REACT, .emoji = emoji, .on = true}, who, id, &out), OK);
}

static void test_reactions_are_taken_back_and_everybody_is_told(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    int64_t both, alone, own;

    both = fixture_post(fx, &ben, "general", "both like it").message.id;
    alone = fixture_post(fx, &ben, "energy", "she alone").message.id;
    own = fixture_post(fx, &ana, "general", "her own").message.id;
    react(fx, &ana, both, "🚀");
    react(fx, &ben, both, "🚀");
    react(fx, &ana, alone, "👍");
    react(fx, &ana, own, "👍");
    react(fx, &ben, own, "👍");
    erase(fx, ana.user_id);
    assert_int_equal(reactions(fx, both), 1);
    assert_int_equal(reactions(fx, alone), 0);
    assert_int_equal(reactions(fx, own), 0);
    assert_non_null(strstr(newest(fx, "energy"), "\"type\":\"reaction\""));
    assert_non_null(strstr(newest(fx, "energy"), "\"on\":false"));
    assert_non_null(strstr(newest(fx, "energy"), "\"reactions\":[]"));
    assert_sound(fx);
}

static void test_who_comes_back_is_somebody_new(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), guest = fixture_guest(fx, "gil"), again;
    const char *token = fixture_token(fx, "7", "ana", NULL);

    erase(fx, ana.user_id);
    erase(fx, guest.user_id);
    assert_int_equal(identity_refresh(&fx->chat, &fx->arena, &ana, &fx->fail), ERR_TOKEN_INVALID);
    assert_int_equal(
        identity_from_host_token(&fx->chat, &fx->arena, token, strlen(token), &again, &fx->fail),
        OK);
    assert_int_not_equal(again.user_id, ana.user_id);
    assert_string_equal(again.username, "ana");
    assert_int_not_equal(fixture_guest(fx, "gil").user_id, guest.user_id);
    assert_int_equal(fixture_try(fx, &again, "general", "back"), OK);
}

static void test_oneself_by_name_and_not_out_of_a_mute(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct erased erased;

    assert_int_equal(erase_self(&fx->chat, &ana, "Ana", 1000, &erased, &fx->fail), ERR_BAD_REQUEST);
    ana.muted_until = FIXTURE_NOW_MS + 1000000;
    assert_int_equal(erase_self(&fx->chat, &ana, "ana", 1000, &erased, &fx->fail), ERR_MUTED);
    ana.muted_until = 0;
    assert_int_equal(erase_self(&fx->chat, &ana, "ana", 1000, &erased, &fx->fail), OK);
    assert_string_equal(fixture_row(fx, ana.user_id).username, "Deleted user");
    assert_int_equal(erase_person(&fx->chat, 4711, 0, 1000, &erased, &fx->fail), ERR_NOT_FOUND);
}

static size_t texts_left(struct fixture *fx, int64_t user_id)
{
    struct message *list = arena_alloc(&fx->arena, 1000 * sizeof *list);
    size_t count;

    assert_int_equal(
        mine_messages(fx->chat.db, &fx->arena, user_id, 0, 0, list, 1000, &count, &fx->fail), OK);
    return count;
}

static void test_what_takes_too_long_is_finished_later(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct erased erased;

    fx->conf.rate_user_burst = 1000;
    for (int i = 0; i < ERASE_STEP + 20; i++)
        react(fx, &ana, fixture_post(fx, &ana, "general", "wombat").message.id, "👍");
    assert_int_equal(erase_person(&fx->chat, ana.user_id, 0, 0, &erased, &fx->fail), OK);
    assert_int_equal(erased.messages, 0);
    assert_false(erased.done);
    assert_int_equal(texts_left(fx, ana.user_id), ERASE_STEP + 20);
    assert_string_equal(fixture_row(fx, ana.user_id).username, "Deleted user");
    assert_int_equal(erase_pending(&fx->chat, &erased, &fx->fail), OK);
    assert_int_equal(erased.messages, ERASE_STEP + 20);
    assert_int_equal(texts_left(fx, ana.user_id), 0);
    assert_int_equal(erase_pending(&fx->chat, &erased, &fx->fail), OK);
    assert_int_equal(erased.messages, 0);
    assert_sound(fx);
}

static void test_private_rooms_go_on_without_them(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct room_view v;
    struct room room;

    fixture_post(fx, &ben, "general", "here is ben");
    FIXTURE_WRITE(fx,
                  open_private(&fx->chat, &fx->arena, &ana, "The desk", NULL, &room, &fx->fail));
    FIXTURE_WRITE(
        fx, members_invite(&fx->chat, &fx->arena, &ana, room.slug, ben.user_id, NULL, &fx->fail));
    FIXTURE_WRITE(fx, members_join(&fx->chat, &fx->arena, &ben, room.slug, &v, &fx->fail));
    erase(fx, ana.user_id);
    assert_int_equal(rooms_find(&fx->chat, &fx->arena, &ben, room.slug, &v, &fx->fail), OK);
    assert_int_equal(v.room.owner_id, ben.user_id);
    assert_int_equal(rooms_find(&fx->chat, &fx->arena, &ana, room.slug, &v, &fx->fail),
                     ERR_ROOM_NOT_FOUND);
    assert_sound(fx);
}

static void test_an_erased_persons_files_are_nobodys(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    const struct upload_wish wish = {
        .actor = &ana, .room = "energy", .name = "a.txt", .name_len = 5, .size = 5};
    struct upload posted, waiting;
    struct attachment file;
    struct posted message;

    assert_int_equal(upload_whole(&fx->chat, &fx->arena, &wish, "hello", &posted, &fx->fail), OK);
    assert_int_equal(upload_whole(&fx->chat, &fx->arena, &wish, "there", &waiting, &fx->fail), OK);
    const struct post p = {
        .actor = &ana, .room = "energy", .via = "api", .attachments = posted.row.id};

    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &p, &message, &fx->fail), OK);
    assert_int_equal(upload_fetch(&fx->chat, &fx->arena, &ben, posted.row.id, &file, &fx->fail),
                     OK);
    erase(fx, ana.user_id);
    assert_int_equal(upload_fetch(&fx->chat, &fx->arena, &ben, posted.row.id, &file, &fx->fail),
                     ERR_FILE_NOT_FOUND);
    assert_int_equal(upload_fetch(&fx->chat, &fx->arena, &ana, waiting.row.id, &file, &fx->fail),
                     ERR_FILE_NOT_FOUND);
}

/* ----- the journal ----- */

static const char *journal_path(struct fixture *fx)
{
    return arena_fmt(&fx->arena, "%s-erased", fx->conf.database);
}

static enum err count_line(void *ctx, const struct erase_line *line, struct fail *f)
{
    (void)line;
    (void)f;
    ++*(size_t *)ctx;
    return OK;
}

static size_t lines(struct fixture *fx)
{
    size_t count = 0;

    assert_int_equal(erase_journal_read(&fx->conf, count_line, &count, &fx->fail), OK);
    return count;
}

static int64_t pending(struct fixture *fx)
{
    struct erased erased;

    assert_int_equal(erase_pending(&fx->chat, &erased, &fx->fail), OK);
    return erased.people;
}

static void test_what_stopped_after_it_was_asked_for_is_done_later(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    const struct erase_line line = {ERASE_PERSON, ana.user_id,
                                    fixture_row(fx, ana.user_id).first_seen_ms, 1};
    off_t at;

    fixture_post(fx, &ana, "general", "wombat");
    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    assert_int_equal(erase_journal_add(fx->chat.db, &line, &at, &fx->fail), OK);
    db_rollback(fx->chat.db); /* as a kill before the commit would */
    assert_string_equal(fixture_row(fx, ana.user_id).username, "ana");
    assert_int_equal(pending(fx), 1);
    assert_string_equal(fixture_row(fx, ana.user_id).username, "Deleted user");
    assert_int_equal(texts_left(fx, ana.user_id), 0);
    assert_int_equal(pending(fx), 0);
    assert_int_equal(lines(fx), 1);
}

static void test_an_erasure_that_failed_is_not_done_later(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct erased erased;

    fixture_sql(fx,
                "CREATE TRIGGER no BEFORE INSERT ON erasure BEGIN SELECT raise(FAIL, 'no'); END");
    assert_int_not_equal(erase_person(&fx->chat, ana.user_id, 0, INT64_MAX, &erased, &fx->fail),
                         OK);
    fixture_sql(fx, "DROP TRIGGER no");
    assert_int_equal(access(journal_path(fx), F_OK), 0);
    assert_int_equal(lines(fx), 0);
    assert_int_equal(pending(fx), 0);
    assert_string_equal(fixture_row(fx, ana.user_id).username, "ana");
    erase(fx, ana.user_id);
    assert_int_equal(lines(fx), 1);
}

static void test_half_a_line_spoils_no_other(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    FILE *out;

    erase(fx, ana.user_id);
    out = fopen(journal_path(fx), "ae");
    assert_non_null(out);
    fprintf(out, "+ person %lld", (long long)ben.user_id);
    fclose(out);
    assert_int_equal(lines(fx), 1);
    assert_int_equal(pending(fx), 0);
    erase(fx, ben.user_id);
    assert_int_equal(lines(fx), 2);
}

static void test_a_new_journal_knows_who_was_erased_before_it(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");

    erase(fx, ana.user_id);
    assert_int_equal(unlink(journal_path(fx)), 0);
    assert_int_equal(pending(fx), 0);
    assert_int_equal(lines(fx), 1);
    assert_int_equal(unlink(journal_path(fx)), 0);
    erase(fx, ben.user_id);
    assert_int_equal(lines(fx), 2);
}

static void test_what_moderators_remove_is_noted_and_removed_again_where_that_is_asked(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), mod = fixture_moderator(fx, "9", "mia");
    int64_t own = fixture_post(fx, &mod, "general", "the moderator's own").message.id;
    int64_t authors = fixture_post(fx, &ana, "general", "by its author").message.id;
    int64_t removed = fixture_post(fx, &ana, "general", "by the moderator").message.id;
    struct erased erased;

    assert_int_equal(remove_as(fx, &mod, own), OK);
    assert_int_equal(remove_as(fx, &ana, authors), OK);
    assert_int_equal(lines(fx), 0);
    assert_int_equal(remove_as(fx, &mod, removed), OK);
    assert_int_equal(lines(fx), 1);
    fixture_sql(fx, arena_fmt(&fx->arena, /* as a backup of before has it */
                              "UPDATE message SET deleted_ms = 0, rev = 2 WHERE id = %lld",
                              (long long)removed));
    assert_int_equal(erase_pending(&fx->chat, &erased, &fx->fail), OK);
    assert_int_equal(row(fx, removed).deleted_ms, 0);
    assert_int_equal(erase_restored(&fx->chat, false, &erased, &fx->fail), OK);
    assert_int_equal(erased.removed, 0);
    assert_int_equal(erase_restored(&fx->chat, true, &erased, &fx->fail), OK);
    assert_int_equal(erased.removed, 1);
    assert_true(row(fx, removed).deleted_ms > 0);
    assert_int_equal(erase_restored(&fx->chat, true, &erased, &fx->fail), OK);
    assert_int_equal(erased.removed, 0);
}

/* Ids come again in a restored history. */
static void test_another_person_of_the_same_id_is_not_meant(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");

    erase(fx, ana.user_id);
    fixture_sql(fx, arena_fmt(&fx->arena,
                              "UPDATE user SET ext_id = 'h:9', first_seen_ms = first_seen_ms + 1"
                              " WHERE id = %lld",
                              (long long)ana.user_id));
    assert_int_equal(pending(fx), 0);
    assert_string_equal(fixture_row(fx, ana.user_id).ext_id, "h:9");
    assert_string_equal(fixture_row(fx, ben.user_id).username, "ben");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_that_was_written_stays),
        TEST(test_an_erased_persons_files_are_nobodys),
        TEST(test_reactions_are_taken_back_and_everybody_is_told),
        TEST(test_who_comes_back_is_somebody_new),
        TEST(test_oneself_by_name_and_not_out_of_a_mute),
        TEST(test_what_takes_too_long_is_finished_later),
        TEST(test_private_rooms_go_on_without_them),
        TEST(test_what_stopped_after_it_was_asked_for_is_done_later),
        TEST(test_an_erasure_that_failed_is_not_done_later),
        TEST(test_half_a_line_spoils_no_other),
        TEST(test_a_new_journal_knows_who_was_erased_before_it),
        TEST(test_what_moderators_remove_is_noted_and_removed_again_where_that_is_asked),
        TEST(test_another_person_of_the_same_id_is_not_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
