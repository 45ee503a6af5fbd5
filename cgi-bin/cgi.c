/* Plain CGI, and what both transports share: the watchdog. */
#include "cgi-bin/transport.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_MAX = 1 << 20 };

/* A database transaction that this cuts off is rolled back by its next opener. */
static void give_up(int sig)
{
    static const char text[] = "outcry: a request took longer than request_timeout_s; giving up\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

    (void)ignored;
    (void)sig;
    _exit(70);
}

void watchdog_install(void)
{
    struct sigaction action = {.sa_handler = give_up};

    sigaction(SIGALRM, &action, NULL);
}

void watchdog_arm(unsigned seconds)
{
    alarm(seconds);
}

static const char *cgi_variable(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

/* `ctx` counts what was read of the body. */
static ssize_t cgi_read(void *ctx, char *out, size_t len)
{
    size_t *consumed = ctx;
    ssize_t n;

    do
        n = read(STDIN_FILENO, out, len);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        *consumed += (size_t)n;
    return n;
}

static bool cgi_write(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* mod_cgid hands both directions over one Unix socket: closed with bytes of the body unread, it is
 * reset, and the client loses the end of the answer (measured). The web server bounds the body. */
static void drain_body(size_t *consumed)
{
    const char *announced = getenv("CONTENT_LENGTH");
    unsigned long long length = announced ? strtoull(announced, NULL, 10) : 0;
    char scrap[4096];

    while (*consumed < length && *consumed < DRAIN_MAX)
        if (cgi_read(consumed, scrap, sizeof scrap) <= 0)
            return;
}

/* A web server that stops sends SIGTERM; the one request is finished all the same. */
static void ignore(int sig)
{
    struct sigaction action = {.sa_handler = SIG_IGN};

    sigaction(sig, &action, NULL);
}

int cgi_run(const struct server *server)
{
    size_t consumed = 0;
    const struct source source = {
        .ctx = &consumed, .variable = cgi_variable, .read = cgi_read, .write = cgi_write};

    ignore(SIGTERM);
    ignore(SIGINT);
    ignore(SIGHUP);
    ignore(SIGUSR1);
    ignore(SIGPIPE);
    watchdog_install();
    watchdog_arm(server->timeout_s);
    server->serve(server->ctx, &source);
    drain_body(&consumed);
    watchdog_arm(0);
    return 0;
}
