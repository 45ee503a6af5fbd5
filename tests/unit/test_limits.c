/* Buckets by user and by address. */
#include "tests/lib/fixture.h"

#include "chat/limits.h"

static int setup(void **state)
{
    struct fixture *fx = fixture_open();

    fx->conf.rate_user_burst = 3;
    fx->conf.rate_user_per_minute = 60;
    fx->conf.rate_address_burst = 5;
    fx->conf.rate_address_per_minute = 60;
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static enum err take(struct fixture *fx, const struct actor *who, const char *address)
{
    fx->fail.retry_after_ms = 0;
    return limits_take_message(&fx->chat, who, address, &fx->fail);
}

static void test_a_bucket_refills_with_time(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    for (int i = 0; i < 3; i++)
        assert_int_equal(take(fx, &ana, NULL), OK);
    assert_int_equal(take(fx, &ana, NULL), ERR_RATE_LIMITED);
    assert_int_equal(fx->fail.retry_after_ms, 1000);
    fixture_pass(fx, 999);
    assert_int_equal(take(fx, &ana, NULL), ERR_RATE_LIMITED);
    fixture_pass(fx, 1);
    assert_int_equal(take(fx, &ana, NULL), OK);
    fixture_pass(fx, 3600000);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(fx, &ana, NULL), OK);
    assert_int_equal(take(fx, &ana, NULL), ERR_RATE_LIMITED);
}

static void test_an_address_is_limited_over_its_users(void **state)
{
    struct fixture *fx = *state;
    struct actor a = fixture_guest(fx, "a"), b = fixture_guest(fx, "b");

    for (int i = 0; i < 3; i++)
        assert_int_equal(take(fx, &a, "192.0.2.1"), OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(take(fx, &b, "192.0.2.1"), OK);
    assert_int_equal(take(fx, &b, "192.0.2.1"), ERR_RATE_LIMITED);
    /* What the address refused cost the user nothing. */
    assert_int_equal(take(fx, &b, "192.0.2.2"), OK);
    assert_int_equal(take(fx, &b, "192.0.2.2"), ERR_RATE_LIMITED);
}

static void test_a_refusal_inside_a_batch_costs_nothing_either(void **state)
{
    struct fixture *fx = *state;
    struct actor a = fixture_guest(fx, "a"), b = fixture_guest(fx, "b");

    fx->conf.rate_address_burst = 2;
    assert_int_equal(db_begin_write(fx->chat.state, &fx->fail), OK);
    assert_int_equal(take(fx, &a, "192.0.2.1"), OK);
    assert_int_equal(take(fx, &a, "192.0.2.1"), OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(fx, &b, "192.0.2.1"), ERR_RATE_LIMITED);
    assert_int_equal(db_commit(fx->chat.state, &fx->fail), OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(fx, &b, NULL), OK);
    assert_int_equal(take(fx, &b, NULL), ERR_RATE_LIMITED);
}

static void test_an_ipv6_neighbourhood_is_one_address(void **state)
{
    struct fixture *fx = *state;

    fx->conf.rate_session_burst = 2;
    assert_int_equal(limits_take_session(&fx->chat, "2001:db8::1", &fx->fail), OK);
    assert_int_equal(limits_take_session(&fx->chat, "2001:db8:0:0:ffff::2", &fx->fail), OK);
    assert_int_equal(limits_take_session(&fx->chat, "2001:db8::3", &fx->fail), ERR_RATE_LIMITED);
    assert_int_equal(limits_take_session(&fx->chat, "2001:db8:0:1::1", &fx->fail), OK);
    /* IPv4 in IPv6 is IPv4: each address of its own */
    assert_int_equal(limits_take_session(&fx->chat, "::ffff:192.0.2.1", &fx->fail), OK);
    assert_int_equal(limits_take_session(&fx->chat, "::ffff:192.0.2.2", &fx->fail), OK);
    assert_int_equal(limits_take_session(&fx->chat, "::ffff:192.0.2.3", &fx->fail), OK);
}

static void test_wall_time_does_not_fill_buckets(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");

    for (int i = 0; i < 3; i++)
        assert_int_equal(take(fx, &ana, NULL), OK);
    fx->chat.clock.fake_wall_ms += 3600000;
    assert_int_equal(take(fx, &ana, NULL), ERR_RATE_LIMITED);
    fx->chat.clock.fake_wall_ms -= 7200000;
    fx->chat.clock.fake_boot_ms += 1000;
    assert_int_equal(take(fx, &ana, NULL), OK);
}

static void test_no_address_is_no_limit_by_address(void **state)
{
    struct fixture *fx = *state;

    fx->conf.rate_session_burst = 1;
    for (int i = 0; i < 5; i++)
        assert_int_equal(limits_take_session(&fx->chat, NULL, &fx->fail), OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_bucket_refills_with_time),
        TEST(test_an_address_is_limited_over_its_users),
        TEST(test_a_refusal_inside_a_batch_costs_nothing_either),
        TEST(test_an_ipv6_neighbourhood_is_one_address),
        TEST(test_wall_time_does_not_fill_buckets),
        TEST(test_no_address_is_no_limit_by_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
