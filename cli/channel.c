#include "cli/channel.h"

#include "lib/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool ready(int fd, short events, int64_t deadline)
{
    struct clock clock = {0};
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = deadline - clock_boot_ms(&clock);

    return left > 0 && poll(&p, 1, (int)left) == 1;
}

static int dial(const struct addrinfo *to, int64_t deadline)
{
    int error = 0, fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t len = sizeof error;

    if (fd < 0)
        return -1;
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return fd;
    error = errno;
    if (error == EINPROGRESS) {
        error = ETIMEDOUT;
        if (ready(fd, POLLOUT, deadline) &&
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
            return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

/* What a TLS call that did not succeed waits for: poll events, 0 for nothing. */
static short wants(const struct channel *c, int rc)
{
    switch (SSL_get_error(c->tls, rc)) {
    case SSL_ERROR_WANT_READ:
        return POLLIN;
    case SSL_ERROR_WANT_WRITE:
        return POLLOUT;
    default:
        return 0;
    }
}

/* The certificate is judged, and the answer told, but nobody is turned
 * away: a doctor wants to see. */
static bool begin_tls(struct channel *c, const char *host, int64_t deadline)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    int rc;

    c->context = SSL_CTX_new(TLS_client_method());
    c->tls = c->context ? SSL_new(c->context) : NULL;
    if (!c->tls || SSL_CTX_set_default_verify_paths(c->context) != 1 ||
        SSL_set_fd(c->tls, c->fd) != 1)
        return false;
    SSL_set_options(c->tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (is_address)
        rc = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->tls), host);
    else
        rc = SSL_set1_host(c->tls, host) == 1 && SSL_set_tlsext_host_name(c->tls, host) == 1;
    if (rc != 1)
        return false;
    while ((rc = SSL_connect(c->tls)) != 1) {
        short events = wants(c, rc);

        if (!events || !ready(c->fd, events, deadline))
            return false;
    }
    if (SSL_get_verify_result(c->tls) != X509_V_OK)
        c->distrust = X509_verify_cert_error_string(SSL_get_verify_result(c->tls));
    return true;
}

bool channel_open(struct channel *c, struct arena *a, const char *host, const char *port, bool tls,
                  int64_t deadline, const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int rc = getaddrinfo(host, port, &hints, &list);

    *c = (struct channel){.fd = -1};
    if (rc != 0) {
        *why = arena_fmt(a, "there is no host %s (%s)", host, gai_strerror(rc));
        return false;
    }
    for (struct addrinfo *i = list; i && c->fd < 0; i = i->ai_next)
        c->fd = dial(i, deadline);
    if (c->fd < 0)
        *why = arena_fmt(a, "no connection to port %s of %s: %s", port, host, strerror(errno));
    freeaddrinfo(list);
    if (c->fd < 0)
        return false;
    if (!tls || begin_tls(c, host, deadline))
        return true;
    *why = "no TLS: is it an https address?";
    channel_close(c);
    return false;
}

ssize_t channel_read(struct channel *c, void *out, size_t size, int64_t deadline)
{
    for (;;) {
        short events = POLLIN;

        if (c->tls) {
            int n = SSL_read(c->tls, out, size > INT_MAX ? INT_MAX : (int)size);

            if (n > 0)
                return n;
            events = wants(c, n);
            if (!events)
                return SSL_get_error(c->tls, n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
        } else {
            ssize_t n = recv(c->fd, out, size, 0);

            if (n >= 0)
                return n;
            if (errno != EAGAIN && errno != EINTR)
                return -1;
        }
        if (!ready(c->fd, events, deadline))
            return -1;
    }
}

static ssize_t write_some(struct channel *c, const char *bytes, size_t len, short *events)
{
    ssize_t n;

    *events = POLLOUT;
    if (c->tls) {
        int rc = SSL_write(c->tls, bytes, len > INT_MAX ? INT_MAX : (int)len);

        if (rc > 0)
            return rc;
        *events = wants(c, rc);
        return 0;
    }
    n = send(c->fd, bytes, len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        *events = 0;
    return n > 0 ? n : 0;
}

bool channel_write(struct channel *c, const char *bytes, size_t len, int64_t deadline)
{
    size_t sent = 0;
    short events;

    while (sent < len) {
        sent += (size_t)write_some(c, bytes + sent, len - sent, &events);
        if (sent < len && (!events || !ready(c->fd, events, deadline)))
            return false;
    }
    return true;
}

void channel_close(struct channel *c)
{
    if (c->tls)
        SSL_free(c->tls);
    if (c->context)
        SSL_CTX_free(c->context);
    if (c->fd >= 0)
        close(c->fd);
    *c = (struct channel){.fd = -1};
}
