/* The hub: cursors, joins, laggards, shared frames. No socket, no database. */
#include "ws-sidecar/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 7, OTHER = 8, LOG_MAX = 4000, PLAIN = 0, BARE = 1 };

/* The world behind the hub: the logs as a database would hold them. */
struct store {
    int64_t head[16];
    bool gone[LOG_MAX + 1]; /* messages of ROOM that were deleted */
    bool broken;            /* the source cannot answer */
    size_t loads;
};

struct world {
    struct store store;
    struct hub *hub;
};

/* A reader that remembers what it got. */
struct ear {
    struct hub_reader reader;
    struct world *world;
    int64_t got[LOG_MAX];
    size_t count, frames, skips, deleted;
    struct frame *last;       /* referenced */
    int64_t room_id, reached; /* as the last send said */
    enum hub_sent answer;
    size_t answer_after; /* sends that still go well before `answer` */
    bool lagged;
    int64_t hide; /* an actor whose slices are withheld from a choosy one */
    bool view_fails;
};

static struct slice *make(struct store *store, int64_t room, int64_t seq)
{
    char json[64];
    int len = snprintf(json, sizeof json, "%lld%s;", (long long)seq,
                       room == ROOM && store->gone[seq] ? "-" : "+");
    struct slice *s = slice_new(seq, json, (size_t)len);

    s->msg_id = seq;
    s->actor_id = seq % 3;
    s->is_message = seq % 2 == 0;
    return s;
}

static enum err load(void *ctx, int64_t room_id, const char *room, int64_t since,
                     struct slice **out, size_t max, size_t *count)
{
    struct store *store = ctx;

    (void)room;
    store->loads++;
    *count = 0;
    if (store->broken)
        return ERR_BUSY;
    for (int64_t seq = since + 1; seq <= store->head[room_id] && *count < max; seq++)
        out[(*count)++] = make(store, room_id, seq);
    return OK;
}

static struct frame *format_plain(const struct slice *const *slices, size_t count)
{
    size_t len = 0;
    struct frame *f;
    char *at;

    for (size_t i = 0; i < count; i++)
        len += slices[i]->len;
    f = frame_new(len);
    at = f->data;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, slices[i]->json, slices[i]->len);
        at += slices[i]->len;
    }
    return f;
}

static struct frame *format_bare(const struct slice *const *slices, size_t count)
{
    const struct slice *kept[HUB_JOIN_EVENTS];
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (slices[i]->is_message)
            kept[n++] = slices[i];
    }
    return n ? format_plain(kept, n) : NULL;
}

static struct ear *ear_of(const struct hub_reader *r)
{
    return (struct ear *)(void *)r;
}

static void hear(struct ear *e, const struct frame *f)
{
    char text[HUB_JOIN_BYTES + 1], *at = text;

    assert_true(f->len <= HUB_JOIN_BYTES);
    memcpy(text, f->data, f->len);
    text[f->len] = '\0';
    while (*at) {
        if (strncmp(at, "{\"type\":\"skip\"", 14) == 0) {
            at = strstr(at, "\"seq\":") + 6;
            e->skips++;
        }
        e->got[e->count++] = strtoll(at, &at, 10);
        if (*at == '-')
            e->deleted++;
        at += strcspn(at, ";}");
        at++;
    }
}

static enum hub_sent ear_send(struct hub_reader *r, struct frame *f, int64_t room_id,
                              int64_t reached)
{
    struct ear *e = ear_of(r);
    enum hub_sent answer = e->answer_after > 0 ? HUB_SENT : e->answer;

    if (e->answer_after > 0)
        e->answer_after--;
    if (answer == HUB_FULL)
        return answer;
    hear(e, f);
    e->frames++;
    e->room_id = room_id;
    e->reached = reached;
    frame_unref(e->last);
    e->last = frame_ref(f);
    return answer;
}

static void ear_lagging(struct hub_reader *r)
{
    struct ear *e = ear_of(r);

    e->lagged = true;
    hub_leave(e->world->hub, r);
}

/* Nothing of one actor, and another text of every tenth. */
static enum err ear_view(struct hub_reader *r, int64_t room_id, struct slice *s, struct slice **out)
{
    const struct ear *e = ear_of(r);
    char own[16];

    assert_int_equal(room_id, ROOM);
    if (e->view_fails)
        return ERR_BUSY;
    if (s->actor_id == e->hide)
        *out = NULL;
    else if (s->seq % 10 == 0)
        *out =
            slice_new(s->seq, own, (size_t)snprintf(own, sizeof own, "%lld-;", (long long)s->seq));
    else
        *out = slice_ref(s);
    return OK;
}

static const struct hub_sink plain_sink = {PLAIN, ear_send, ear_lagging, NULL};
static const struct hub_sink bare_sink = {BARE, ear_send, ear_lagging, NULL};
static const struct hub_sink choosy_sink = {PLAIN, ear_send, ear_lagging, ear_view};

static struct ear *ear_new(struct world *w, const struct hub_sink *sink)
{
    struct ear *e = calloc(1, sizeof *e);

    assert_non_null(e);
    e->reader.sink = sink;
    e->reader.choosy = sink->view != NULL;
    e->world = w;
    return e;
}

static void ear_free(struct ear *e)
{
    hub_leave(e->world->hub, &e->reader);
    frame_unref(e->last);
    free(e);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct hub_setup setup = {{format_plain, format_bare}, load, NULL, 1000};

    assert_non_null(w);
    setup.load_ctx = &w->store;
    w->hub = hub_new(&setup);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    hub_free(w->hub);
    free(w);
    return 0;
}

static void run(struct world *w)
{
    while (hub_step(w->hub, 8))
        ;
}

/* Stores and announces, as the feed does. */
static void append(struct world *w, int64_t room, int count)
{
    for (int i = 0; i < count; i++) {
        w->store.head[room]++;
        if (hub_wants(w->hub, room))
            hub_publish(w->hub, room, make(&w->store, room, w->store.head[room]));
    }
}

static void subscribe(struct world *w, struct ear *e, int64_t room, int64_t cursor)
{
    hub_subscribe(w->hub, &e->reader, room, "general", w->store.head[room], cursor);
}

static void expect(const struct ear *e, int64_t from, int64_t to)
{
    assert_int_equal(e->count, to - from + 1);
    for (size_t i = 0; i < e->count; i++)
        assert_int_equal(e->got[i], from + (int64_t)i);
}

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_reader_gets_what_comes_after_it_subscribed),
        TEST(test_a_reader_gets_what_it_missed_first),
        TEST(test_events_that_arrive_together_leave_as_one_frame),
        TEST(test_what_arrives_during_a_pass_is_collected_for_the_next),
        TEST(test_readers_with_the_same_gap_share_one_frame),
        TEST(test_a_seed_reader_gets_messages_only),
        TEST(test_a_blocked_reader_catches_up_when_ready),
        TEST(test_a_frame_that_was_not_taken_is_sent_again),
        TEST(test_a_reader_too_far_behind_is_given_up),
        TEST(test_a_reader_whose_events_are_gone_is_given_up),
        TEST(test_a_source_that_cannot_answer_is_asked_again),
        TEST(test_withheld_events_arrive_as_skip),
        TEST(test_a_choosy_reader_sees_slices_of_its_own),
        TEST(test_unsubscribing_during_a_pass_is_safe),
        TEST(test_everybody_leaving_during_a_pass_is_safe),
        TEST(test_a_laggard_never_sees_text_that_was_deleted),
        TEST(test_nor_a_quote_of_it),
        TEST(test_numbers_the_room_has_are_dropped),
        TEST(test_a_cursor_ahead_of_the_hub_gets_no_doubles),
        TEST(test_many_laggards_cost_one_load),
        TEST(test_broadcast_reaches_those_who_can_take_it),
        TEST(test_each_send_says_how_far_it_brings_which_room),
        TEST(test_rooms_are_walked_in_the_order_they_were_asked_for),
        TEST(test_property_each_reader_receives_exactly_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
