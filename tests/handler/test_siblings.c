/* Whether another process of the program is idle, where the web server shows no queue. */
#include "cgi-bin/siblings.h"
#include "tests/lib/fixture.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void test_the_sockets_of_mod_fcgid_are_known_by_their_names(void **state)
{
    static const struct {
        const char *path;
        bool private;
    } cases[] = {
        {"/var/lib/apache2/fcgid/sock/1234.0", true},
        {"1.22", true},
        {"/run/1234.0/api.sock", false},
        {"/run/outcry/api.sock-0", false},
        {"/run/1234", false},
        {"/run/1234.", false},
        {"/run/.5", false},
        {"/run/12a.5", false},
        {"/run/12.5a", false},
        {"/run/12.5.1", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (siblings_is_private(cases[i].path) != cases[i].private)
            fail_msg("%s", cases[i].path);
}

static int listen_at(struct fixture *fx, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", fx->dir, name);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static const char *lock_of(struct fixture *fx)
{
    return arena_fmt(&fx->arena, "%s/idle", fx->dir);
}

static void test_the_last_idle_one_is_noticed(void **state)
{
    struct fixture *fx = fixture_open();
    int first = listen_at(fx, "77.0"), second = listen_at(fx, "77.1");
    struct siblings a, b;

    (void)state;
    siblings_init(&a, first, lock_of(fx));
    siblings_init(&b, second, lock_of(fx));
    assert_true(siblings_are_busy(&a)); /* nobody is idle */
    siblings_set_idle(&a, true);
    siblings_set_idle(&b, true);
    siblings_set_idle(&a, false);
    assert_false(siblings_are_busy(&a)); /* b is */
    siblings_set_idle(&b, false);
    assert_true(siblings_are_busy(&a));
    assert_true(siblings_are_busy(&b)); /* asking left no trace */
    siblings_set_idle(&b, true);
    siblings_release(&b); /* dead ones are not idle */
    assert_true(siblings_are_busy(&a));
    siblings_release(&a);
    close(first);
    close(second);
    fixture_close(fx);
}

static void test_where_the_queue_can_be_seen_nobody_asks(void **state)
{
    struct fixture *fx = fixture_open();
    int shared = listen_at(fx, "api.sock-0"), tcp = socket(AF_INET, SOCK_STREAM, 0);
    struct siblings s;

    (void)state;
    siblings_init(&s, shared, lock_of(fx));
    assert_false(siblings_are_busy(&s));
    siblings_init(&s, tcp, lock_of(fx));
    assert_false(siblings_are_busy(&s));
    siblings_init(&s, -1, lock_of(fx));
    siblings_set_idle(&s, true);
    assert_false(siblings_are_busy(&s));
    siblings_release(&s);
    assert_int_not_equal(access(lock_of(fx), F_OK), 0);
    close(shared);
    close(tcp);
    fixture_close(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sockets_of_mod_fcgid_are_known_by_their_names),
        cmocka_unit_test(test_the_last_idle_one_is_noticed),
        cmocka_unit_test(test_where_the_queue_can_be_seen_nobody_asks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
