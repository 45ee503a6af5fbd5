/* Plain CGI: a process for each request. */
#include "cgi-bin/transport.h"
#include "lib/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { DRAIN_MAX = 1 << 20 };

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

/* Somebody with a slow line may take minutes; each piece that goes out is a sign of life. */
static bool write_file(const struct source_file *file)
{
    char chunk[SOURCE_CHUNK];
    int64_t at = file->from, left = file->len;

    while (left > 0) {
        ssize_t n = source_read_file(file->fd, chunk, at, left);

        watchdog_again();
        if (n <= 0 || !write_all(STDOUT_FILENO, chunk, (size_t)n))
            return false;
        at += n;
        left -= n;
    }
    return true;
}

static bool cgi_answer(void *ctx, const struct iovec *pieces, size_t count,
                       const struct source_file *file)
{
    bool sent = true;

    (void)ctx;
    for (size_t i = 0; sent && i < count; i++)
        sent = write_all(STDOUT_FILENO, pieces[i].iov_base, pieces[i].iov_len);
    return sent && (!file || write_file(file));
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

/* A web server that does not want the answer any more closes our standard output, if it knows. */
static bool cgi_wait(void *ctx, int fd, int64_t ms)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};

    (void)ctx;
    transport_poll(fds, ARRAY_LEN(fds), ms);
    return !fds[1].revents && !transport_stop_asked();
}

/* The answer is over for the web server when nobody holds its ends any more. */
static void hang_up(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close(null);
}

int cgi_run(const struct server *server)
{
    size_t consumed = 0;
    const struct source source = {.ctx = &consumed,
                                  .variable = cgi_variable,
                                  .read = cgi_read,
                                  .answer = cgi_answer,
                                  .wait = cgi_wait};

    /* mod_cgid's daemon ends before its scripts, and Apache's stop waits
     * for those: 9 s (measured). */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    watchdog_install();
    watchdog_arm(server->timeout_s);
    server->serve(server->ctx, &source);
    drain_body(&consumed);
    if (server->after) {
        hang_up();
        server->after(server->ctx);
    }
    watchdog_disarm();
    return 0;
}
