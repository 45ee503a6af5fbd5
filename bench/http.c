/*
 * HTTP load over kept-alive connections, closed loop: each connection sends its next request when
 * the answer to the last has arrived. Every answer's status is checked.
 *
 *   http --to 127.0.0.1:PORT --path /… [--connections N] [--seconds S] [--expect 200]
 *        [--header 'Name: value'] [--post TEMPLATE] [--pid PID]
 *
 * TEMPLATE is a JSON body in which '%n' becomes a number that no other request of this run has.
 * Prints one line of key=value. Exit 1 where a status was not the expected one.
 */
#include "bench/measure.h"
#include "bench/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADERS_MAX = 8, ROUND = 256 };

struct connection {
    int fd;
    struct buf in;
    int64_t sent_ns;
};

struct load {
    const char *to, *path, *post, *headers[HEADERS_MAX];
    size_t header_count, connections;
    int64_t seconds, number;
    int expect, pid, epoll;
    struct connection *list;
    struct histogram latency;
    uint64_t done, wrong, bytes;
};

static void add_body(struct load *l, struct buf *out)
{
    for (const char *p = l->post; *p; p++) {
        if (p[0] == '%' && p[1] == 'n') {
            buf_fmt(out, "%" PRId64, l->number);
            p++;
        } else {
            buf_char(out, *p);
        }
    }
    l->number++;
}

static void send_request(struct load *l, struct connection *c)
{
    struct buf body, out;

    buf_init(&body, 1 << 16);
    buf_init(&out, 1 << 17);
    buf_fmt(&out, "%s %s HTTP/1.1\r\nHost: %s\r\n", l->post ? "POST" : "GET", l->path, l->to);
    for (size_t i = 0; i < l->header_count; i++)
        buf_fmt(&out, "%s\r\n", l->headers[i]);
    if (l->post) {
        add_body(l, &body);
        buf_fmt(&out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
    }
    buf_str(&out, "\r\n");
    buf_str(&out, buf_cstr(&body));
    c->sent_ns = measure_now_ns();
    if (send(c->fd, out.data, out.len, MSG_NOSIGNAL) != (long)out.len)
        die("sending: %s", strerror(errno));
    buf_release(&body);
    buf_release(&out);
}

static void open_connection(struct load *l, struct connection *c)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

    if (c->fd > 0)
        close(c->fd);
    c->fd = wire_connect(l->to);
    if (c->fd < 0)
        die("%s: %s", l->to, strerror(errno));
    buf_clear(&c->in);
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev);
    send_request(l, c);
}

static const char *header_of(const char *head, const char *end, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = head; p && p < end; p = memchr(p, '\n', (size_t)(end - p))) {
        if (*p == '\n')
            p++;
        if ((size_t)(end - p) > len && strncasecmp(p, name, len) == 0)
            return p + len;
    }
    return NULL;
}

/* Whether the whole answer is there: by Content-Length, by the last chunk, or with no body at all.
 */
static bool is_whole(const struct buf *in, const char *head_end, int status)
{
    const char *length = header_of(in->data, head_end, "Content-Length:");

    if (status == 304 || status == 204)
        return true;
    if (length)
        return in->len >= (size_t)(head_end - in->data) + strtoul(length, NULL, 10);
    return in->len > 5 && memcmp(in->data + in->len - 5, "0\r\n\r\n", 5) == 0;
}

static void take_answer(struct load *l, struct connection *c)
{
    const char *head_end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4);
    int status;
    bool ends;

    if (!head_end)
        return;
    head_end += 4;
    status = (int)strtol(c->in.data + 9, NULL, 10);
    if (!is_whole(&c->in, head_end, status))
        return;
    l->done++;
    l->bytes += c->in.len;
    l->wrong += status != l->expect && !(l->expect == 200 && status == 201);
    histogram_add(&l->latency, (measure_now_ns() - c->sent_ns) / 1000);
    ends = header_of(c->in.data, head_end, "Connection: close") != NULL;
    buf_clear(&c->in);
    if (ends)
        open_connection(l, c);
    else
        send_request(l, c);
}

static void serve(struct load *l, struct connection *c)
{
    char chunk[65536];
    long n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT);

    if (n > 0) {
        buf_add(&c->in, chunk, (size_t)n);
        take_answer(l, c);
    } else if (n == 0) {
        /* A server may close an idle kept-alive connection; an answer cut short is a failure. */
        l->wrong += c->in.len > 0;
        open_connection(l, c);
    }
}

static void parse(struct load *l, int argc, char **argv)
{
    *l = (struct load){.connections = 8, .seconds = 5, .expect = 200, .path = "/", .pid = -1};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *k = argv[i], *v = argv[i + 1];

        if (strcmp(k, "--to") == 0)
            l->to = v;
        else if (strcmp(k, "--path") == 0)
            l->path = v;
        else if (strcmp(k, "--post") == 0)
            l->post = v;
        else if (strcmp(k, "--header") == 0 && l->header_count < HEADERS_MAX)
            l->headers[l->header_count++] = v;
        else if (strcmp(k, "--connections") == 0)
            l->connections = strtoul(v, NULL, 10);
        else if (strcmp(k, "--seconds") == 0)
            l->seconds = strtol(v, NULL, 10);
        else if (strcmp(k, "--expect") == 0)
            l->expect = (int)strtol(v, NULL, 10);
        else if (strcmp(k, "--pid") == 0)
            l->pid = (int)strtol(v, NULL, 10);
        else
            die("unknown option %s", k);
    }
    if (!l->to || !l->connections)
        die("--to is needed");
}

int main(int argc, char **argv)
{
    struct load *l = xcalloc(1, sizeof *l);
    struct epoll_event ready[ROUND];
    int64_t start, end;

    signal(SIGPIPE, SIG_IGN);
    parse(l, argc, argv);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->list = xcalloc(l->connections, sizeof *l->list);
    l->number = measure_now_ns() % 1000000000 * 1000000;
    start = measure_now_ns();
    end = start + l->seconds * 1000000000;
    for (size_t i = 0; i < l->connections; i++) {
        buf_init(&l->list[i].in, 16 << 20);
        open_connection(l, &l->list[i]);
    }
    while (measure_now_ns() < end) {
        int n = epoll_wait(l->epoll, ready, ROUND, 100);

        for (int i = 0; i < n; i++)
            serve(l, ready[i].data.ptr);
    }
    printf("requests=%" PRIu64 " wrong=%" PRIu64 " per_s=%.0f p50_us=%" PRId64 " p99_us=%" PRId64
           " bytes_per_answer=%.0f pss_kb=%" PRId64 "\n",
           l->done, l->wrong, (double)l->done * 1e9 / (double)(measure_now_ns() - start),
           histogram_percentile(&l->latency, 50), histogram_percentile(&l->latency, 99),
           l->done ? (double)l->bytes / (double)l->done : 0.0,
           l->pid > 0 ? measure_pss_kb(l->pid) : -1);
    return l->wrong ? 1 : 0;
}
