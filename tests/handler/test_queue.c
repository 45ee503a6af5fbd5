/* How many wait before a worker, and when that is too many. */
#include "cgi-bin/queue.h"
#include "tests/lib/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAITING = 40 };

static void test_the_kernel_tells_how_many_wait(void **state)
{
    struct fixture *fx = fixture_open();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), clients[WAITING];
    struct queue q;

    (void)state;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/worker.sock", fx->dir);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 128), 0);
    queue_init(&q, listener);
    assert_int_equal(queue_length(&q), 0);
    for (int i = 0; i < WAITING; i++) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(queue_length(&q), i + 1);
    }
    close(accept(listener, NULL, NULL));
    assert_int_equal(queue_length(&q), WAITING - 1);
    queue_release(&q);
    assert_int_equal(queue_length(&q), -1);
    for (int i = 0; i < WAITING; i++)
        close(clients[i]);
    close(listener);
    fixture_close(fx);
}

static void test_without_a_unix_socket_nobody_is_refused(void **state)
{
    int ends[2], tcp = socket(AF_INET, SOCK_STREAM, 0);
    struct queue q;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    queue_init(&q, ends[0]);
    assert_int_equal(queue_length(&q), -1);
    queue_served(&q, 1000000000);
    assert_false(queue_refuses(&q, 1000));
    queue_release(&q);
    queue_init(&q, tcp);
    assert_int_equal(queue_length(&q), -1);
    queue_release(&q);
    close(ends[0]);
    close(ends[1]);
    close(tcp);
}

static void test_a_queue_counts_by_the_time_it_takes(void **state)
{
    static const struct {
        int64_t service_us, length;
        bool when_serving, when_refusing;
    } cases[] = {
        {2000, 8, false, false},                              /* never empty, but quick */
        {2000, 500, false, false},                            /* one second */
        {2000, 501, false, true},  {2000, 1500, false, true}, /* three */
        {2000, 1501, true, true},  {200000, 5, false, false},
        {200000, 16, true, true},  {5000000, 0, false, false},
        {5000000, 1, true, true},  {5000000, -1, false, false}, /* not known */
        {0, 4096, false, false},                                /* nothing was served yet */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct queue q = {.service_us = cases[i].service_us};

        assert_int_equal(queue_judge(&q, cases[i].length), cases[i].when_serving);
        q.refusing = true;
        assert_int_equal(queue_judge(&q, cases[i].length), cases[i].when_refusing);
    }
}

static void test_one_slow_request_is_not_the_rule(void **state)
{
    struct queue q = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        queue_served(&q, 2000);
    assert_in_range(q.service_us, 1900, 2000);
    queue_served(&q, 5000000);
    assert_false(queue_judge(&q, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_kernel_tells_how_many_wait),
        cmocka_unit_test(test_without_a_unix_socket_nobody_is_refused),
        cmocka_unit_test(test_a_queue_counts_by_the_time_it_takes),
        cmocka_unit_test(test_one_slow_request_is_not_the_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
