/* The writer: many posts in one commit, and no answer before it. */
#include "db/handle.h"
#include "tests/lib/fixture.h"
#include "ws-sidecar/writer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

struct chain {
    struct job *first, *last;
};

static struct writer_round round_of(struct fixture *fx)
{
    return (struct writer_round){.chat = &fx->chat, .instance = "here"};
}

static struct job *add(struct chain *c, struct job *j)
{
    if (c->last)
        c->last->next = j;
    else
        c->first = j;
    c->last = j;
    return j;
}

static void drop(struct chain *c)
{
    while (c->first) {
        struct job *next = c->first->next;

        job_free(c->first);
        c->first = next;
    }
    c->last = NULL;
}

static struct job *post(const struct actor *who, const char *text, const char *client_id)
{
    struct job *j = job_new(JOB_POST, 1);
    struct job_post *p = &j->u.post;

    job_copy_actor(j, &p->actor, who);
    p->post.text = arena_str(&j->arena, text);
    p->post.text_len = strlen(text);
    p->post.client_id = arena_str(&j->arena, client_id);
    p->post.via = "ws";
    return j;
}

static size_t messages_in(struct fixture *fx, const char *slug)
{
    struct room r = fixture_room(fx, slug);
    struct message list[200];
    size_t count;
    bool more;

    assert_int_equal(
        message_list(fx->chat.db, &fx->arena, r.id, 0, 0, -1, list, 200, &count, &more, &fx->fail),
        OK);
    return count;
}

static void test_a_round_of_posts_is_numbered_in_order(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct chain c = {0};

    (void)state;
    for (int i = 0; i < 20; i++) {
        char text[16];

        snprintf(text, sizeof text, "m%d", i);
        add(&c, post(&ana, text, NULL));
    }
    writer_run(&round, c.first);
    for (struct job *j = c.first; j; j = j->next) {
        assert_int_equal(j->err, OK);
        assert_non_null(strstr(j->u.post.ack, "\"type\":\"ack\""));
    }
    assert_non_null(strstr(c.first->u.post.ack, "\"seq\":2")); /* 1 made the room */
    assert_non_null(strstr(c.last->u.post.ack, "\"seq\":21"));
    assert_int_equal(messages_in(fx, "general"), 20);
    drop(&c);
    fixture_close(fx);
}

static void test_one_refused_post_spoils_no_other(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct chain c = {0};
    struct job *good, *blank, *nowhere, *nobody, *last;
    struct actor none = fixture_nobody();

    (void)state;
    good = add(&c, post(&ana, "one", NULL));
    blank = add(&c, post(&ana, "  ", NULL));
    nowhere = add(&c, post(&ana, "two", NULL));
    nowhere->u.post.post.room = "nowhere";
    nobody = add(&c, post(&none, "three", NULL));
    last = add(&c, post(&ana, "four", NULL));
    writer_run(&round, c.first);
    assert_int_equal(good->err, OK);
    assert_int_equal(blank->err, ERR_BAD_REQUEST);
    assert_int_equal(nowhere->err, ERR_ROOM_NOT_FOUND);
    assert_int_equal(nobody->err, ERR_AUTH_REQUIRED);
    assert_int_equal(last->err, OK);
    assert_int_equal(messages_in(fx, "general"), 2);
    drop(&c);
    fixture_close(fx);
}

/* What no check foresees: a row is there already, and the next cannot be written. */
static void test_one_post_that_fails_half_done_spoils_no_other(void **state)
{
    static const char trigger[] = "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.body ="
                                  " 'poison' BEGIN SELECT raise(ABORT, 'poison'); END";
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct chain c = {0};
    struct job *first, *poison, *last;

    (void)state;
    assert_int_equal(sqlite3_exec(fx->chat.db->sqlite, trigger, NULL, NULL, NULL), SQLITE_OK);
    first = add(&c, post(&ana, "one", "client-one"));
    poison = add(&c, post(&ana, "poison", NULL));
    last = add(&c, post(&ana, "two", NULL));
    writer_run(&round, c.first);
    assert_int_equal(first->err, OK);
    assert_int_equal(poison->err, ERR_EDIT_CONFLICT);
    assert_int_equal(last->err, OK);
    assert_non_null(strstr(first->u.post.ack, "\"seq\":2"));
    assert_non_null(strstr(last->u.post.ack, "\"seq\":3")); /* no number is missing */
    assert_int_equal(messages_in(fx, "general"), 2);
    drop(&c);
    fixture_close(fx);
}

static void test_a_duplicate_in_the_same_round_is_one_message(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct chain c = {0};
    struct job *again, *other;

    (void)state;
    add(&c, post(&ana, "once", "client-id-1"));
    again = add(&c, post(&ana, "once", "client-id-1"));
    other = add(&c, post(&ana, "changed", "client-id-1"));
    writer_run(&round, c.first);
    assert_int_equal(again->err, OK);
    assert_non_null(strstr(again->u.post.ack, "\"duplicate\":true"));
    assert_int_equal(other->err, ERR_CLIENT_ID_CONFLICT);
    assert_int_equal(messages_in(fx, "general"), 1);
    drop(&c);
    fixture_close(fx);
}

static void test_names_make_guests_within_the_round(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct actor none = fixture_nobody();
    struct chain c = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct job *j = add(&c, post(&none, "hello", NULL));

        j->u.post.by_name = true;
        j->u.post.name = i < 2 ? "trader123" : "another";
        j->u.post.name_len = strlen(j->u.post.name);
        j->u.post.post.address = "192.0.2.1";
    }
    writer_run(&round, c.first);
    for (struct job *j = c.first; j; j = j->next)
        assert_int_equal(j->err, OK);
    assert_int_equal(c.first->u.post.actor.user_id, c.first->next->u.post.actor.user_id);
    assert_int_not_equal(c.first->u.post.actor.user_id, c.last->u.post.actor.user_id);
    drop(&c);
    fixture_close(fx);
}

/* Who does not wait any more has done it by himself, or was told no. */
static void test_what_nobody_waits_for_any_more_is_not_stored(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct actor ana = fixture_user(fx, "7", "ana");
    int64_t now = clock_boot_ms(&fx->chat.clock);
    struct chain c = {0};

    (void)state;
    add(&c, post(&ana, "in time", "client-0001"))->u.post.until_ms = now + 1;
    add(&c, post(&ana, "too late", "client-0002"))->u.post.until_ms = now;
    writer_run(&round, c.first);
    assert_int_equal(c.first->err, OK);
    assert_int_equal(c.last->err, ERR_BUSY);
    assert_int_equal(messages_in(fx, "general"), 1);
    drop(&c);
    fixture_close(fx);
}

static void test_marks_share_the_transaction_and_only_rise(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct chain c = {0};
    const int64_t marks[] = {3, 2, 99};
    const bool changed[] = {true, false, true};

    (void)state;
    for (int i = 0; i < 4; i++)
        fixture_post(fx, &ben, "general", "to be read");
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        struct job *j = add(&c, job_new(JOB_READ, 1));

        job_copy_actor(j, &j->u.read.actor, &ana);
        j->u.read.room = "general";
        j->u.read.up_to = marks[i];
    }
    writer_run(&round, c.first);
    for (struct job *j = c.first; j; j = j->next)
        assert_int_equal(j->err, OK);
    assert_int_equal(c.first->u.read.changed, changed[0]);
    assert_string_equal(c.first->u.read.view.room.slug, "general");
    assert_int_equal(c.first->u.read.view.last_read_seq, 3); /* of the room's "created" and two */
    assert_int_equal(c.first->u.read.view.unread, 2);
    assert_int_equal(c.first->next->u.read.changed, changed[1]);
    assert_int_equal(c.last->u.read.changed, changed[2]);
    drop(&c);
    fixture_close(fx);
}

static void test_a_locked_database_is_busy_for_all_who_write(void **state)
{
    struct fixture *fx = fixture_open_with("lock_timeout_ms = 50\n");
    struct writer_round round = round_of(fx);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct chain c = {0};
    struct chat holder;
    struct job *who;

    (void)state;
    fixture_open_chat(fx, &holder);
    assert_int_equal(db_begin_write(holder.db, &fx->fail), OK);
    add(&c, post(&ana, "one", NULL));
    who = add(&c, job_new(JOB_IDENTIFY, 1));
    add(&c, post(&ana, "two", NULL));
    writer_run(&round, c.first);
    assert_int_equal(c.first->err, ERR_BUSY);
    assert_true(c.first->fail.retry_after_ms > 0);
    assert_null(c.first->u.post.ack);
    assert_int_equal(c.last->err, ERR_BUSY);
    assert_int_equal(who->err, OK); /* reading goes on */
    db_rollback(holder.db);
    drop(&c);
    add(&c, post(&ana, "three", NULL));
    writer_run(&round, c.first);
    assert_int_equal(c.first->err, OK);
    assert_int_equal(messages_in(fx, "general"), 1);
    drop(&c);
    chat_close(&holder);
    fixture_close(fx);
}

/* The disk is full while the round is written or committed: what had an ack ready loses it. */
static void test_a_commit_that_fails_takes_every_ack_back(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct rlimit old, tight;
    struct chain c = {0};
    size_t refused = 0;

    (void)state;
    for (int i = 0; i < 40; i++)
        add(&c, post(&ana, "many words that need a few pages of the file", NULL));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 1;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    writer_run(&round, c.first);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    for (struct job *j = c.first; j; j = j->next) {
        assert_int_not_equal(j->err, OK);
        assert_true(j->err == ERR_BUSY || j->err == ERR_STORAGE_FULL || j->err == ERR_INTERNAL);
        refused++;
    }
    assert_int_equal(refused, 40);
    assert_false(db_in_transaction(fx->chat.db));
    assert_int_equal(messages_in(fx, "general"), 0);
    drop(&c);
    add(&c, post(&ana, "there is room again", NULL));
    writer_run(&round, c.first);
    assert_int_equal(c.first->err, OK);
    drop(&c);
    fixture_close(fx);
}

static struct job *identify(enum credential_kind kind, const char *value)
{
    struct job *j = job_new(JOB_IDENTIFY, 1);

    if (value)
        j->u.identify.credentials[j->u.identify.count++] = (struct credential){kind, value};
    return j;
}

static void test_the_first_credential_that_holds_counts(void **state)
{
    struct fixture *fx = fixture_open();
    struct writer_round round = round_of(fx);
    const char *ana = fixture_token(fx, "7", "ana", NULL);
    struct job_identify *in;
    struct job *j;

    (void)state;
    j = identify(CREDENTIAL_HOST_COOKIE, "broken.cookie.here");
    in = &j->u.identify;
    in->credentials[in->count++] = (struct credential){CREDENTIAL_TOKEN, ana};
    writer_run(&round, j);
    assert_int_equal(j->err, OK);
    assert_string_equal(in->actor.username, "ana");
    job_free(j);
    j = identify(CREDENTIAL_TOKEN, "broken.token.here");
    writer_run(&round, j);
    assert_int_equal(j->err, ERR_TOKEN_INVALID);
    job_free(j);
    j = identify(CREDENTIAL_GUEST_COOKIE, "an.old.one"); /* the browser cannot drop it: nobody */
    writer_run(&round, j);
    assert_int_equal(j->err, OK);
    assert_int_equal(j->u.identify.actor.kind, ACTOR_ANONYMOUS);
    job_free(j);
    fixture_close(fx);
}

/* The thread itself: what is asked while it works is one round, and the
 * answers keep their order. */
struct answers {
    struct writer *writer;
    size_t count;
    int64_t last_session;
};

static void on_answer(void *ctx, struct job *j)
{
    struct answers *a = ctx;

    if (!j)
        return;
    assert_int_equal(j->err, OK);
    assert_int_equal(j->session, a->last_session + 1);
    a->last_session = j->session;
    a->count++;
    job_free(j);
}

static void submit_post(struct answers *a, const struct actor *who, int64_t number)
{
    struct job *j = post(who, "in order", NULL);

    j->session = number;
    assert_true(writer_submit(a->writer, j));
    writer_wake(a->writer);
}

static void await_answers(struct answers *a, uv_loop_t *loop)
{
    while (writer_pending(a->writer) > 0)
        uv_run(loop, UV_RUN_ONCE);
}

static void test_the_thread_answers_everything_in_order(void **state)
{
    struct fixture *fx = fixture_open_with("rate_user_burst = 1000\nrate_user_per_minute = 1000\n");
    struct actor ana = fixture_user(fx, "7", "ana");
    struct answers a = {0};
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(
        writer_new(&a.writer, &fx->conf, &fx->log, "here", &loop, on_answer, &a, &fx->fail), OK);
    for (int64_t i = 1; i <= 300; i++)
        submit_post(&a, &ana, i);
    await_answers(&a, &loop);
    assert_int_equal(a.count, 300);
    for (int64_t i = 301; i <= 310; i++) { /* it rests, and is wanted again, sooner or later */
        writer_rest(a.writer);
        submit_post(&a, &ana, i);
        if (i % 2 == 0)
            await_answers(&a, &loop);
    }
    await_answers(&a, &loop);
    assert_int_equal(a.count, 310);
    assert_int_equal(fixture_room(fx, "general").head, 311);
    writer_free(a.writer);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    fixture_close(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_round_of_posts_is_numbered_in_order),
        cmocka_unit_test(test_one_refused_post_spoils_no_other),
        cmocka_unit_test(test_one_post_that_fails_half_done_spoils_no_other),
        cmocka_unit_test(test_a_duplicate_in_the_same_round_is_one_message),
        cmocka_unit_test(test_names_make_guests_within_the_round),
        cmocka_unit_test(test_what_nobody_waits_for_any_more_is_not_stored),
        cmocka_unit_test(test_marks_share_the_transaction_and_only_rise),
        cmocka_unit_test(test_a_locked_database_is_busy_for_all_who_write),
        cmocka_unit_test(test_a_commit_that_fails_takes_every_ack_back),
        cmocka_unit_test(test_the_first_credential_that_holds_counts),
        cmocka_unit_test(test_the_thread_answers_everything_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
