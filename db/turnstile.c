/*
 * Waiting: flock(2) has no deadline, so a timer of this thread interrupts it. Polling with LOCK_NB
 * would be simpler and unfair, and would wake for nothing.
 */
#include "db/turnstile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* Nobody else in these programs uses real-time signals. */
#define TURNSTILE_SIGNAL (SIGRTMIN + 7)
enum { REPEAT_MS = 10, RETRY_AFTER_MS = 1000 };

/* A wait's deadline; armed only where the lock was not free at once. */
struct deadline {
    int64_t at_ms;
    int64_t timeout_ms;
    bool armed;
    timer_t timer;
    sigset_t old_mask;
};

static void interrupt(int signo)
{
    (void)signo; /* its arrival is the message: flock() returns EINTR */
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int open_lock(const char *database, const char *suffix, struct fail *f)
{
    char path[4096];
    int fd;

    if ((size_t)snprintf(path, sizeof path, "%s-%s", database, suffix) >= sizeof path) {
        fail(f, ERR_INTERNAL, "The database's path is too long.");
        return -1;
    }
    /* Reading is all that flock needs: then another user's umask does not lock us out. */
    fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (fd < 0)
        fail(f, ERR_INTERNAL, "Cannot open the lock file %s: %s.", path, strerror(errno));
    return fd;
}

enum err turnstile_open(struct turnstile *t, const char *database, struct fail *f)
{
    struct sigaction sa = {.sa_handler = interrupt}; /* no SA_RESTART: that is the point */

    t->held = false;
    t->write_fd = -1;
    t->queue_fd = open_lock(database, "queue", f);
    if (t->queue_fd < 0)
        return ERR_INTERNAL;
    t->write_fd = open_lock(database, "write", f);
    if (t->write_fd < 0) {
        turnstile_close(t);
        return ERR_INTERNAL;
    }
    sigemptyset(&sa.sa_mask);
    if (sigaction(TURNSTILE_SIGNAL, &sa, NULL) < 0) {
        turnstile_close(t);
        return fail(f, ERR_INTERNAL, "Cannot set a signal handler: %s.", strerror(errno));
    }
    return OK;
}

void turnstile_close(struct turnstile *t)
{
    if (t->queue_fd >= 0)
        close(t->queue_fd);
    if (t->write_fd >= 0)
        close(t->write_fd);
    t->queue_fd = t->write_fd = -1;
    t->held = false;
}

static bool arm(struct deadline *d)
{
    struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TURNSTILE_SIGNAL};
    /* It repeats, for the first signal may come just before flock() begins to wait. */
    struct itimerspec when = {
        .it_value = {(time_t)(d->timeout_ms / 1000), (long)(d->timeout_ms % 1000) * 1000000},
        .it_interval = {0, REPEAT_MS * 1000000},
    };
    sigset_t mask;

    ev.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &ev, &d->timer) < 0)
        return false;
    /* A thread that blocks all signals must still be interrupted here. */
    sigemptyset(&mask);
    sigaddset(&mask, TURNSTILE_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &mask, &d->old_mask);
    timer_settime(d->timer, 0, &when, NULL);
    d->armed = true;
    return true;
}

static void disarm(struct deadline *d)
{
    if (!d->armed)
        return;
    timer_delete(d->timer);
    pthread_sigmask(SIG_SETMASK, &d->old_mask, NULL);
    d->armed = false;
}

static enum err busy(struct fail *f)
{
    return fail_later(f, ERR_BUSY, RETRY_AFTER_MS, NULL);
}

static enum err lock(int fd, struct deadline *d, struct fail *f)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    if (errno == EWOULDBLOCK || errno == EINTR) {
        if (d->timeout_ms <= 0)
            return busy(f);
        if (d->armed || arm(d)) {
            while (now_ms() < d->at_ms) {
                if (flock(fd, LOCK_EX) == 0)
                    return OK;
                if (errno != EINTR)
                    break;
            }
            if (now_ms() >= d->at_ms)
                return busy(f);
        }
    }
    return fail(f, ERR_INTERNAL, "Cannot lock the database: %s.", strerror(errno));
}

enum err turnstile_take(struct turnstile *t, int64_t timeout_ms, struct fail *f)
{
    struct deadline d = {.at_ms = now_ms() + timeout_ms, .timeout_ms = timeout_ms};
    enum err e;

    assert(!t->held);
    e = lock(t->queue_fd, &d, f);
    if (!e) {
        e = lock(t->write_fd, &d, f);
        flock(t->queue_fd, LOCK_UN);
    }
    disarm(&d);
    t->held = !e;
    return e;
}

void turnstile_leave(struct turnstile *t)
{
    assert(t->held);
    flock(t->write_fd, LOCK_UN);
    t->held = false;
}
