#include "db/handle.h"
#include "db/room.h"
#include "tests/unit/db_rows.h"

static void begin(struct fixture *fx)
{
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
}

static void commit(struct fixture *fx)
{
    assert_ok(fx, db_commit(fx->db, &fx->fail));
}

static int64_t unread(struct fixture *fx, int64_t room, int64_t user)
{
    struct room_view v;

    assert_ok(fx, room_view(fx->db, &fx->arena, room, user, &v, &fx->fail));
    return v.unread;
}

static void mark(struct fixture *fx, int64_t room, int64_t user, int64_t up_to, bool expected)
{
    bool changed;

    assert_ok(fx, room_mark_read(fx->db, room, user, up_to, &changed, &fx->fail));
    assert_int_equal(changed, expected);
}

static void test_a_room_comes_back_as_stored(void **state)
{
    struct fixture *fx = *state;
    struct room r = {.slug = "@7",
                     .kind = "self",
                     .title = "Ann",
                     .topic = "mine",
                     .position = 3,
                     .slow_s = 5,
                     .post_policy = "moderators",
                     .created_ms = 1700000000000};
    struct room got;

    begin(fx);
    r.owner_id = add_user(fx, "ann");
    assert_ok(fx, room_insert(fx->db, &r, &fx->fail));
    commit(fx);
    assert_ok(fx, room_by_slug(fx->db, &fx->arena, "@7", &got, &fx->fail));
    assert_int_equal(got.id, r.id);
    assert_string_equal(got.kind, "self");
    assert_string_equal(got.title, "Ann");
    assert_string_equal(got.topic, "mine");
    assert_string_equal(got.post_policy, "moderators");
    assert_int_equal(got.position, 3);
    assert_int_equal(got.owner_id, r.owner_id);
    assert_int_equal(got.slow_s, 5);
    assert_int_equal(got.created_ms, 1700000000000);
    assert_int_equal(got.head, 0);
    assert_int_equal(got.floor, 0);
    assert_ok(fx, room_by_id(fx->db, &fx->arena, r.id, &got, &fx->fail));
    assert_string_equal(got.slug, "@7");
}

static void test_an_unknown_room_is_not_found(void **state)
{
    struct fixture *fx = *state;
    struct room_view v;
    struct room r;

    assert_err(ERR_NOT_FOUND, room_by_slug(fx->db, &fx->arena, "x", &r, &fx->fail));
    assert_err(ERR_NOT_FOUND, room_by_id(fx->db, &fx->arena, 5, &r, &fx->fail));
    assert_err(ERR_NOT_FOUND, room_view(fx->db, &fx->arena, 5, 1, &v, &fx->fail));
}

static void test_a_slug_exists_once(void **state)
{
    struct fixture *fx = *state;
    struct room r = {.slug = "general", .kind = "public", .title = "again", .created_ms = 1};

    begin(fx);
    add_room(fx, "general");
    assert_err(ERR_EDIT_CONFLICT, room_insert(fx->db, &r, &fx->fail));
    db_rollback(fx->db);
}

static void test_a_room_of_nobody_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct room r = {.slug = "@9", .kind = "self", .title = "x", .owner_id = 9, .created_ms = 1};

    begin(fx);
    assert_err(ERR_EDIT_CONFLICT, room_insert(fx->db, &r, &fx->fail));
    db_rollback(fx->db);
}

static void test_public_rooms_are_listed_by_position(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        const char *slug, *kind;
        int64_t position, archived_ms;
    } rows[] = {{"third", "public", 30, 0},  {"first", "public", 10, 0},
                {"mine", "self", 1, 0},      {"gone", "public", 5, 99},
                {"hidden", "private", 2, 0}, {"second", "public", 20, 0}};
    struct room_view list[10];
    size_t count;

    begin(fx);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct room r = {.slug = rows[i].slug,
                         .kind = rows[i].kind,
                         .title = "t",
                         .position = rows[i].position,
                         .archived_ms = rows[i].archived_ms,
                         .created_ms = 1};

        assert_ok(fx, room_insert(fx->db, &r, &fx->fail));
    }
    commit(fx);
    assert_ok(fx, room_list_public(fx->db, &fx->arena, 0, list, 10, &count, &fx->fail));
    assert_int_equal(count, 3);
    assert_string_equal(list[0].room.slug, "first");
    assert_string_equal(list[1].room.slug, "second");
    assert_string_equal(list[2].room.slug, "third");
    assert_false(list[0].has_mark);
    assert_ok(fx, room_list_public(fx->db, &fx->arena, 0, list, 2, &count, &fx->fail));
    assert_int_equal(count, 2);
}

static void test_updates_of_a_room(void **state)
{
    struct fixture *fx = *state;
    struct room r;
    int64_t id;

    begin(fx);
    id = add_room(fx, "general");
    assert_ok(fx, room_update_topic(fx->db, id, "Earnings", &fx->fail));
    assert_ok(fx, room_update_slow(fx->db, id, 30, &fx->fail));
    assert_ok(fx, room_update_archived(fx->db, id, 77, &fx->fail));
    commit(fx);
    assert_ok(fx, room_by_id(fx->db, &fx->arena, id, &r, &fx->fail));
    assert_string_equal(r.topic, "Earnings");
    assert_int_equal(r.slow_s, 30);
    assert_int_equal(r.archived_ms, 77);
}

static void test_a_read_mark_only_rises(void **state)
{
    struct fixture *fx = *state;
    struct room_view v;
    int64_t room, ann;

    begin(fx);
    room = add_room(fx, "general");
    ann = add_user(fx, "ann");
    mark(fx, room, ann, 5, true);
    mark(fx, room, ann, 5, false);
    mark(fx, room, ann, 3, false);
    mark(fx, room, ann, 6, true);
    commit(fx);
    assert_ok(fx, room_view(fx->db, &fx->arena, room, ann, &v, &fx->fail));
    assert_true(v.has_mark);
    assert_int_equal(v.last_read_seq, 6);
}

static void test_unread_counts_others_past_the_mark(void **state)
{
    struct fixture *fx = *state;
    int64_t room, other, ann, bob;

    begin(fx);
    room = add_room(fx, "general");
    other = add_room(fx, "energy");
    ann = add_user(fx, "ann");
    bob = add_user(fx, "bob");
    for (int i = 0; i < 3; i++) {
        post(fx->db, room, ann, "by ann", &fx->fail);
        post(fx->db, room, bob, "by bob", &fx->fail);
        post(fx->db, other, bob, "elsewhere", &fx->fail);
    }
    assert_int_equal(unread(fx, room, ann), 0); /* no mark yet */
    mark(fx, room, ann, 0, true);
    assert_int_equal(unread(fx, room, ann), 3);
    mark(fx, room, ann, 2, true);
    assert_int_equal(unread(fx, room, ann), 2);
    mark(fx, room, ann, 6, true);
    assert_int_equal(unread(fx, room, ann), 0);
    mark(fx, room, bob, 1, true);
    assert_int_equal(unread(fx, room, bob), 2);
    assert_int_equal(unread(fx, room, 0), 0);
    assert_int_equal(sqlite3_exec(fx->db->sqlite,
                                  "UPDATE message SET deleted_ms = 9 WHERE seq = 3 AND room_id = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(unread(fx, room, bob), 1);
    commit(fx);
}

static void test_unread_stops_at_a_hundred(void **state)
{
    struct fixture *fx = *state;
    struct room_view list[2];
    int64_t room, ann, bob;
    size_t count;

    begin(fx);
    room = add_room(fx, "general");
    ann = add_user(fx, "ann");
    bob = add_user(fx, "bob");
    for (int i = 0; i < 250; i++)
        assert_true(post(fx->db, room, bob, "by bob", &fx->fail) > 0);
    mark(fx, room, ann, 0, true);
    assert_int_equal(unread(fx, room, ann), 100);
    mark(fx, room, ann, 151, true);
    assert_int_equal(unread(fx, room, ann), 99);
    commit(fx);
    assert_ok(fx, room_list_public(fx->db, &fx->arena, ann, list, 2, &count, &fx->fail));
    assert_int_equal(count, 1);
    assert_int_equal(list[0].unread, 99);
    assert_int_equal(list[0].last_read_seq, 151);
}

/* However many of the user's own messages stand between, the count costs a bounded walk. */
static void test_unread_walks_a_bounded_way(void **state)
{
    struct fixture *fx = *state;
    int64_t room, ann;
    int steps;

    begin(fx);
    room = add_room(fx, "general");
    ann = add_user(fx, "ann");
    for (int i = 0; i < 5000; i++)
        assert_true(post(fx->db, room, ann, "by ann", &fx->fail) > 0);
    mark(fx, room, ann, 0, true);
    commit(fx);
    assert_int_equal(unread(fx, room, ann), 0);
    steps = 0;
    for (size_t i = 0; i < fx->db->statement_count; i++) {
        if (strcmp(fx->db->statements[i].sql->name, "room.view") == 0)
            steps = sqlite3_stmt_status(fx->db->statements[i].stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
    }
    assert_in_range(steps, 1000, 20000);
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_a_room_comes_back_as_stored),
        WITH_CHAT(test_an_unknown_room_is_not_found),
        WITH_CHAT(test_a_slug_exists_once),
        WITH_CHAT(test_a_room_of_nobody_is_refused),
        WITH_CHAT(test_public_rooms_are_listed_by_position),
        WITH_CHAT(test_updates_of_a_room),
        WITH_CHAT(test_a_read_mark_only_rises),
        WITH_CHAT(test_unread_counts_others_past_the_mark),
        WITH_CHAT(test_unread_stops_at_a_hundred),
        WITH_CHAT(test_unread_walks_a_bounded_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
