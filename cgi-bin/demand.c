#include "cgi-bin/demand.h"

#include "lib/sidecar_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOCK_FD = 3, HIGH_FD = 16, FDS_MOST = 1024, ENTRY_MAX = 4096 };

bool demand_is_due(const struct chat *c)
{
    return c->conf->sidecar == SIDECAR_ON_DEMAND &&
           sidecar_lock_last_start(c->conf->sidecar_lock) != SIDECAR_STARTING &&
           !notify_has_reader(&c->notify);
}

/* ----- in the child: nothing of the request may reach the sidecar ----- */

/* `fd` as number `at`, across exec. */
static void place(int fd, int at)
{
    if (fd < 0 || dup2(fd, at) < 0)
        _exit(1);
}

/* Above the numbers that are about to be given away. */
static int out_of_the_way(int fd)
{
    return fcntl(fd, F_DUPFD, HIGH_FD);
}

/* Standard input may be the FastCGI socket and standard output the browser's answer: whoever keeps
 * them keeps others waiting. */
static void set_descriptors(const struct conf *conf, int lock)
{
    int kept = out_of_the_way(lock);
    int null = out_of_the_way(open("/dev/null", O_RDWR));
    int log = out_of_the_way(open(conf->log_file, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY,
                                  S_IRUSR | S_IWUSR | S_IRGRP));

    place(null, STDIN_FILENO);
    place(log >= 0 ? log : null, STDOUT_FILENO);
    place(log >= 0 ? log : null, STDERR_FILENO);
    place(kept, LOCK_FD);
    if (close_range(LOCK_FD + 1, ~0U, 0) != 0) /* Linux before 5.9 */
        for (int fd = LOCK_FD + 1; fd < FDS_MOST; fd++)
            close(fd);
}

static void reset_signals(void)
{
    static const int ours[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGPIPE, SIGALRM};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    sigemptyset(&none);
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        sigaction(ours[i], &action, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Of the environment what a program needs, and not the variables of the request. */
static char **environment(void)
{
    static const char *const names[] = {"PATH",          "HOME", "LANG", "TZ", "LD_LIBRARY_PATH",
                                        "GLIBC_TUNABLES"};
    static char entries[ARRAY_LEN(names)][ENTRY_MAX];
    static char *list[ARRAY_LEN(names) + 1];
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = getenv(names[i]);

        if (value && snprintf(entries[i], ENTRY_MAX, "%s=%s", names[i], value) < ENTRY_MAX)
            list[count++] = entries[i];
    }
    list[count] = NULL;
    return list;
}

_Noreturn static void become_sidecar(const struct conf *conf, int lock)
{
    char *program = conf->sidecar_program, *file = realpath(conf->path, NULL), fd[12];
    char *arguments[] = {program, (char[]){"--config"}, file, (char[]){"--lock-fd"}, fd, NULL};

    snprintf(fd, sizeof fd, "%d", LOCK_FD);
    set_descriptors(conf, lock);
    reset_signals();
    if (file && chdir("/") == 0)
        execve(program, arguments, environment());
    dprintf(STDERR_FILENO, "outcry: Cannot start %s: %s. Set sidecar_program.\n", program,
            strerror(errno));
    _exit(1);
}

/* ----- in the program ----- */

/* Twice, so that the sidecar is nobody's child and in nobody's session: neither the web server's
 * stop nor ours ends it. */
static void fork_twice(const struct conf *conf, int lock)
{
    pid_t child = fork(), reaped;

    if (child == 0) {
        if (setsid() >= 0 && fork() == 0)
            become_sidecar(conf, lock);
        _exit(0);
    }
    do
        reaped = child > 0 ? waitpid(child, NULL, 0) : 0;
    while (reaped < 0 && errno == EINTR);
}

static void start(const struct chat *c, int lock)
{
    if (sidecar_lock_last_start(c->conf->sidecar_lock) == SIDECAR_NOT_STARTED)
        log_event(c->log, LOG_WARN, "sidecar_not_started",
                  LOG_S("why", "The last one did not come up. What it said is in this log."));
    log_event(c->log, LOG_INFO, "sidecar_starting", LOG_S("program", c->conf->sidecar_program));
    sidecar_lock_begin_start(lock);
    fork_twice(c->conf, lock);
}

void demand_start(const struct chat *c)
{
    struct fail f;
    int lock;

    if (!demand_is_due(c))
        return;
    lock = sidecar_lock_take(c->conf->sidecar_lock, &f);
    if (lock < 0) {
        if (f.err != ERR_BUSY)
            log_event(c->log, LOG_ERROR, "sidecar_not_started", LOG_S("why", f.message));
        return;
    }
    if (demand_is_due(c)) /* still, now that nobody else can */
        start(c, lock);
    close(lock);
}
