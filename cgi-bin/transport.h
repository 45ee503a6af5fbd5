/*
 * The two ways in which a web server runs us: FastCGI (a listening socket as fd 0, many requests)
 * and plain CGI (one request in the environment and on stdin). One binary is both.
 */
#ifndef CGI_BIN_TRANSPORT_H
#define CGI_BIN_TRANSPORT_H

#include "cgi-bin/source.h"

struct server {
    void *ctx;
    void (*serve)(void *ctx, const struct source *source);
    void (*reload)(void *ctx); /* SIGHUP, between two requests */
    /* FastCGI: says "busy" to one of a queue that is too long (queue.h); `first` of them. */
    void (*refuse)(void *ctx, const struct source *source, bool first);
    unsigned timeout_s; /* a request that takes longer ends the process */
};

/* First of all in main(): blocks the signals that must not cut a request off, and says whether we
 * are plain CGI (fd 0 is no listening socket). */
bool transport_begin(void);

/* Serves until SIGTERM, SIGINT or SIGUSR1; a request in progress is finished first. Returns the
 * exit code. */
int fcgi_run(const struct server *server);
/* Serves the one request. Returns the exit code. */
int cgi_run(const struct server *server);

/* Both: SIGALRM after `seconds` writes a sentence to stderr and ends the process; 0 disarms. */
void watchdog_install(void);
void watchdog_arm(unsigned seconds);

#endif
