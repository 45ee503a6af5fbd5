/* The hub and those who cannot keep up: they catch up exactly, cost little, or are given up. */
#include "tests/unit/hub_fixture.h"

static void test_a_blocked_reader_catches_up_when_ready(void **state)
{
    struct world *w = *state;
    struct ear *slow = ear_new(w, &plain_sink), *quick = ear_new(w, &plain_sink);

    subscribe(w, slow, ROOM, -1);
    subscribe(w, quick, ROOM, -1);
    slow->answer = HUB_KEPT;
    append(w, ROOM, 1);
    run(w);
    assert_true(slow->reader.blocked);
    append(w, ROOM, 700);
    run(w);
    expect(quick, 1, 701);
    expect(slow, 1, 1);
    slow->answer = HUB_SENT;
    hub_ready(w->hub, &slow->reader);
    run(w);
    expect(slow, 1, 701);
    ear_free(slow);
    ear_free(quick);
}

static void test_a_frame_that_was_not_taken_is_sent_again(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink);

    subscribe(w, e, ROOM, -1);
    e->answer = HUB_FULL;
    append(w, ROOM, 4);
    run(w);
    assert_int_equal(e->count, 0);
    e->answer = HUB_SENT;
    hub_ready(w->hub, &e->reader);
    run(w);
    expect(e, 1, 4);
    ear_free(e);
}

static void test_a_reader_too_far_behind_is_given_up(void **state)
{
    struct world *w = *state;
    struct ear *slow = ear_new(w, &plain_sink), *quick = ear_new(w, &plain_sink);

    subscribe(w, slow, ROOM, -1);
    subscribe(w, quick, ROOM, -1);
    slow->answer = HUB_KEPT;
    append(w, ROOM, 1);
    run(w);
    for (int i = 0; i < 25; i++) {
        append(w, ROOM, 40);
        run(w);
    }
    assert_false(slow->lagged); /* 1,000 behind is allowed */
    append(w, ROOM, 1);
    run(w);
    assert_true(slow->lagged);
    expect(quick, 1, 1002);
    ear_free(slow);
    ear_free(quick);
}

static void test_a_reader_whose_events_are_gone_is_given_up(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink);

    hub_subscribe(w->hub, &e->reader, ROOM, "general", 50, 10); /* the source has none */
    run(w);
    assert_true(e->lagged);
    ear_free(e);
}

static void test_a_source_that_cannot_answer_is_asked_again(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink);

    append(w, ROOM, 30);
    w->store.broken = true;
    subscribe(w, e, ROOM, 0);
    assert_false(hub_step(w->hub, 100)); /* and does not spin */
    assert_int_equal(e->count, 0);
    w->store.broken = false;
    run(w);
    expect(e, 1, 30);
    ear_free(e);
}

static void test_a_laggard_never_sees_text_that_was_deleted(void **state)
{
    struct world *w = *state;
    struct ear *slow = ear_new(w, &plain_sink), *quick = ear_new(w, &plain_sink);
    struct slice *deletion;

    subscribe(w, slow, ROOM, -1);
    subscribe(w, quick, ROOM, -1);
    slow->answer = HUB_FULL;
    append(w, ROOM, 5);
    run(w);
    w->store.gone[3] = true;
    w->store.head[ROOM]++;
    deletion = make(&w->store, ROOM, 6);
    deletion->msg_id = 3;
    deletion->replaces = true;
    hub_publish(w->hub, ROOM, deletion);
    run(w);
    slow->answer = HUB_SENT;
    hub_ready(w->hub, &slow->reader);
    run(w);
    expect(slow, 1, 6);
    assert_int_equal(slow->deleted, 1);
    assert_int_equal(quick->deleted, 0); /* it came in time */
    ear_free(slow);
    ear_free(quick);
}

static void test_nor_a_quote_of_it(void **state)
{
    struct world *w = *state;
    struct ear *slow = ear_new(w, &plain_sink);
    struct slice *reply, *deletion;
    struct hub_stats before, after;

    subscribe(w, slow, ROOM, -1);
    slow->answer = HUB_FULL;
    append(w, ROOM, 3);
    w->store.head[ROOM]++;
    reply = make(&w->store, ROOM, 4);
    reply->quotes = 2;
    hub_publish(w->hub, ROOM, reply);
    run(w);
    w->store.head[ROOM]++;
    deletion = make(&w->store, ROOM, 5);
    deletion->msg_id = 2;
    deletion->replaces = true;
    hub_publish(w->hub, ROOM, deletion);
    run(w);
    hub_stats(w->hub, &before);
    slow->answer = HUB_SENT;
    hub_ready(w->hub, &slow->reader);
    run(w);
    hub_stats(w->hub, &after);
    expect(slow, 1, 5);
    assert_true(after.loads > before.loads); /* the reply is built anew */
    ear_free(slow);
}

static void test_many_laggards_cost_one_load(void **state)
{
    struct world *w = *state;
    struct ear *e[50];

    append(w, ROOM, 90);
    for (size_t i = 0; i < 50; i++) {
        e[i] = ear_new(w, &plain_sink);
        subscribe(w, e[i], ROOM, 10);
    }
    run(w);
    assert_int_equal(w->store.loads, 1);
    for (size_t i = 0; i < 50; i++) {
        expect(e[i], 11, 90);
        ear_free(e[i]);
    }
}

/* Whatever happens in whatever order, each reader gets exactly the log after its cursor. */
static void churn(struct world *w, struct ear **e, int64_t *since, size_t count)
{
    size_t i = (size_t)rand() % count;
    struct ear *x = e[i];

    switch (rand() % 7) {
    case 0:
    case 1:
        append(w, ROOM, rand() % 4);
        break;
    case 2:
        append(w, ROOM, rand() % 30);
        break;
    case 3:
        x->answer = rand() % 2 ? HUB_KEPT : HUB_FULL;
        x->answer_after = (size_t)rand() % 4;
        break;
    case 4:
        x->answer = HUB_SENT;
        hub_ready(w->hub, &x->reader);
        break;
    case 5:
        if (x->count == 0 && !x->reader.subs) {
            since[i] = w->store.head[ROOM] - rand() % 20;
            since[i] = since[i] < 0 ? 0 : since[i];
            subscribe(w, x, ROOM, since[i]);
        }
        break;
    default:
        hub_step(w->hub, (size_t)rand() % 12);
    }
}

static void test_property_each_reader_receives_exactly_the_log(void **state)
{
    struct world *w = *state;

    for (unsigned seed = 1; seed <= 60; seed++) {
        struct ear *e[12];
        int64_t since[12] = {0};

        srand(seed);
        w->store.head[ROOM] = rand() % 50;
        for (size_t i = 0; i < 12; i++)
            e[i] = ear_new(w, &plain_sink);
        for (int step = 0; step < 600 && w->store.head[ROOM] < LOG_MAX - 100; step++)
            churn(w, e, since, 12);
        for (size_t i = 0; i < 12; i++) {
            e[i]->answer = HUB_SENT;
            hub_ready(w->hub, &e[i]->reader);
        }
        run(w);
        for (size_t i = 0; i < 12; i++) {
            if (e[i]->reader.subs)
                expect(e[i], since[i] + 1, w->store.head[ROOM]);
            ear_free(e[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(test_a_blocked_reader_catches_up_when_ready),
        HUB_TEST(test_a_frame_that_was_not_taken_is_sent_again),
        HUB_TEST(test_a_reader_too_far_behind_is_given_up),
        HUB_TEST(test_a_reader_whose_events_are_gone_is_given_up),
        HUB_TEST(test_a_source_that_cannot_answer_is_asked_again),
        HUB_TEST(test_a_laggard_never_sees_text_that_was_deleted),
        HUB_TEST(test_nor_a_quote_of_it),
        HUB_TEST(test_many_laggards_cost_one_load),
        HUB_TEST(test_property_each_reader_receives_exactly_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
