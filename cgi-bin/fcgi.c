/*
 * FastCGI through libfcgi; the only file that includes its header. What libfcgi leaves to us:
 *
 * - It has no time limits. The watchdog runs from the moment a connection is there, so that a web
 *   server which stops talking in the middle of a request costs one restart, not the worker.
 * - Signals. They are open only while we wait (transport.h), for which the listening socket is
 *   non-blocking: of several workers that one connection wakes, the late ones find nothing and wait
 *   again.
 * - It cannot see its queue (queue.h).
 * - Kept-alive connections would pin a worker to one connection of the web server (measured: 4 of
 *   12 requests hung), so each request's connection is closed after it.
 * - Its output is slow: fcgi_out.h.
 */
#include "cgi-bin/fcgi_out.h"
#include "cgi-bin/queue.h"
#include "cgi-bin/siblings.h"
#include "cgi-bin/transport.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    SIBLINGS_MS = 5, /* a queued connection is left to our idle siblings for so long */
    ALONE_MS = 250,  /* a request at one of them is not yet a crowd */
    REST_MS = 10000, /* nobody for so long: the next one may wait a millisecond more */
    VARIABLES_MAX = 64
};

struct worker {
    const struct server *server;
    FCGX_Request fcgx;
    struct queue queue;
    struct siblings siblings;
};

/* One of a request's variables: "NAME=value". */
struct variable {
    const char *text;
    size_t name_len;
};

struct request {
    struct worker *worker;
    struct variable variables[VARIABLES_MAX];
    size_t variable_count;
    int64_t waited_us; /* of the time it took, what was mere waiting */
    int64_t alone_us;  /* since when no sibling is idle; 0: one is */
};

bool transport_begin(void)
{
    transport_block_signals();
    return FCGX_IsCGI();
}

/* The first VARIABLES_MAX, so that most are told apart by their lengths. */
static void list_variables(struct request *r)
{
    for (char **at = r->worker->fcgx.envp; *at && r->variable_count < VARIABLES_MAX; at++)
        r->variables[r->variable_count++] = (struct variable){*at, strcspn(*at, "=")};
}

static const char *fcgi_variable(void *ctx, const char *name)
{
    const struct request *r = ctx;
    size_t len = strlen(name);

    for (size_t i = 0; i < r->variable_count; i++)
        if (r->variables[i].name_len == len && memcmp(r->variables[i].text, name, len) == 0)
            return r->variables[i].text + len + (r->variables[i].text[len] == '=');
    return r->variable_count < VARIABLES_MAX ? NULL : FCGX_GetParam(name, r->worker->fcgx.envp);
}

static ssize_t fcgi_read(void *ctx, char *out, size_t len)
{
    const struct request *r = ctx;

    return FCGX_GetStr(out, len > INT_MAX ? INT_MAX : (int)len, r->worker->fcgx.in);
}

static bool fcgi_answer(void *ctx, const struct iovec *pieces, size_t count,
                        const struct source_file *file)
{
    const FCGX_Request *fcgx = &((struct request *)ctx)->worker->fcgx;

    return fcgi_out_answer(fcgx->ipcFd, fcgx->requestId, pieces, count, file);
}

static int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static bool is_readable(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) > 0;
}

/* Whether a connection waits that no idle process on the same socket takes. */
static bool is_needed(void)
{
    transport_poll(NULL, 0, SIBLINGS_MS);
    return is_readable(STDIN_FILENO);
}

/* The same where the web server keeps its queue to itself. */
static bool is_alone(struct request *r, int64_t now)
{
    if (!siblings_are_busy(&r->worker->siblings))
        r->alone_us = 0;
    else if (!r->alone_us)
        r->alone_us = now;
    return r->alone_us && now - r->alone_us >= ALONE_MS * 1000;
}

/* While one request waits here, the next one would wait for it. */
static bool fcgi_wait(void *ctx, int fd, int64_t ms)
{
    struct request *r = ctx;
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = r->worker->fcgx.ipcFd}, /* a hang-up is told unasked */
                           {.fd = STDIN_FILENO, .events = POLLIN}};
    int64_t began = now_us();
    bool leave;

    transport_poll(fds, ARRAY_LEN(fds), r->alone_us && ms > ALONE_MS ? ALONE_MS : ms);
    leave = fds[1].revents || (fds[2].revents && is_needed()) || is_alone(r, now_us()) ||
            transport_stop_asked();
    r->waited_us += now_us() - began;
    return !leave;
}

/* False where waiting failed for good. */
static bool wait_for_connection(const struct server *server)
{
    struct pollfd listener = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = transport_poll(&listener, 1, REST_MS);

    if (ready == 0) {
        watchdog_arm(0);
        server->rest(server->ctx);
        ready = transport_poll(&listener, 1, -1);
    }
    return ready >= 0 || errno == EINTR;
}

static void answer(struct request *r)
{
    const struct source source = {.ctx = r,
                                  .variable = fcgi_variable,
                                  .read = fcgi_read,
                                  .answer = fcgi_answer,
                                  .wait = fcgi_wait};
    const struct server *server = r->worker->server;
    struct queue *queue = &r->worker->queue;
    int64_t began = now_us();
    bool refusing = queue->refusing;

    if (queue_refuses(queue, began / 1000)) {
        server->refuse(server->ctx, &source, !refusing);
        return;
    }
    server->serve(server->ctx, &source);
    queue_served(queue, now_us() - began - r->waited_us);
}

/* All of the request was taken: not only its body, but also the record that says so. */
static bool is_taken(FCGX_Request *fcgx)
{
    int yes = 1;

    return ioctl(fcgx->ipcFd, FIONBIO, &yes) == 0 && FCGX_GetChar(fcgx->in) == EOF &&
           FCGX_GetError(fcgx->in) == 0;
}

/*
 * libfcgi waits until the web server has closed, or 2 s: closed with bytes unread, the connection
 * would be reset and the end of the answer lost. Where none can come there is nothing to wait for.
 */
static void hang_up(FCGX_Request *fcgx)
{
    if (is_taken(fcgx)) {
        close(fcgx->ipcFd);
        fcgx->ipcFd = -1;
    }
    FCGX_Free(fcgx, 1);
}

/* One connection, if it is still there. False where accepting failed for good. */
static bool serve_one(struct worker *w)
{
    struct request r = {.worker = w};
    int rc;

    watchdog_arm(w->server->timeout_s);
    rc = FCGX_Accept_r(&w->fcgx);
    if (rc == 0) {
        list_variables(&r);
        answer(&r);
        hang_up(&w->fcgx);
        if (w->server->after)
            w->server->after(w->server->ctx);
    }
    watchdog_disarm();
    return rc == 0 || rc == -EAGAIN || rc == -EINTR || rc == -ECONNABORTED;
}

static bool serve_next(struct worker *w)
{
    bool ok;

    if (transport_take_reload())
        w->server->reload(w->server->ctx);
    siblings_set_idle(&w->siblings, true);
    ok = wait_for_connection(w->server);
    siblings_set_idle(&w->siblings, false);
    return ok && (transport_stop_asked() || serve_one(w));
}

int fcgi_run(const struct server *server)
{
    struct worker w = {.server = server};
    int flags = fcntl(STDIN_FILENO, F_GETFL);
    bool ok = FCGX_Init() == 0 &&
              FCGX_InitRequest(&w.fcgx, STDIN_FILENO, FCGI_FAIL_ACCEPT_ON_INTR) == 0 &&
              flags >= 0 && fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) == 0;

    watchdog_install();
    queue_init(&w.queue, STDIN_FILENO);
    siblings_init(&w.siblings, STDIN_FILENO, server->idle_lock);
    while (ok && !transport_stop_asked())
        ok = serve_next(&w);
    siblings_release(&w.siblings);
    queue_release(&w.queue);
    FCGX_Free(&w.fcgx, 1);
    return ok ? 0 : 1;
}
