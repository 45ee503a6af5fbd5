/* The hub: cursors, joins, shared frames, who leaves when. No socket, no database. */
#include "tests/unit/hub_fixture.h"

static void test_a_reader_gets_what_comes_after_it_subscribed(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink);

    append(w, ROOM, 3);
    subscribe(w, e, ROOM, -1);
    run(w);
    assert_int_equal(e->count, 0);
    append(w, ROOM, 2);
    run(w);
    expect(e, 4, 5);
    ear_free(e);
}

static void test_a_reader_gets_what_it_missed_first(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink);

    append(w, ROOM, 350);
    subscribe(w, e, ROOM, 20);
    append(w, ROOM, 5);
    run(w);
    expect(e, 21, 355);
    ear_free(e);
}

static void test_events_that_arrive_together_leave_as_one_frame(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink);

    subscribe(w, e, ROOM, -1);
    append(w, ROOM, 1);
    run(w);
    assert_int_equal(e->frames, 1);
    append(w, ROOM, 60);
    run(w);
    assert_int_equal(e->frames, 2);
    expect(e, 1, 61);
    ear_free(e);
}

static void test_what_arrives_during_a_pass_is_collected_for_the_next(void **state)
{
    struct world *w = *state;
    struct ear *e[40];

    for (size_t i = 0; i < 40; i++) {
        e[i] = ear_new(w, &plain_sink);
        subscribe(w, e[i], ROOM, -1);
    }
    append(w, ROOM, 1);
    assert_true(hub_step(w->hub, 10));
    append(w, ROOM, 7);
    run(w);
    for (size_t i = 0; i < 40; i++) {
        expect(e[i], 1, 8);
        assert_int_equal(e[i]->frames, 2);
        ear_free(e[i]);
    }
}

static void test_readers_with_the_same_gap_share_one_frame(void **state)
{
    struct world *w = *state;
    struct ear *a = ear_new(w, &plain_sink), *b = ear_new(w, &plain_sink);

    subscribe(w, a, ROOM, -1);
    subscribe(w, b, ROOM, -1);
    append(w, ROOM, 3);
    run(w);
    assert_ptr_equal(a->last, b->last);
    assert_int_equal(a->last->refs, 3); /* two ears and the room's cache */
    ear_free(a);
    assert_int_equal(b->last->refs, 2);
    ear_free(b);
}

static void test_a_seed_reader_gets_messages_only(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &bare_sink);

    subscribe(w, e, ROOM, -1);
    append(w, ROOM, 1);
    run(w);
    assert_int_equal(e->frames, 0);
    append(w, ROOM, 3);
    run(w);
    assert_int_equal(e->count, 2);
    assert_int_equal(e->got[0], 2);
    assert_int_equal(e->got[1], 4);
    ear_free(e);
}

static void test_withheld_events_arrive_as_skip(void **state)
{
    struct world *w = *state;
    struct ear *choosy = ear_new(w, &choosy_sink), *plain = ear_new(w, &plain_sink);

    choosy->hide = 1;
    subscribe(w, choosy, ROOM, -1);
    subscribe(w, plain, ROOM, -1);
    append(w, ROOM, 9);
    run(w);
    expect(choosy, 1, 9);
    assert_int_equal(choosy->skips, 3);
    expect(plain, 1, 9);
    assert_int_equal(plain->skips, 0);
    ear_free(choosy);
    ear_free(plain);
}

static void test_a_choosy_reader_sees_slices_of_its_own(void **state)
{
    struct world *w = *state;
    struct ear *choosy = ear_new(w, &choosy_sink), *plain = ear_new(w, &plain_sink);

    choosy->hide = -1;
    choosy->view_fails = true;
    subscribe(w, choosy, ROOM, -1);
    subscribe(w, plain, ROOM, -1);
    append(w, ROOM, 25);
    run(w);
    expect(plain, 1, 25);
    assert_int_equal(plain->deleted, 0);
    assert_int_equal(choosy->count, 0); /* later, and not without what it could not judge */
    choosy->view_fails = false;
    run(w);
    expect(choosy, 1, 25);
    assert_int_equal(choosy->deleted, 2);
    ear_free(choosy);
    ear_free(plain);
}

static void test_unsubscribing_during_a_pass_is_safe(void **state)
{
    struct world *w = *state;
    struct ear *e[30];

    for (size_t i = 0; i < 30; i++) {
        e[i] = ear_new(w, &plain_sink);
        subscribe(w, e[i], ROOM, -1);
        subscribe(w, e[i], OTHER, -1);
    }
    append(w, ROOM, 2);
    hub_step(w->hub, 5);
    for (size_t i = 0; i < 30; i += 2)
        hub_unsubscribe(w->hub, &e[i]->reader, ROOM);
    hub_step(w->hub, 5);
    for (size_t i = 1; i < 30; i += 4)
        hub_leave(w->hub, &e[i]->reader);
    append(w, OTHER, 1);
    run(w);
    for (size_t i = 0; i < 30; i++)
        ear_free(e[i]);
}

static void test_everybody_leaving_during_a_pass_is_safe(void **state)
{
    struct world *w = *state;
    struct ear *e[10];

    for (size_t i = 0; i < 10; i++) {
        e[i] = ear_new(w, &plain_sink);
        subscribe(w, e[i], ROOM, -1);
    }
    append(w, ROOM, 2);
    hub_step(w->hub, 3);
    for (size_t i = 0; i < 10; i++)
        ear_free(e[i]);
    run(w);
    assert_false(hub_wants(w->hub, ROOM));
}

static void test_numbers_the_room_has_are_dropped(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink);

    append(w, ROOM, 5);
    subscribe(w, e, ROOM, -1);
    hub_publish(w->hub, ROOM, make(&w->store, ROOM, 4));
    hub_publish(w->hub, ROOM, make(&w->store, ROOM, 5));
    append(w, ROOM, 1);
    run(w);
    expect(e, 6, 6);
    ear_free(e);
}

static void test_a_cursor_ahead_of_the_hub_gets_no_doubles(void **state)
{
    struct world *w = *state;
    struct ear *old = ear_new(w, &plain_sink), *young = ear_new(w, &plain_sink);

    subscribe(w, old, ROOM, -1);
    w->store.head[ROOM] = 3; /* stored, not yet announced */
    subscribe(w, young, ROOM, -1);
    for (int64_t seq = 1; seq <= 3; seq++)
        hub_publish(w->hub, ROOM, make(&w->store, ROOM, seq));
    append(w, ROOM, 1);
    run(w);
    expect(old, 1, 4);
    expect(young, 4, 4);
    ear_free(old);
    ear_free(young);
}

static void note_missed(struct hub_reader *r)
{
    struct ear *e = (struct ear *)(void *)r;

    e->room_id = -1;
}

static bool is_reader(const void *ctx, const struct hub_reader *r)
{
    return r == ctx;
}

static void test_broadcast_reaches_those_who_can_take_it(void **state)
{
    struct world *w = *state;
    struct ear *a = ear_new(w, &plain_sink), *b = ear_new(w, &plain_sink);
    struct ear *seed = ear_new(w, &bare_sink), *self = ear_new(w, &plain_sink);
    struct frame *f = frame_new(3);

    memcpy(f->data, "99;", 3);
    subscribe(w, a, ROOM, -1);
    subscribe(w, b, ROOM, -1);
    subscribe(w, seed, ROOM, -1);
    subscribe(w, self, ROOM, -1);
    b->reader.blocked = true;
    hub_broadcast(w->hub, ROOM, PLAIN, f, is_reader, &self->reader, note_missed);
    frame_unref(f);
    assert_int_equal(a->count, 1);
    assert_int_equal(b->count + seed->count + self->count, 0);
    assert_int_equal(b->room_id, -1); /* and who cannot is known */
    assert_int_equal(seed->room_id + self->room_id, 0);
    ear_free(a);
    ear_free(b);
    ear_free(seed);
    ear_free(self);
}

static void test_each_send_says_how_far_it_brings_which_room(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink), *choosy = ear_new(w, &choosy_sink);
    struct frame *f = frame_new(3);

    append(w, OTHER, 5);
    subscribe(w, e, ROOM, -1);
    subscribe(w, e, OTHER, 2);
    run(w);
    assert_int_equal(e->room_id, OTHER);
    assert_int_equal(e->reached, 5);
    append(w, ROOM, 250); /* three frames */
    run(w);
    assert_int_equal(e->room_id, ROOM);
    assert_int_equal(e->reached, 250);
    choosy->hide = 250 % 3; /* what is withheld is reached too */
    subscribe(w, choosy, ROOM, 240);
    run(w);
    assert_int_equal(choosy->reached, 250);
    memcpy(f->data, "99;", 3);
    hub_broadcast(w->hub, ROOM, PLAIN, f, NULL, NULL, NULL);
    frame_unref(f);
    assert_int_equal(e->room_id, 0); /* it has no number */
    ear_free(e);
    ear_free(choosy);
}

static void note_cursor(void *ctx, int64_t room_id, const char *room, int64_t cursor)
{
    char *text = ctx;
    size_t len = strlen(text);

    (void)room;
    snprintf(text + len, 100 - len, "%lld=%lld ", (long long)room_id, (long long)cursor);
}

static void test_rooms_are_walked_in_the_order_they_were_asked_for(void **state)
{
    struct world *w = *state;
    struct ear *e = ear_new(w, &plain_sink);
    char text[100] = "";

    append(w, ROOM, 3);
    subscribe(w, e, OTHER, -1);
    subscribe(w, e, ROOM, -1);
    subscribe(w, e, 3, -1);
    subscribe(w, e, OTHER, -1); /* again: where it was */
    hub_unsubscribe(w->hub, &e->reader, 3);
    append(w, ROOM, 1);
    run(w);
    hub_each_room(&e->reader, note_cursor, text);
    assert_string_equal(text, "8=0 7=4 ");
    ear_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(test_a_reader_gets_what_comes_after_it_subscribed),
        HUB_TEST(test_a_reader_gets_what_it_missed_first),
        HUB_TEST(test_events_that_arrive_together_leave_as_one_frame),
        HUB_TEST(test_what_arrives_during_a_pass_is_collected_for_the_next),
        HUB_TEST(test_readers_with_the_same_gap_share_one_frame),
        HUB_TEST(test_a_seed_reader_gets_messages_only),
        HUB_TEST(test_withheld_events_arrive_as_skip),
        HUB_TEST(test_a_choosy_reader_sees_slices_of_its_own),
        HUB_TEST(test_unsubscribing_during_a_pass_is_safe),
        HUB_TEST(test_everybody_leaving_during_a_pass_is_safe),
        HUB_TEST(test_numbers_the_room_has_are_dropped),
        HUB_TEST(test_a_cursor_ahead_of_the_hub_gets_no_doubles),
        HUB_TEST(test_broadcast_reaches_those_who_can_take_it),
        HUB_TEST(test_each_send_says_how_far_it_brings_which_room),
        HUB_TEST(test_rooms_are_walked_in_the_order_they_were_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
