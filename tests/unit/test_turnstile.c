#include "db/turnstile.h"
#include "tests/unit/db_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static void open_one(struct fixture *fx, struct turnstile *t)
{
    assert_ok(fx, turnstile_open(t, fx->chat, &fx->fail));
}

static void test_a_free_turnstile_is_taken_at_once(void **state)
{
    struct fixture *fx = *state;
    struct turnstile t;

    open_one(fx, &t);
    for (int i = 0; i < 3; i++) {
        assert_ok(fx, turnstile_take(&t, 0, &fx->fail));
        assert_true(t.held);
        turnstile_leave(&t);
        assert_false(t.held);
    }
    turnstile_close(&t);
}

static void test_a_wait_ends_at_its_deadline(void **state)
{
    struct fixture *fx = *state;
    struct turnstile holder, waiter;
    int64_t start, took;

    open_one(fx, &holder);
    open_one(fx, &waiter);
    assert_ok(fx, turnstile_take(&holder, 0, &fx->fail));
    assert_err(ERR_BUSY, turnstile_take(&waiter, 0, &fx->fail));
    start = test_now_ms();
    assert_err(ERR_BUSY, turnstile_take(&waiter, 100, &fx->fail));
    took = test_now_ms() - start;
    assert_in_range(took, 99, 5000);
    assert_true(fx->fail.retry_after_ms > 0);
    /* One that gave up left nothing behind. */
    turnstile_leave(&holder);
    assert_ok(fx, turnstile_take(&waiter, 0, &fx->fail));
    turnstile_leave(&waiter);
    turnstile_close(&holder);
    turnstile_close(&waiter);
}

static void *wait_with_all_signals_blocked(void *arg)
{
    struct turnstile *t = arg;
    struct fail f = {0};
    sigset_t all, after;
    enum err e;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    e = turnstile_take(t, 50, &f);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    /* The thread's mask is as it was. */
    return e == ERR_BUSY && sigismember(&after, SIGRTMIN + 7) ? t : NULL;
}

static void test_a_thread_that_blocks_signals_has_a_deadline_too(void **state)
{
    struct fixture *fx = *state;
    struct turnstile holder, waiter;
    pthread_t thread;
    void *result;

    open_one(fx, &holder);
    open_one(fx, &waiter);
    assert_ok(fx, turnstile_take(&holder, 0, &fx->fail));
    assert_int_equal(pthread_create(&thread, NULL, wait_with_all_signals_blocked, &waiter), 0);
    pthread_join(thread, &result);
    assert_ptr_equal(result, &waiter);
    turnstile_close(&holder);
    turnstile_close(&waiter);
}

static void test_a_killed_holder_frees_the_lock(void **state)
{
    struct fixture *fx = *state;
    struct turnstile t;
    int ready[2], status;
    pid_t pid;
    char c;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        if (turnstile_open(&t, fx->chat, NULL) || turnstile_take(&t, 0, NULL) ||
            write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    open_one(fx, &t);
    assert_err(ERR_BUSY, turnstile_take(&t, 20, &fx->fail));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_ok(fx, turnstile_take(&t, 5000, &fx->fail));
    turnstile_close(&t);
    close(ready[0]);
    close(ready[1]);
}

enum { PROCESSES = 8, ROUNDS = 1600 };

struct shares {
    atomic_int total, inside, broken;
    int of[PROCESSES];
};

static int take_until_total(struct fixture *fx, int number, void *arg)
{
    struct shares *shares = arg;
    struct turnstile t;
    struct fail f;
    bool done = false;

    if (turnstile_open(&t, fx->chat, &f))
        return 1;
    while (!done) {
        if (turnstile_take(&t, 20000, &f))
            return 2;
        if (atomic_fetch_add(&shares->inside, 1) != 0)
            atomic_store(&shares->broken, 1);
        done = atomic_fetch_add(&shares->total, 1) >= ROUNDS;
        shares->of[number]++;
        /* About what a commit takes; without it there is nothing to queue for. */
        for (int64_t until = test_now_ms() + 1; test_now_ms() < until;)
            ;
        atomic_fetch_sub(&shares->inside, 1);
        turnstile_leave(&t);
    }
    return 0;
}

static void test_eight_processes_get_equal_shares(void **state)
{
    struct fixture *fx = *state;
    struct shares *shares = shared_memory(sizeof *shares);
    int least = ROUNDS, most = 0;

    assert_true(run_processes(fx, PROCESSES, take_until_total, shares));
    assert_int_equal(atomic_load(&shares->broken), 0); /* one at a time */
    for (int i = 0; i < PROCESSES; i++) {
        least = shares->of[i] < least ? shares->of[i] : least;
        most = shares->of[i] > most ? shares->of[i] : most;
    }
    print_message("# shares between %d and %d of %d\n", least, most, ROUNDS);
    assert_true(least * 3 > most);
    munmap(shares, sizeof *shares);
}

static void test_the_locks_are_not_inherited(void **state)
{
    struct fixture *fx = *state;
    struct turnstile t;

    open_one(fx, &t);
    assert_int_equal(fcntl(t.queue_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(t.write_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    turnstile_close(&t);
}

static void test_a_folder_that_is_not_there_is_an_error(void **state)
{
    struct fixture *fx = *state;
    struct turnstile t;

    assert_err(ERR_INTERNAL, turnstile_open(&t, "/nonexistent/chat.db", &fx->fail));
    assert_non_null(strstr(fx->fail.message, "/nonexistent/chat.db-queue"));
    turnstile_close(&t);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup_empty, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(test_a_free_turnstile_is_taken_at_once),
        WITH_DIR(test_a_wait_ends_at_its_deadline),
        WITH_DIR(test_a_thread_that_blocks_signals_has_a_deadline_too),
        WITH_DIR(test_a_killed_holder_frees_the_lock),
        WITH_DIR(test_eight_processes_get_equal_shares),
        WITH_DIR(test_the_locks_are_not_inherited),
        WITH_DIR(test_a_folder_that_is_not_there_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
