/* For tests of db/: rows to begin with. Each runs in the caller's write transaction. */
#ifndef TESTS_UNIT_DB_ROWS_H
#define TESTS_UNIT_DB_ROWS_H

#include "db/event.h"
#include "db/room.h"
#include "db/user.h"
#include "lib/secure.h"
#include "tests/unit/db_fixture.h"

static inline int64_t add_room(struct fixture *fx, const char *slug)
{
    struct room r = {.slug = slug, .kind = "public", .title = slug, .created_ms = 1};

    assert_ok(fx, room_insert(fx->db, &r, &fx->fail));
    return r.id;
}

static inline int64_t add_user(struct fixture *fx, const char *name)
{
    struct user u = {.ext_id = arena_fmt(&fx->arena, "h:%s", name),
                     .username = name,
                     .name_fold = name,
                     .role = "member",
                     .first_seen_ms = 1};

    assert_ok(fx, user_insert(fx->db, &u, &fx->fail));
    return u.id;
}

/* A message and its event; `m` has room_id, user_id and body, the rest is filled in. */
static inline enum err add_message(struct db *db, struct message *m, struct fail *f)
{
    struct event e = {.room_id = m->room_id, .ts_ms = 1, .kind = "message", .actor_id = m->user_id};
    char client_id[33];
    enum err err;

    m->id = e.msg_id = secure_random_id();
    secure_random(m->salt, sizeof m->salt);
    secure_random_hex(client_id, 16);
    if (!m->client_id)
        m->client_id = client_id;
    if (!m->author_name)
        m->author_name = "ann";
    if (!m->via)
        m->via = "cli";
    if (!m->created_ms)
        m->created_ms = 1;
    err = event_append(db, &e, m->salt, m->body, f);
    m->seq = e.seq;
    if (!err)
        err = message_insert(db, m, f);
    if (m->client_id == client_id)
        m->client_id = NULL;
    return err;
}

/* Returns its seq, 0 on an error. */
static inline int64_t post(struct db *db, int64_t room, int64_t user, const char *body,
                           struct fail *f)
{
    struct message m = {.room_id = room, .user_id = user, .body = body};

    return add_message(db, &m, f) ? 0 : m.seq;
}

/* A room (1), a user (1) and an epoch, in a transaction of their own. */
static inline void begin_chat(struct fixture *fx)
{
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, db_set_epoch(fx->db, "epoch-one", &fx->fail));
    assert_int_equal(add_room(fx, "general"), 1);
    assert_int_equal(add_user(fx, "ann"), 1);
    assert_ok(fx, db_commit(fx->db, &fx->fail));
}

/* Messages of that user in that room, in a transaction of their own. */
static inline void write_rows(struct fixture *fx, int count)
{
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    for (int i = 0; i < count; i++)
        assert_true(post(fx->db, 1, 1, "hello", &fx->fail) > 0);
    assert_ok(fx, db_commit(fx->db, &fx->fail));
}

#endif
