/* Opening all of it, and one write: commit, then wake the sidecar; or nothing of both. */
#include "chat/limits.h"
#include "chat/online.h"
#include "chat/post.h"
#include "tests/lib/fixture.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool woken(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    bool yes = poll(&p, 1, 0) == 1;

    notify_drain(fd, NULL, NULL);
    return yes;
}

struct step {
    struct fixture *fx;
    enum err result;
};

/* Renames "energy", then says what it was told to. */
static enum err rename_energy(struct chat *c, void *arg, struct fail *f)
{
    struct step *s = arg;
    enum err e = room_update_topic(c->db, fixture_room(s->fx, "energy").id, "changed", f);

    return e ? e : s->result;
}

static void test_a_write_is_whole_and_wakes_or_is_not(void **state)
{
    struct fixture *fx = fixture_open();
    struct step bad = {fx, ERR_BUSY}, good = {fx, OK};
    int fd = notify_bind(fx->conf.notify_socket, &fx->fail);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(chat_write(&fx->chat, rename_energy, &bad, &fx->fail), ERR_BUSY);
    assert_false(db_in_transaction(fx->chat.db));
    assert_string_equal(fixture_room(fx, "energy").topic, "");
    assert_false(woken(fd));
    assert_int_equal(chat_write(&fx->chat, rename_energy, &good, &fx->fail), OK);
    assert_false(db_in_transaction(fx->chat.db));
    assert_string_equal(fixture_room(fx, "energy").topic, "changed");
    assert_true(woken(fd));
    close(fd);
    fixture_close(fx);
}

static void test_a_dead_sidecar_stops_no_writer(void **state)
{
    struct fixture *fx = fixture_open();
    struct actor ana = fixture_user(fx, "7", "ana");
    int fd = notify_bind(fx->conf.notify_socket, &fx->fail);

    (void)state;
    /* Nobody reads: the queue fills, and posting goes on. */
    for (int i = 0; i < 40; i++)
        fixture_post(fx, &ana, NULL, "x");
    close(fd);
    fixture_post(fx, &ana, NULL, "nobody is bound");
    assert_int_equal(unlink(fx->conf.notify_socket), 0);
    fixture_post(fx, &ana, NULL, "nothing is there");
    fixture_close(fx);
}

static void test_a_reader_needs_no_state(void **state)
{
    struct fixture *fx = fixture_open();
    struct actor ana = fixture_user(fx, "7", "ana");
    struct chat reader;
    struct room r;

    (void)state;
    assert_int_equal(chat_open(&reader, &fx->conf, &fx->log, DB_READ_ONLY, &fx->fail), OK);
    assert_null(reader.state);
    fixture_post(fx, &ana, NULL, "x");
    assert_int_equal(room_by_slug(reader.db, &fx->arena, "general", &r, &fx->fail), OK);
    assert_int_equal(r.head, 2);
    assert_int_not_equal(db_begin_write(reader.db, &fx->fail), OK);
    chat_close(&reader);
    fixture_close(fx);
}

static void test_a_program_of_one_request_opens_state_where_something_needs_it(void **state)
{
    struct fixture *fx = fixture_open();
    struct actor ana = fixture_user(fx, "7", "ana");
    struct online *there;
    struct posted posted;
    struct chat brief;
    size_t count;

    (void)state;
    assert_int_equal(chat_open_briefly(&brief, &fx->conf, &fx->log, &fx->fail), OK);
    assert_null(brief.state);
    assert_int_equal(online_list(&brief, &fx->arena, 1, &there, &count, &fx->fail), OK);
    assert_non_null(brief.state);
    chat_close(&brief);
    assert_int_equal(chat_open_briefly(&brief, &fx->conf, &fx->log, &fx->fail), OK);
    fx->conf.rate_user_burst = 1;
    assert_int_equal(
        chat_post_now(&brief, &fx->arena,
                      &(struct post){.actor = &ana, .text = "x", .text_len = 1, .via = "api"},
                      &posted, &fx->fail),
        OK);
    chat_close(&brief);
    assert_int_equal(chat_open_briefly(&brief, &fx->conf, &fx->log, &fx->fail), OK);
    assert_int_equal(limits_take_message(&brief, &ana, NULL, &fx->fail), ERR_RATE_LIMITED);
    chat_close(&brief);
    fixture_close(fx);
}

static void test_what_cannot_open_says_why_and_holds_nothing(void **state)
{
    struct fixture *fx = fixture_open();
    char *state_database = fx->conf.state_database;
    char elsewhere[128];
    struct chat c;

    (void)state;
    snprintf(elsewhere, sizeof elsewhere, "%s/no/such/folder/state.db", fx->dir);
    fx->conf.state_database = elsewhere; /* chat.db is open by then */
    assert_int_not_equal(chat_open(&c, &fx->conf, &fx->log, DB_READ_WRITE, &fx->fail), OK);
    assert_true(strlen(fx->fail.message) > 10);
    assert_null(c.db);
    assert_null(c.state);
    assert_int_equal(c.notify.fd, -1);
    fx->conf.state_database = state_database;
    fixture_close(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_write_is_whole_and_wakes_or_is_not),
        cmocka_unit_test(test_a_dead_sidecar_stops_no_writer),
        cmocka_unit_test(test_a_reader_needs_no_state),
        cmocka_unit_test(test_a_program_of_one_request_opens_state_where_something_needs_it),
        cmocka_unit_test(test_what_cannot_open_says_why_and_holds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
