/*
 * What the tests of the hub share: a store behind it that is no database, readers ("ears") that are
 * no sockets and remember what they got.
 */
#ifndef TESTS_UNIT_HUB_FIXTURE_H
#define TESTS_UNIT_HUB_FIXTURE_H

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

static inline struct slice *make(struct store *store, int64_t room, int64_t seq)
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

static inline enum err load(void *ctx, int64_t room_id, const char *room, int64_t since,
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

static inline struct frame *format_plain(const struct slice *const *slices, size_t count)
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

static inline struct frame *format_bare(const struct slice *const *slices, size_t count)
{
    const struct slice *kept[HUB_JOIN_EVENTS];
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (slices[i]->is_message)
            kept[n++] = slices[i];
    }
    return n ? format_plain(kept, n) : NULL;
}

static inline struct ear *ear_of(const struct hub_reader *r)
{
    return (struct ear *)(void *)r;
}

static inline void hear(struct ear *e, const struct frame *f)
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

static inline enum hub_sent ear_send(struct hub_reader *r, struct frame *f, int64_t room_id,
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

static inline void ear_lagging(struct hub_reader *r)
{
    struct ear *e = ear_of(r);

    e->lagged = true;
    hub_leave(e->world->hub, r);
}

/* Nothing of one actor, and another text of every tenth. */
static inline enum err ear_view(struct hub_reader *r, int64_t room_id, struct slice *s,
                                struct slice **out)
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

static inline struct ear *ear_new(struct world *w, const struct hub_sink *sink)
{
    struct ear *e = calloc(1, sizeof *e);

    assert_non_null(e);
    e->reader.sink = sink;
    e->reader.choosy = sink->view != NULL;
    e->world = w;
    return e;
}

static inline void ear_free(struct ear *e)
{
    hub_leave(e->world->hub, &e->reader);
    frame_unref(e->last);
    free(e);
}

static inline int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct hub_setup setup = {{format_plain, format_bare}, load, NULL, 1000};

    assert_non_null(w);
    setup.load_ctx = &w->store;
    w->hub = hub_new(&setup);
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;

    hub_free(w->hub);
    free(w);
    return 0;
}

static inline void run(struct world *w)
{
    while (hub_step(w->hub, 8))
        ;
}

/* Stores and announces, as the feed does. */
static inline void append(struct world *w, int64_t room, int count)
{
    for (int i = 0; i < count; i++) {
        w->store.head[room]++;
        if (hub_wants(w->hub, room))
            hub_publish(w->hub, room, make(&w->store, room, w->store.head[room]));
    }
}

static inline void subscribe(struct world *w, struct ear *e, int64_t room, int64_t cursor)
{
    hub_subscribe(w->hub, &e->reader, room, "general", w->store.head[room], cursor);
}

static inline void expect(const struct ear *e, int64_t from, int64_t to)
{
    assert_int_equal(e->count, to - from + 1);
    for (size_t i = 0; i < e->count; i++)
        assert_int_equal(e->got[i], from + (int64_t)i);
}

#define HUB_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
