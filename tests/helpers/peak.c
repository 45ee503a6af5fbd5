/*
 * peak LOG PROGRAM: runs the program in its own place, and when it ends appends to LOG the most
 * memory that it, or a child it waited for, had at once: "NAME KILOBYTES". For what lives too short
 * to be looked at. Lighttpd ends what has answered; we stay until it has.
 */
#include "lib/base.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void note(const char *log, const char *program, long kilobytes)
{
    int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    const char *slash = strrchr(program, '/');

    if (fd < 0 || dprintf(fd, "%s %ld\n", slash ? slash + 1 : program, kilobytes) < 0)
        die("cannot write %s", log);
    close(fd);
}

int main(int argc, char **argv)
{
    struct rusage usage;
    pid_t child;
    int status;

    if (argc != 3)
        die("usage: peak LOG PROGRAM");
    signal(SIGTERM, SIG_IGN);
    child = fork();
    if (child == 0) {
        signal(SIGTERM, SIG_DFL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        die("cannot run %s", argv[2]);
    note(argv[1], argv[2], usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
