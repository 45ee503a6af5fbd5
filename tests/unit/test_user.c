#include "db/user.h"
#include "tests/unit/db_fixture.h"

static int64_t add(struct fixture *fx, const char *ext_id, const char *name, const char *fold)
{
    struct user u = {.ext_id = ext_id,
                     .username = name,
                     .name_fold = fold,
                     .role = "member",
                     .named_by_host = true,
                     .first_seen_ms = 1700000000000};

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, user_insert(fx->db, &u, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    return u.id;
}

static void test_a_user_comes_back_as_stored(void **state)
{
    struct fixture *fx = *state;
    struct user u;
    int64_t id = add(fx, "h:42", "Zoë", "zoe");

    assert_true(id > 0);
    assert_ok(fx, user_by_ext(fx->db, &fx->arena, "h:42", &u, &fx->fail));
    assert_int_equal(u.id, id);
    assert_string_equal(u.username, "Zoë");
    assert_string_equal(u.name_fold, "zoe");
    assert_string_equal(u.role, "member");
    assert_true(u.named_by_host);
    assert_int_equal(u.first_seen_ms, 1700000000000);
    assert_int_equal(u.muted_until, 0);
    assert_ok(fx, user_by_id(fx->db, &fx->arena, id, &u, &fx->fail));
    assert_string_equal(u.ext_id, "h:42");
}

static void test_an_unknown_user_is_not_found_and_says_nothing(void **state)
{
    struct fixture *fx = *state;
    struct user u = {.id = 7};

    assert_err(ERR_NOT_FOUND, user_by_ext(fx->db, &fx->arena, "h:1", &u, &fx->fail));
    assert_int_equal(u.id, 0);
    assert_err(ERR_NOT_FOUND, user_by_id(fx->db, &fx->arena, 1, &u, &fx->fail));
    assert_string_equal(fx->fail.message, "");
}

static void test_an_ext_id_exists_once(void **state)
{
    struct fixture *fx = *state;
    struct user u = {
        .ext_id = "h:42", .username = "b", .name_fold = "b", .role = "member", .first_seen_ms = 1};

    add(fx, "h:42", "a", "a");
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_err(ERR_EDIT_CONFLICT, user_insert(fx->db, &u, &fx->fail));
    assert_int_equal(u.id, 0);
    db_rollback(fx->db);
}

static void test_a_name_may_be_shared(void **state)
{
    struct fixture *fx = *state;
    struct user list[2];
    size_t count;
    int64_t first = add(fx, "h:1", "Ann", "ann"), second = add(fx, "h:2", "ann", "ann");

    add(fx, "h:3", "bob", "bob");
    assert_ok(fx, user_list_by_fold(fx->db, &fx->arena, "ann", list, 2, &count, &fx->fail));
    assert_int_equal(count, 2);
    assert_int_equal(list[0].id, first);
    assert_int_equal(list[1].id, second);
    assert_ok(fx, user_list_by_fold(fx->db, &fx->arena, "ann", list, 1, &count, &fx->fail));
    assert_int_equal(count, 1);
    assert_ok(fx, user_list_by_fold(fx->db, &fx->arena, "eve", list, 2, &count, &fx->fail));
    assert_int_equal(count, 0);
}

static void test_all_users_come_in_pages(void **state)
{
    struct fixture *fx = *state;
    struct user list[2];
    size_t count;

    add(fx, "h:1", "a", "a");
    add(fx, "h:2", "b", "b");
    add(fx, "h:3", "c", "c");
    assert_ok(fx, user_list(fx->db, &fx->arena, 0, list, 2, &count, &fx->fail));
    assert_int_equal(count, 2);
    assert_ok(fx, user_list(fx->db, &fx->arena, list[1].id, list, 2, &count, &fx->fail));
    assert_int_equal(count, 1);
    assert_string_equal(list[0].username, "c");
}

static void test_updates_touch_one_user_only(void **state)
{
    struct fixture *fx = *state;
    struct user a, b;
    int64_t first = add(fx, "h:1", "a", "a"), second = add(fx, "h:2", "b", "b");

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_ok(fx, user_update_name(fx->db, first, "a~guest", "a~guest", false, &fx->fail));
    assert_ok(fx, user_update_role(fx->db, first, "moderator", &fx->fail));
    assert_ok(fx, user_update_sanctions(fx->db, first, 10, 20, 30, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    assert_ok(fx, user_by_id(fx->db, &fx->arena, first, &a, &fx->fail));
    assert_ok(fx, user_by_id(fx->db, &fx->arena, second, &b, &fx->fail));
    assert_string_equal(a.username, "a~guest");
    assert_string_equal(a.name_fold, "a~guest");
    assert_false(a.named_by_host);
    assert_string_equal(a.role, "moderator");
    assert_int_equal(a.muted_until, 10);
    assert_int_equal(a.banned_until, 20);
    assert_int_equal(a.tokens_valid_after, 30);
    assert_string_equal(b.username, "b");
    assert_string_equal(b.role, "member");
    assert_int_equal(b.banned_until, 0);
}

static void test_a_role_that_does_not_exist_is_refused(void **state)
{
    struct fixture *fx = *state;
    int64_t id = add(fx, "h:1", "a", "a");

    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    assert_err(ERR_EDIT_CONFLICT, user_update_role(fx->db, id, "emperor", &fx->fail));
    db_rollback(fx->db);
}

/* Values are bound, never part of a statement. */
static void test_sql_in_a_name_is_a_name(void **state)
{
    struct fixture *fx = *state;
    static const char *const names[] = {"'; DROP TABLE user; --", "\" OR 1=1", "?1", "%s%n", ""};
    struct user u;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *ext_id = arena_fmt(&fx->arena, "h:%zu%s", i, names[i]);
        int64_t id = add(fx, ext_id, names[i], names[i]);

        assert_ok(fx, user_by_ext(fx->db, &fx->arena, ext_id, &u, &fx->fail));
        assert_int_equal(u.id, id);
        assert_string_equal(u.username, names[i]);
    }
}

#define WITH_CHAT(test) cmocka_unit_test_setup_teardown(test, setup_chat, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHAT(test_a_user_comes_back_as_stored),
        WITH_CHAT(test_an_unknown_user_is_not_found_and_says_nothing),
        WITH_CHAT(test_an_ext_id_exists_once),
        WITH_CHAT(test_a_name_may_be_shared),
        WITH_CHAT(test_all_users_come_in_pages),
        WITH_CHAT(test_updates_touch_one_user_only),
        WITH_CHAT(test_a_role_that_does_not_exist_is_refused),
        WITH_CHAT(test_sql_in_a_name_is_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
