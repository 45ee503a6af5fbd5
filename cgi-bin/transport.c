/* What both transports share: signals, waiting with them, the watchdog. */
#include "cgi-bin/transport.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Set by the handler, which runs only in transport_poll(). */
static volatile sig_atomic_t stop_asked, reload_asked;

static sigset_t while_waiting; /* the mask of transport_poll() */

static const int handled[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};

static void on_signal(int sig)
{
    if (sig == SIGHUP)
        reload_asked = 1;
    else
        stop_asked = 1;
}

void transport_block_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < ARRAY_LEN(handled); i++)
        sigaddset(&blocked, handled[i]);
    sigprocmask(SIG_BLOCK, &blocked, &while_waiting);
    for (size_t i = 0; i < ARRAY_LEN(handled); i++) {
        sigdelset(&while_waiting, handled[i]);
        sigaction(handled[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

bool transport_stop_asked(void)
{
    return stop_asked;
}

bool transport_take_reload(void)
{
    bool asked = reload_asked;

    reload_asked = 0;
    return asked;
}

int transport_poll(struct pollfd *fds, size_t count, int64_t ms)
{
    struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    return ppoll(fds, count, ms < 0 ? NULL : &limit, &while_waiting);
}

static volatile sig_atomic_t armed;

/* A database transaction that this cuts off is rolled back by its next opener. */
static void give_up(int sig)
{
    static const char text[] = "outcry: a request took longer than request_timeout_s; giving up\n";
    ssize_t ignored;

    if (!armed)
        return;
    ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    (void)sig;
    _exit(70);
}

void watchdog_install(void)
{
    struct sigaction action = {.sa_handler = give_up};

    sigaction(SIGALRM, &action, NULL);
}

/* The interval never comes to pass: it keeps how long the timer was set for. */
void watchdog_arm(unsigned seconds)
{
    struct itimerval timer = {.it_value.tv_sec = seconds, .it_interval.tv_sec = seconds};

    setitimer(ITIMER_REAL, &timer, NULL);
    armed = seconds > 0; /* now that an older timer cannot ring any more */
}

void watchdog_disarm(void)
{
    armed = 0;
}

void watchdog_again(void)
{
    struct itimerval timer;

    if (!armed)
        return;
    getitimer(ITIMER_REAL, &timer);
    timer.it_value = timer.it_interval;
    setitimer(ITIMER_REAL, &timer, NULL);
}
