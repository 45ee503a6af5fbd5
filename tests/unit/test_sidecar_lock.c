/* One sidecar at most, whoever starts it, and what the next starter learns of the last start. */
#include "lib/sidecar_lock.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void test_one_has_it_at_a_time(void **state)
{
    struct fixture *fx = fixture_open();
    const char *path = fx->conf.sidecar_lock;
    struct fail f;
    int fd;

    (void)state;
    assert_false(sidecar_lock_is_held(path));
    fd = sidecar_lock_take(path, &f);
    assert_true(fd >= 0);
    assert_true(sidecar_lock_is_held(path));
    assert_int_equal(sidecar_lock_take(path, &f), -1);
    assert_int_equal(f.err, ERR_BUSY);
    assert_non_null(strstr(f.message, path));
    close(fd);
    assert_false(sidecar_lock_is_held(path));
    fd = sidecar_lock_take(path, &f);
    assert_true(fd >= 0);
    close(fd);
    fixture_close(fx);
}

static void test_a_place_without_a_lock_is_named(void **state)
{
    struct fail f;

    (void)state;
    assert_int_equal(sidecar_lock_take("/nonexistent/lock", &f), -1);
    assert_int_equal(f.err, ERR_INTERNAL);
    assert_non_null(strstr(f.message, "/nonexistent/lock"));
    assert_false(sidecar_lock_is_held("/nonexistent/lock"));
    assert_int_equal(sidecar_lock_last_start("/nonexistent/lock"), SIDECAR_STARTED);
}

/* As exec does, by a copy of the descriptor that outlives the starter's own. */
static void test_a_child_inherits_it(void **state)
{
    struct fixture *fx = fixture_open();
    const char *path = fx->conf.sidecar_lock;
    struct fail f;
    int taken = sidecar_lock_take(path, &f), inherited = dup(taken);

    (void)state;
    close(taken);
    assert_true(sidecar_lock_is_held(path));
    assert_int_equal(sidecar_lock_inherit(inherited, path, &f), OK);
    assert_int_equal(fcntl(inherited, F_GETFD), FD_CLOEXEC);
    assert_int_equal(sidecar_lock_take(path, &f), -1);
    close(inherited);
    assert_false(sidecar_lock_is_held(path));
    fixture_close(fx);
}

static void test_what_is_not_the_lock_is_refused(void **state)
{
    struct fixture *fx = fixture_open();
    const char *path = fx->conf.sidecar_lock;
    struct fail f;
    int held = sidecar_lock_take(path, &f), another = open(path, O_RDWR), pipes[2];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(sidecar_lock_inherit(pipes[0], path, &f), ERR_BAD_REQUEST);
    assert_int_equal(sidecar_lock_inherit(99, path, &f), ERR_BAD_REQUEST);
    assert_int_equal(sidecar_lock_inherit(held, "/nonexistent", &f), ERR_BAD_REQUEST);
    /* The file, but somebody else has locked it. */
    assert_int_equal(sidecar_lock_inherit(another, path, &f), ERR_BUSY);
    /* The file, but a new one stands there. */
    assert_int_equal(unlink(path), 0);
    close(open(path, O_RDWR | O_CREAT, 0600));
    assert_int_equal(sidecar_lock_inherit(held, path, &f), ERR_BAD_REQUEST);
    close(held);
    close(another);
    close(pipes[0]);
    close(pipes[1]);
    fixture_close(fx);
}

static void set_age(const char *path, int64_t seconds)
{
    struct timespec then = {.tv_sec = time(NULL) - seconds};
    struct timespec both[2] = {then, then};

    assert_int_equal(utimensat(AT_FDCWD, path, both, 0), 0);
}

static void test_a_start_is_tried_once_in_a_while(void **state)
{
    static const struct {
        int64_t age_s;
        enum sidecar_start seen;
    } cases[] = {
        {0, SIDECAR_STARTING},     {9, SIDECAR_STARTING},
        {11, SIDECAR_NOT_STARTED}, {86400, SIDECAR_NOT_STARTED},
        {-8, SIDECAR_STARTING},    {-3600, SIDECAR_NOT_STARTED}, /* the clock was set back */
    };
    struct fixture *fx = fixture_open();
    const char *path = fx->conf.sidecar_lock;
    struct fail f;
    int fd = sidecar_lock_take(path, &f);

    (void)state;
    assert_int_equal(sidecar_lock_last_start(path), SIDECAR_STARTED);
    sidecar_lock_begin_start(fd);
    assert_int_equal(sidecar_lock_last_start(path), SIDECAR_STARTING);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        set_age(path, cases[i].age_s);
        assert_int_equal(sidecar_lock_last_start(path), cases[i].seen);
    }
    sidecar_lock_begin_start(fd); /* again: now */
    assert_int_equal(sidecar_lock_last_start(path), SIDECAR_STARTING);
    sidecar_lock_serve(fd);
    assert_int_equal(sidecar_lock_last_start(path), SIDECAR_STARTED);
    sidecar_lock_let_go(fd);
    fixture_close(fx);
}

static long written_pid(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY);

    assert_true(read(fd, text, sizeof text - 1) >= 0);
    close(fd);
    return strtol(text, NULL, 10);
}

static void test_it_names_whom_to_end(void **state)
{
    struct fixture *fx = fixture_open();
    const char *path = fx->conf.sidecar_lock;
    struct fail f;
    int fd = sidecar_lock_take(path, &f);

    (void)state;
    sidecar_lock_begin_start(fd);
    assert_int_equal(written_pid(path), 0);
    sidecar_lock_serve(fd);
    assert_int_equal(written_pid(path), getpid());
    assert_true(sidecar_lock_is_held(path));
    sidecar_lock_let_go(fd);
    assert_int_equal(written_pid(path), 0);
    assert_false(sidecar_lock_is_held(path));
    fixture_close(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_has_it_at_a_time),
        cmocka_unit_test(test_a_place_without_a_lock_is_named),
        cmocka_unit_test(test_a_child_inherits_it),
        cmocka_unit_test(test_what_is_not_the_lock_is_refused),
        cmocka_unit_test(test_a_start_is_tried_once_in_a_while),
        cmocka_unit_test(test_it_names_whom_to_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
