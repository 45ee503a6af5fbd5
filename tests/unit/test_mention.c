/* Whom a message mentions: who is meant, who is told, and what stays true when names change. */
#include "tests/unit/act_fixture.h"

#include "chat/erase.h"
#include "chat/ignore.h"
#include "chat/members.h"
#include "chat/mentioned.h"
#include "chat/render.h"
#include "chat/self.h"
#include "db/mention.h"
#include "db/purge.h"

struct people {
    struct actor ana, ben, both, mod;
};

static void enter(struct fixture *fx, const struct actor *who)
{
    struct room_view v;
    bool changed;

    assert_int_equal(rooms_find(&fx->chat, &fx->arena, who, "energy", &v, &fx->fail), OK);
    FIXTURE_WRITE(fx, rooms_mark_read(&fx->chat, who, &v, v.room.head ? v.room.head : 1, &changed,
                                      &fx->fail));
}

/* All of them known to everybody, and with a mark at the end of "energy". */
static struct people people(struct fixture *fx)
{
    struct people p = {fixture_user(fx, "7", "ana"), fixture_user(fx, "8", "ben"),
                       fixture_user(fx, "9", "Ben Both"), fixture_moderator(fx, "10", "mod")};

    fixture_post(fx, &p.ana, "energy", "I am here");
    fixture_post(fx, &p.ben, "energy", "so am I");
    fixture_post(fx, &p.both, "energy", "and I");
    fixture_post(fx, &p.mod, "energy", "and I");
    enter(fx, &p.ana);
    enter(fx, &p.ben);
    enter(fx, &p.both);
    return p;
}

static struct message say(struct fixture *fx, const struct actor *who, const char *text)
{
    return row(fx, fixture_post(fx, who, "energy", text).message.id);
}

/* The ids of those mentioned, as "8 9". */
static const char *whom(struct fixture *fx, const struct message *m)
{
    const char *text = "";

    for (size_t i = 0; i < m->mention_count; i++)
        text = arena_fmt(&fx->arena, "%s%s%lld", text, i ? " " : "",
                         (long long)m->mentions[i].user_id);
    return text;
}

static const char *ids(struct fixture *fx, int64_t a, int64_t b)
{
    return b ? arena_fmt(&fx->arena, "%lld %lld", (long long)a, (long long)b)
             : arena_fmt(&fx->arena, "%lld", (long long)a);
}

static int64_t head_of(struct fixture *fx, const struct actor *who)
{
    return fixture_room(fx, self_slug(&fx->arena, who->user_id)).head;
}

static int64_t unread_mentions(struct fixture *fx, const struct actor *who)
{
    struct room_view v;

    assert_int_equal(rooms_find(&fx->chat, &fx->arena, who, "energy", &v, &fx->fail), OK);
    return v.mentions;
}

static struct mentioned_page mentioned(struct fixture *fx, const struct actor *who, int64_t page)
{
    struct mentioned_page p;

    assert_int_equal(mentioned_load(&fx->chat, &fx->arena, who, page, &p, &fx->fail), OK);
    return p;
}

static void rename_to(struct fixture *fx, const char *user_id, const char *name)
{
    fixture_user(fx, user_id, name);
}

static void edit(struct fixture *fx, const struct actor *who, const struct message *m,
                 const char *text)
{
    struct acted out;
    const struct act what = {
        .kind = ACT_EDIT, .text = text, .text_len = strlen(text), .rev = m->rev};

    assert_int_equal(act(fx, what, who, m->id, &out), OK);
}

/* ----- who is meant ----- */

static void test_the_longest_name_that_fits_is_meant(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m = say(fx, &p.ana, "@ben, look");

    assert_string_equal(whom(fx, &m), ids(fx, p.ben.user_id, 0));
    assert_string_equal(m.html, arena_fmt(&fx->arena, "<span data-user=\"%lld\">@ben</span>, look",
                                          (long long)p.ben.user_id));
    m = say(fx, &p.ana, "well, @ben both of you: @BEN!");
    assert_string_equal(whom(fx, &m), ids(fx, p.both.user_id, p.ben.user_id));
    m = say(fx, &p.ana, "@\"Ben Both\" and @\"ben\" both");
    assert_string_equal(whom(fx, &m), ids(fx, p.both.user_id, p.ben.user_id));
    m = say(fx, &p.ana, "\xe4\xbd\xa0\xe5\xa5\xbd@ben\xe4\xbd\xa0\xe5\xa5\xbd");
    assert_string_equal(whom(fx, &m), ids(fx, p.ben.user_id, 0));
    assert_string_equal(m.body, "\xe4\xbd\xa0\xe5\xa5\xbd@ben\xe4\xbd\xa0\xe5\xa5\xbd");
    assert_sound(fx);
}

static void test_what_names_nobody_is_text(void **state)
{
    static const char *const texts[] = {
        "ana@ben.example",
        "@bennet and @be",
        "@nobody",
        "@ ben",
        "@",
        "https://x.example/@ben",
        "https://x.example/?q=@ben",
        "[@ben](https://x.example/)",
        "`@ben`",
        "``a ` @ben``",
        "```\n@ben\n```",
        "\\@ben",
        "@\"ben",
        "@ben_",
        "@all of you, and @here",
    };
    struct fixture *fx = *state;
    struct people p = people(fx);
    int64_t head = head_of(fx, &p.ben);

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct message m = say(fx, &p.ana, texts[i]);

        if (m.mention_count || (m.html && strstr(m.html, "data-user")))
            fail_msg("%s mentions somebody", texts[i]);
        assert_string_equal(m.body, texts[i]);
        fixture_pass(fx, 60000);
    }
    assert_int_equal(head_of(fx, &p.ben), head);
    assert_sound(fx);
}

static void test_people_of_one_name_are_told_apart_by_their_number(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct actor second = fixture_user(fx, "77", "Ben");
    struct message m;

    fixture_post(fx, &second, "energy", "another ben");
    m = say(fx, &p.ana, arena_fmt(&fx->arena, "@ben#%lld and @ben", (long long)second.user_id));
    assert_string_equal(whom(fx, &m), ids(fx, second.user_id, p.ben.user_id));
    assert_non_null(
        strstr(m.html, arena_fmt(&fx->arena, ">@Ben#%lld<", (long long)second.user_id)));
    m = say(fx, &p.ana, "@ben#4711");
    assert_string_equal(whom(fx, &m), ids(fx, p.ben.user_id, 0));
}

static void test_ten_are_mentioned_and_no_more(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m =
        say(fx, &p.ana, "@ben @ben @ben @ben @ben @ben @ben @ben @ben @ben @ben @\"Ben Both\"");

    assert_int_equal(m.mention_count, MENTIONS_MAX);
    assert_int_equal(head_of(fx, &p.both), 0);
    assert_int_equal(head_of(fx, &p.ben), 1); /* once */
    assert_int_equal(unread_mentions(fx, &p.ben), 1);
    assert_int_equal(mentioned(fx, &p.ben, 1).count, 1);
    assert_sound(fx);
}

static void test_whom_the_author_may_not_know_of_is_not_mentioned(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct actor silent = fixture_user(fx, "11", "silent");
    struct message m = say(fx, &p.ana, "@silent?");

    assert_int_equal(m.mention_count, 0);
    assert_null(m.html);
    assert_int_equal(head_of(fx, &silent), 0);
}

static void test_in_a_private_room_its_members_alone_are_mentioned(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct room r;
    struct message m;

    FIXTURE_WRITE(fx, rooms_create_hidden(&fx->chat, &fx->arena, "private", "Two", p.ana.user_id,
                                          &r, &fx->fail));
    FIXTURE_WRITE(
        fx, members_add(&fx->chat, &fx->arena, &r, p.ana.user_id, p.ana.user_id, NULL, &fx->fail));
    FIXTURE_WRITE(
        fx, members_add(&fx->chat, &fx->arena, &r, p.both.user_id, p.ana.user_id, NULL, &fx->fail));
    m = row(fx, fixture_post(fx, &p.ana, r.slug, "@ben Both, not @ben").message.id);
    assert_string_equal(whom(fx, &m), ids(fx, p.both.user_id, 0));
    assert_int_equal(head_of(fx, &p.ben), 0);
    assert_int_equal(mentioned(fx, &p.both, 1).count, 1);
    FIXTURE_WRITE(
        fx, members_remove(&fx->chat, &fx->arena, &p.both, r.slug, p.both.user_id, &fx->fail));
    assert_int_equal(mentioned(fx, &p.both, 1).count, 0); /* who is out of it sees nothing of it */
}

/* ----- who is told ----- */

static void test_who_is_mentioned_is_told_in_their_own_log(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m = say(fx, &p.ana, "@ben and @\"Ben Both\" and @ana");
    const char *frame = newest(fx, self_slug(&fx->arena, p.ben.user_id));

    assert_non_null(strstr(frame, "\"type\":\"mention\""));
    assert_non_null(strstr(frame, arena_fmt(&fx->arena, "\"id\":%lld", (long long)m.id)));
    assert_non_null(strstr(frame, arena_fmt(&fx->arena, "\"msg_seq\":%lld", (long long)m.seq)));
    assert_non_null(strstr(frame, "\"of\":\"energy\""));
    assert_non_null(strstr(frame, "\"username\":\"ana\""));
    assert_null(strstr(frame, "and")); /* nothing of what it says */
    assert_int_equal(head_of(fx, &p.both), 1);
    assert_int_equal(head_of(fx, &p.ana), 0); /* not of oneself */
    assert_int_equal(unread_mentions(fx, &p.ben), 1);
    assert_int_equal(unread_mentions(fx, &p.ana), 0);
    enter(fx, &p.ben);
    assert_int_equal(unread_mentions(fx, &p.ben), 0);
    assert_int_equal(unread_mentions(fx, &p.both), 1);
    assert_sound(fx);
}

static void test_whom_one_ignores_cannot_call(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    int64_t head;

    assert_int_equal(ignore_set(&fx->chat, &fx->arena, &p.ben, p.ana.user_id, true, &fx->fail), OK);
    head = head_of(fx, &p.ben);
    say(fx, &p.ana, "@ben");
    assert_int_equal(head_of(fx, &p.ben), head);
    assert_int_equal(unread_mentions(fx, &p.ben), 0);
    assert_int_equal(mentioned(fx, &p.ben, 1).count, 0);
}

static void test_an_edit_tells_those_who_are_new_in_it(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m = say(fx, &p.ana, "@ben, look");

    edit(fx, &p.ana, &m, "@ben, and @\"Ben Both\", look");
    assert_int_equal(head_of(fx, &p.ben), 1);
    assert_int_equal(head_of(fx, &p.both), 1);
    m = row(fx, m.id);
    assert_string_equal(whom(fx, &m), ids(fx, p.ben.user_id, p.both.user_id));
    assert_non_null(strstr(newest(fx, "energy"), "\"mentions\":[{"));
    edit(fx, &p.ana, &m, "nobody");
    m = row(fx, m.id);
    assert_int_equal(m.mention_count, 0);
    assert_null(m.html);
    assert_int_equal(unread_mentions(fx, &p.ben), 0);
    assert_int_equal(mentioned(fx, &p.both, 1).count, 0);
    assert_null(strstr(newest(fx, "energy"), "mentions"));
    assert_sound(fx);
}

static void test_a_deletion_takes_the_mention_away(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m = say(fx, &p.ana, "@ben, hushed");

    assert_int_equal(remove_as(fx, &p.ana, m.id), OK);
    assert_int_equal(unread_mentions(fx, &p.ben), 0);
    assert_int_equal(mentioned(fx, &p.ben, 1).count, 0);
    assert_null(strstr(newest(fx, self_slug(&fx->arena, p.ben.user_id)), "hushed"));
    assert_sound(fx);
}

static void test_a_moderator_calls_everybody_but_not_all_the_time(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m = say(fx, &p.mod, "@all: the market closes at noon");
    int calls = 1;

    assert_string_equal(whom(fx, &m), "0");
    assert_string_equal(m.html, "<span data-user=\"0\">@all</span>: the market closes at noon");
    assert_non_null(strstr(newest(fx, "energy"), "\"mentions_all\":true"));
    assert_int_equal(head_of(fx, &p.ben), 0); /* the room's log says it */
    assert_int_equal(unread_mentions(fx, &p.ben), 1);
    assert_int_equal(mentioned(fx, &p.ben, 1).count, 1);
    assert_int_equal(mentioned(fx, &p.mod, 1).count, 0);
    while (calls < 100 && say(fx, &p.mod, "@here").mention_count)
        calls++;
    assert_int_equal(calls, fx->conf.rate_session_burst);
    fixture_pass(fx, 60000);
    assert_int_equal(say(fx, &p.mod, "@here").mention_count, 1);
    assert_sound(fx);
}

/* ----- when names change ----- */

static void test_a_mention_goes_by_the_present_name(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m = say(fx, &p.ana, "**@ben** and @BEN, not `@ben`");
    struct message reply;
    struct posted posted;
    const struct post post = {.actor = &p.ana,
                              .room = "energy",
                              .text = "so?",
                              .text_len = 3,
                              .reply_to = m.id,
                              .via = "api"};
    const char *id = ids(fx, p.ben.user_id, 0);

    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &post, &posted, &fx->fail), OK);
    rename_to(fx, "8", "Benedict Ost");
    m = row(fx, m.id);
    assert_string_equal(message_text(&m), "**@Benedict Ost** and @Benedict Ost, not `@ben`");
    assert_string_equal(m.body, "**@ben** and @BEN, not `@ben`"); /* what the log's hash is of */
    assert_string_equal(m.html,
                        arena_fmt(&fx->arena,
                                  "<strong><span data-user=\"%s\">@Benedict Ost</span></strong>"
                                  " and <span data-user=\"%s\">@Benedict Ost</span>, not"
                                  " <code>@ben</code>",
                                  id, id));
    reply = row(fx, posted.message.id);
    assert_string_equal(reply.quote->body, "**@Benedict Ost** and @Benedict Ost, not `@ben`");
    assert_sound(fx);
}

static void test_a_retry_after_a_change_of_name_is_no_conflict(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    const struct post post = {.actor = &p.ana,
                              .room = "energy",
                              .text = "@ben!",
                              .text_len = 5,
                              .client_id = "abcdefgh",
                              .via = "api"};
    struct posted first, again;

    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &post, &first, &fx->fail), OK);
    rename_to(fx, "8", "benedict");
    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &post, &again, &fx->fail), OK);
    assert_true(again.duplicate);
    assert_int_equal(head_of(fx, &p.ben), 2); /* the mention and the name */
}

static void test_rendering_anew_keeps_mentions(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m = say(fx, &p.ana, "**well**, @ben");
    struct render_total total;

    fixture_sql(fx, "UPDATE message SET html = NULL");
    assert_int_equal(render_all(&fx->chat, &total, &fx->fail), OK);
    assert_string_equal(row(fx, m.id).html, m.html);
    assert_int_equal(total.changed, 1);
}

/* ----- what goes ----- */

static void test_an_erased_person_is_shown_without_name_and_not_found_by_it(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct message m = say(fx, &p.ana, "@ben, look"), own = say(fx, &p.ben, "@ana, yes");
    struct erased erased;

    assert_int_equal(erase_person(&fx->chat, p.ben.user_id, 0, 60000, &erased, &fx->fail), OK);
    m = row(fx, m.id);
    assert_string_equal(message_text(&m), "@Deleted user, look");
    assert_null(strstr(m.html, "ben"));
    assert_int_equal(row(fx, own.id).mention_count, 0);
    assert_int_equal(unread_mentions(fx, &p.ana), 0);
    assert_int_equal(say(fx, &p.ana, "@Deleted user").mention_count, 0);
    assert_sound(fx);
}

static void test_a_purge_takes_the_rows_with_their_messages(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    int64_t events, messages, room = fixture_room(fx, "energy").id;
    struct message m = say(fx, &p.ana, "@ben, look");
    bool done;

    FIXTURE_WRITE(fx, purge_step(fx->chat.db, room, m.seq, &events, &messages, &done, &fx->fail));
    assert_int_equal(mentioned(fx, &p.ben, 1).count, 0);
    assert_int_equal(unread_mentions(fx, &p.ben), 0);
    assert_non_null(
        strstr(newest(fx, self_slug(&fx->arena, p.ben.user_id)), "\"type\":\"mention\""));
    assert_sound(fx);
}

static void test_a_lost_row_is_seen_by_verify(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct verify_total total;

    say(fx, &p.ana, "@ben, look");
    assert_sound(fx);
    fixture_sql(fx, "DELETE FROM mention");
    assert_int_equal(verify_database(fx->chat.db, NULL, NULL, &total, &fx->fail), OK);
    assert_int_equal(total.problems, 1);
}

static void test_the_list_goes_on_for_pages(void **state)
{
    struct fixture *fx = *state;
    struct people p = people(fx);
    struct mentioned_page first, second;
    int64_t newest_seq = 0;

    for (int i = 0; i < MENTIONED_PAGE + 2; i++) {
        fixture_pass(fx, 60000);
        newest_seq = say(fx, &p.ana, "@ben").seq;
    }
    first = mentioned(fx, &p.ben, 1);
    assert_int_equal(first.count, MENTIONED_PAGE);
    assert_true(first.has_more);
    assert_int_equal(first.list[0].message.seq, newest_seq);
    second = mentioned(fx, &p.ben, 2);
    assert_int_equal(second.count, 2);
    assert_false(second.has_more);
    assert_int_equal(second.list[1].message.seq, newest_seq - MENTIONED_PAGE - 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_the_longest_name_that_fits_is_meant),
        T(test_what_names_nobody_is_text),
        T(test_people_of_one_name_are_told_apart_by_their_number),
        T(test_ten_are_mentioned_and_no_more),
        T(test_whom_the_author_may_not_know_of_is_not_mentioned),
        T(test_in_a_private_room_its_members_alone_are_mentioned),
        T(test_who_is_mentioned_is_told_in_their_own_log),
        T(test_whom_one_ignores_cannot_call),
        T(test_an_edit_tells_those_who_are_new_in_it),
        T(test_a_deletion_takes_the_mention_away),
        T(test_a_moderator_calls_everybody_but_not_all_the_time),
        T(test_a_mention_goes_by_the_present_name),
        T(test_a_retry_after_a_change_of_name_is_no_conflict),
        T(test_rendering_anew_keeps_mentions),
        T(test_an_erased_person_is_shown_without_name_and_not_found_by_it),
        T(test_a_purge_takes_the_rows_with_their_messages),
        T(test_a_lost_row_is_seen_by_verify),
        T(test_the_list_goes_on_for_pages),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
