/* For tests of chat_act(): acts by name, the row they leave, and what everybody is told. */
#ifndef TESTS_UNIT_ACT_FIXTURE_H
#define TESTS_UNIT_ACT_FIXTURE_H

#include "chat/act.h"
#include "chat/lookup.h"
#include "chat/wire.h"
#include "db/verify.h"
#include "tests/lib/fixture.h"

#include <string.h>

static inline int setup(void **state)
{
    *state = fixture_open();
    return 0;
}

static inline int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static inline enum err act(struct fixture *fx, struct act what, const struct actor *who, int64_t id,
                           struct acted *out)
{
    memset(&fx->fail, 0, sizeof fx->fail);
    what.actor = who;
    what.msg_id = id;
    return chat_act_now(&fx->chat, &fx->arena, &what, out, &fx->fail);
}

static inline enum err remove_as(struct fixture *fx, const struct actor *who, int64_t id)
{
    struct acted out;

    return act(fx, (struct act){.kind = ACT_DELETE}, who, id, &out);
}

static inline struct message row(struct fixture *fx, int64_t id)
{
    struct message m;

    assert_int_equal(message_by_id(fx->chat.db, &fx->arena, id, &m, &fx->fail), OK);
    return m;
}

/* The frame of the room's newest event, as everybody gets it. */
static inline const char *newest(struct fixture *fx, const char *slug)
{
    struct room r = fixture_room(fx, slug);
    struct event e;
    struct json_object *o;
    size_t count, len;
    const char *text;

    assert_int_equal(
        event_list(fx->chat.db, &fx->arena, r.id, r.head - 1, &e, 1, &count, &fx->fail), OK);
    assert_int_equal(count, 1);
    o = wire_event(&e, slug);
    text = arena_str(&fx->arena, json_text(o, &len));
    json_object_put(o);
    return text;
}

static inline void assert_sound(struct fixture *fx)
{
    struct verify_total total;

    assert_int_equal(verify_database(fx->chat.db, NULL, NULL, &total, &fx->fail), OK);
    assert_int_equal(total.problems, 0);
}

#endif
