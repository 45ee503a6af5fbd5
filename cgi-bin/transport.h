/*
 * The two ways in which a web server runs us: FastCGI (a listening socket as fd 0, many requests)
 * and plain CGI (one request in the environment and on stdin). One binary is both.
 */
#ifndef CGI_BIN_TRANSPORT_H
#define CGI_BIN_TRANSPORT_H

#include "cgi-bin/source.h"

#include <poll.h>

struct server {
    void *ctx;
    void (*serve)(void *ctx, const struct source *source);
    void (*reload)(void *ctx); /* SIGHUP, between two requests */
    /* FastCGI: says "busy" to one of a queue that is too long (queue.h); `first` of them. */
    void (*refuse)(void *ctx, const struct source *source, bool first);
    void (*after)(void *ctx); /* when an answer is out: what nobody shall wait for */
    void (*rest)(void *ctx);  /* FastCGI: when nobody has come for a while */
    const char *idle_lock;    /* FastCGI: see siblings.h */
    unsigned timeout_s;       /* a request that takes longer ends the process */
};

/* First of all in main(): transport_block_signals(), and whether we are plain CGI (fd 0 is no
 * listening socket). */
bool transport_begin(void);

/* Serves until SIGTERM, SIGINT or SIGUSR1; a request in progress is finished first. Returns the
 * exit code. */
int fcgi_run(const struct server *server);
/* Serves the one request. Returns the exit code. */
int cgi_run(const struct server *server);

/* Both: SIGTERM, SIGINT, SIGUSR1 and SIGHUP are blocked, so that none cuts a request off, and taken
 * only in transport_poll(): so none is lost between a look at a flag and a blocking call either. */
void transport_block_signals(void);
bool transport_stop_asked(void);
bool transport_take_reload(void); /* once for each SIGHUP */
/* poll(2) with these signals open; `ms` -1: without end. */
int transport_poll(struct pollfd *fds, size_t count, int64_t ms);

/* Both: SIGALRM after `seconds` writes a sentence to stderr and ends the process. One that is
 * disarmed may still ring, and says nothing: the next request sets it anew. With 0 it is off. */
void watchdog_install(void);
void watchdog_arm(unsigned seconds);
void watchdog_disarm(void);
void watchdog_again(void); /* it goes on: as many seconds from now */

#endif
