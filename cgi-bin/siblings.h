/*
 * Whether another process of the same program is idle, for web servers that do not let us see their
 * queue. mod_fcgid gives each process a socket of its own, named PID.NUMBER, and keeps what it
 * cannot serve to itself until one of them is free (measured with four processes, all waiting: the
 * next request took 19 s). So whoever waits there leaves the last idle process to the others. Those
 * that are idle share one lock; whoever can have it alone is alone.
 */
#ifndef CGI_BIN_SIBLINGS_H
#define CGI_BIN_SIBLINGS_H

#include "lib/base.h"

struct siblings {
    int shared, probe; /* -1: the queue is on our socket, nobody need ask */
};

/* `listener` is our socket; `path` the program's lock file. */
void siblings_init(struct siblings *s, int listener, const char *path);
void siblings_release(struct siblings *s);
void siblings_set_idle(const struct siblings *s, bool idle);
/* Whether nobody but us could take a request. */
bool siblings_are_busy(const struct siblings *s);
/* Whether mod_fcgid named a socket so; for tests too. */
bool siblings_is_private(const char *socket_path);

#endif
