/*
 * FastCGI through libfcgi; the only file that includes its header. What libfcgi leaves to us:
 *
 * - It has no time limits. The watchdog runs from the moment a connection is there, so that a web
 *   server which stops talking in the middle of a request costs one restart, not the worker.
 * - Signals. All are blocked while a request runs and open only in ppoll(), which waits for the
 *   next connection; so none is lost between a look at a flag and a blocking accept(). For this the
 *   listening socket is non-blocking: of several workers that one connection wakes, the late ones
 *   find nothing and wait again.
 * - It cannot see its queue (queue.h).
 * - Kept-alive connections would pin a worker to one connection of the web server (measured: 4 of
 * 12 requests hung), so each request's connection is closed after it.
 */
#include "cgi-bin/queue.h"
#include "cgi-bin/transport.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* Set by handlers, read between requests. */
static volatile sig_atomic_t stop_asked, reload_asked;

static void on_signal(int sig)
{
    if (sig == SIGHUP)
        reload_asked = 1;
    else
        stop_asked = 1;
}

static const int handled[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};

bool transport_begin(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < ARRAY_LEN(handled); i++)
        sigaddset(&blocked, handled[i]);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    for (size_t i = 0; i < ARRAY_LEN(handled); i++)
        sigaction(handled[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    return FCGX_IsCGI();
}

static const char *fcgi_variable(void *ctx, const char *name)
{
    const FCGX_Request *r = ctx;

    return FCGX_GetParam(name, r->envp);
}

static ssize_t fcgi_read(void *ctx, char *out, size_t len)
{
    FCGX_Request *r = ctx;

    return FCGX_GetStr(out, len > INT_MAX ? INT_MAX : (int)len, r->in);
}

static bool fcgi_write(void *ctx, const char *bytes, size_t len)
{
    FCGX_Request *r = ctx;

    while (len > 0) {
        int n = len > INT_MAX ? INT_MAX : (int)len;

        if (FCGX_PutStr(bytes, n, r->out) != n)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* False where waiting failed for good. */
static bool wait_for_connection(void)
{
    struct pollfd listener = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t while_waiting;

    sigprocmask(SIG_BLOCK, NULL, &while_waiting);
    for (size_t i = 0; i < ARRAY_LEN(handled); i++)
        sigdelset(&while_waiting, handled[i]);
    return ppoll(&listener, 1, NULL, &while_waiting) >= 0 || errno == EINTR;
}

static int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void answer(const struct server *server, const struct source *source, struct queue *queue)
{
    int64_t began = now_us();
    bool refusing = queue->refusing;

    if (queue_refuses(queue, began / 1000)) {
        server->refuse(server->ctx, source, !refusing);
        return;
    }
    server->serve(server->ctx, source);
    queue_served(queue, now_us() - began);
}

/* One connection, if it is still there. False where accepting failed for good. */
static bool serve_one(const struct server *server, FCGX_Request *r, struct queue *queue)
{
    struct source source = {
        .ctx = r, .variable = fcgi_variable, .read = fcgi_read, .write = fcgi_write};
    int rc;

    watchdog_arm(server->timeout_s);
    rc = FCGX_Accept_r(r);
    if (rc == 0) {
        answer(server, &source, queue);
        r->keepConnection = 0;
        FCGX_Finish_r(r);
    }
    watchdog_arm(0);
    return rc == 0 || rc == -EAGAIN || rc == -EINTR || rc == -ECONNABORTED;
}

int fcgi_run(const struct server *server)
{
    FCGX_Request r;
    bool ok = FCGX_Init() == 0 && FCGX_InitRequest(&r, STDIN_FILENO, FCGI_FAIL_ACCEPT_ON_INTR) == 0;
    struct queue queue;
    int flags = fcntl(STDIN_FILENO, F_GETFL);

    ok = ok && flags >= 0 && fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) == 0;
    watchdog_install();
    queue_init(&queue, STDIN_FILENO);
    while (ok && !stop_asked) {
        ok = wait_for_connection();
        if (reload_asked) {
            reload_asked = 0;
            server->reload(server->ctx);
        }
        if (ok && !stop_asked)
            ok = serve_one(server, &r, &queue);
    }
    queue_release(&queue);
    FCGX_Free(&r, 1);
    return ok ? 0 : 1;
}
