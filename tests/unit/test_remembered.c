/* Whose credentials those were: found again for a minute, and never for others. */
#include "ws-sidecar/remembered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct desk {
    struct remembered remembered;
    struct arena arena;
};

static int set_up(void **state)
{
    struct desk *d = xcalloc(1, sizeof *d);

    remembered_init(&d->remembered);
    arena_init(&d->arena);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *d = *state;

    remembered_release(&d->remembered);
    arena_release(&d->arena);
    free(d);
    return 0;
}

static struct remembered_key key_of(enum credential_kind kind, const char *value)
{
    struct credential one = {kind, value};

    return remembered_key(&one, 1);
}

static void put(struct desk *d, struct remembered_key key, int64_t now, int64_t user_id)
{
    char name[] = "ana"; /* that it is copied shows when this is gone */
    struct actor who = {.kind = ACTOR_USER,
                        .user_id = user_id,
                        .ext_id = name,
                        .username = name,
                        .role = name,
                        .exp_s = 99};

    remembered_put(&d->remembered, &key, now, &who);
    memset(name, 'x', sizeof name - 1);
}

/* The user's id; 0: not remembered. */
static int64_t find(struct desk *d, struct remembered_key key, int64_t now)
{
    struct actor who;

    if (!remembered_find(&d->remembered, &key, now, &d->arena, &who))
        return 0;
    assert_string_equal(who.username, "ana");
    assert_string_equal(who.ext_id, "ana");
    assert_string_equal(who.role, "ana");
    assert_int_equal(who.exp_s, 99);
    return who.user_id;
}

static void test_it_is_found_for_a_minute(void **state)
{
    struct desk *d = *state;
    struct remembered_key key = key_of(CREDENTIAL_BEARER, "a.b.c");

    assert_int_equal(find(d, key, 1000), 0);
    put(d, key, 1000, 7);
    assert_int_equal(find(d, key, 1000), 7);
    assert_int_equal(find(d, key, 1000 + REMEMBERED_MS - 1), 7);
    assert_int_equal(find(d, key, 1000 + REMEMBERED_MS), 0);
    put(d, key, 30000, 7); /* a second request of that moment does not make it last */
    assert_int_equal(find(d, key, 1000 + REMEMBERED_MS), 0);
    put(d, key, 1000 + REMEMBERED_MS, 7); /* but one that was looked at again does */
    assert_int_equal(find(d, key, 1001 + REMEMBERED_MS), 7);
}

static void test_only_the_same_credentials_are_the_same(void **state)
{
    struct desk *d = *state;
    struct credential two[] = {{CREDENTIAL_HOST_COOKIE, "a"}, {CREDENTIAL_GUEST_COOKIE, "b"}};
    struct credential turned[] = {{CREDENTIAL_GUEST_COOKIE, "b"}, {CREDENTIAL_HOST_COOKIE, "a"}};
    struct credential moved[] = {{CREDENTIAL_HOST_COOKIE, "ab"}, {CREDENTIAL_GUEST_COOKIE, ""}};

    put(d, key_of(CREDENTIAL_BEARER, "a.b.c"), 0, 7);
    assert_int_equal(find(d, key_of(CREDENTIAL_BEARER, "a.b.d"), 1), 0);
    assert_int_equal(find(d, key_of(CREDENTIAL_BEARER, "a.b."), 1), 0);
    assert_int_equal(find(d, key_of(CREDENTIAL_HOST_COOKIE, "a.b.c"), 1), 0);
    put(d, remembered_key(two, 2), 0, 8);
    assert_int_equal(find(d, remembered_key(two, 2), 1), 8);
    assert_int_equal(find(d, remembered_key(two, 1), 1), 0);
    assert_int_equal(find(d, remembered_key(turned, 2), 1), 0);
    assert_int_equal(find(d, remembered_key(moved, 2), 1), 0);
}

static void test_the_oldest_make_room(void **state)
{
    struct desk *d = *state;

    for (int64_t i = 0; i < REMEMBERED_MAX + 10; i++)
        put(d, key_of(CREDENTIAL_BEARER, arena_fmt(&d->arena, "%d", (int)i)), i, i + 1);
    assert_int_equal(d->remembered.by_key.count, REMEMBERED_MAX);
    assert_int_equal(find(d, key_of(CREDENTIAL_BEARER, "9"), REMEMBERED_MAX), 0);
    assert_int_equal(find(d, key_of(CREDENTIAL_BEARER, "10"), REMEMBERED_MAX), 11);
    put(d, key_of(CREDENTIAL_BEARER, "new"), 10 * REMEMBERED_MS, 5); /* and all that are too old */
    assert_int_equal(d->remembered.by_key.count, 1);
}

static void test_after_a_clearing_nobody_is_known(void **state)
{
    struct desk *d = *state;
    struct remembered_key key = key_of(CREDENTIAL_BEARER, "a.b.c");

    put(d, key, 0, 7);
    remembered_clear(&d->remembered);
    assert_int_equal(find(d, key, 1), 0);
    put(d, key, 2, 9);
    assert_int_equal(find(d, key, 3), 9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_it_is_found_for_a_minute),
        TEST(test_only_the_same_credentials_are_the_same),
        TEST(test_the_oldest_make_room),
        TEST(test_after_a_clearing_nobody_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
