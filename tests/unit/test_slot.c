/* Places that processes share: counted, and free again when their holder dies. */
#include "lib/slot.h"
#include "tests/lib/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_there_are_as_many_as_asked_for(void **state)
{
    struct fixture *fx = fixture_open();
    const char *beside = fx->conf.notify_socket;
    int a, b, c;

    (void)state;
    assert_int_equal(slot_count_free(beside, 3), 3);
    a = slot_take(beside, 3);
    b = slot_take(beside, 3);
    c = slot_take(beside, 3);
    assert_true(a >= 0 && b >= 0 && c >= 0);
    assert_int_equal(slot_take(beside, 3), -1);
    assert_int_equal(slot_count_free(beside, 3), 0);
    assert_int_equal(slot_count_free(beside, 5), 2);
    close(b);
    assert_int_equal(slot_count_free(beside, 3), 1);
    b = slot_take(beside, 3);
    assert_true(b >= 0);
    assert_int_equal(slot_take(beside, 0), -1);
    close(a);
    close(b);
    close(c);
    fixture_close(fx);
}

static void test_the_kernel_frees_the_slot_of_one_that_was_killed(void **state)
{
    struct fixture *fx = fixture_open();
    const char *beside = fx->conf.notify_socket;
    int ready[2], fd;
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        if (slot_take(beside, 1) < 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(slot_take(beside, 1), -1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fd = slot_take(beside, 1);
    assert_true(fd >= 0);
    close(fd);
    close(ready[0]);
    close(ready[1]);
    fixture_close(fx);
}

static void test_where_nothing_can_be_locked_there_is_none(void **state)
{
    struct fixture *fx = fixture_open();
    char link[128];

    (void)state;
    assert_int_equal(slot_take("/nonexistent/notify.sock", 8), -1);
    assert_int_equal(slot_count_free("/nonexistent/notify.sock", 8), 0);
    /* Nobody's file is opened through a link. */
    snprintf(link, sizeof link, "%s/slot.0", fx->dir);
    assert_int_equal(symlink("elsewhere", link), 0);
    assert_int_equal(slot_take(fx->conf.notify_socket, 1), -1);
    fixture_close(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_are_as_many_as_asked_for),
        cmocka_unit_test(test_the_kernel_frees_the_slot_of_one_that_was_killed),
        cmocka_unit_test(test_where_nothing_can_be_locked_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
