/*
 * HTTP load over kept-alive connections. Closed loop: each connection sends its next request when
 * the answer to the last has come. Open loop, R requests a second: each goes out when it is due, or
 * when a connection is free again, and its latency counts from when it was due.
 *
 *   http --to 127.0.0.1:PORT --path /… [--connections N] [--rate R] [--seconds S] [--expect 200]
 *        [--header 'Name: value']… [--post TEMPLATE] [--pid NAME=PID,PID…]…
 *
 * TEMPLATE is a JSON body in which '%n' becomes a number that no other request of this run has.
 * Prints one line of key=value; CPU is per request. Exit 1 where a status was another (201 is as
 * good as 200), or an answer was cut short.
 */
#include "bench/answer.h"
#include "bench/measure.h"
#include "bench/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ROUND = 256, SETTLE_S = 10, OUT_MAX = 1 << 17 };

struct connection {
    int fd;
    struct wire_rest rest;
    int64_t due_ns;
    struct connection *next_free;
};

struct load {
    const char *to, *path, *template;
    struct option_list headers, groups;
    int64_t connection_count, expect;
    double rate, seconds;
    int64_t number, sent;
    int epoll;
    struct connection *connections, *free;
    struct wire_view view;
    struct buf out, body;
    struct histogram latency;
    struct usage usage;
    uint64_t done, wrong, bytes;
    bool ending;
};

static void make_body(struct load *l)
{
    buf_clear(&l->body);
    for (const char *p = l->template; *p; p++) {
        if (p[0] == '%' && p[1] == 'n') {
            buf_fmt(&l->body, "%" PRId64, l->number);
            p++;
        } else {
            buf_char(&l->body, *p);
        }
    }
    l->number++;
}

static void send_request(struct load *l, struct connection *c, int64_t due_ns)
{
    buf_clear(&l->out);
    buf_fmt(&l->out, "%s %s HTTP/1.1\r\nHost: %s\r\n", l->template ? "POST" : "GET", l->path,
            l->to);
    for (size_t i = 0; i < l->headers.count; i++)
        buf_fmt(&l->out, "%s\r\n", l->headers.values[i]);
    if (l->template) {
        make_body(l);
        buf_fmt(&l->out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", l->body.len);
    }
    buf_str(&l->out, "\r\n");
    if (l->template)
        buf_add(&l->out, l->body.data, l->body.len);
    c->due_ns = due_ns;
    l->sent++;
    if (!wire_send(c->fd, &l->out))
        die("sending: %s", strerror(errno));
}

static void open_connection(struct load *l, struct connection *c)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

    if (c->fd >= 0)
        close(c->fd);
    wire_rest_release(&c->rest);
    c->fd = wire_connect(l->to);
    if (c->fd < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev) < 0)
        die("%s: %s", l->to, strerror(errno));
}

/* It has had its answer, or never asked. */
static void set_free(struct load *l, struct connection *c)
{
    c->due_ns = 0;
    if (!l->ending && l->rate <= 0) {
        send_request(l, c, measure_now_ns());
        return;
    }
    c->next_free = l->free;
    l->free = c;
}

static void take_answer(struct load *l, struct connection *c)
{
    struct wire_view *v = &l->view;
    struct answer a;

    v->used = answer_take(v->data, v->len, &a);
    wire_keep(v, &c->rest);
    if (!v->used)
        return;
    l->done++;
    l->bytes += v->used;
    l->wrong += a.status != l->expect && !(l->expect == 200 && a.status == 201);
    histogram_add(&l->latency, (measure_now_ns() - c->due_ns) / 1000);
    if (a.closes)
        open_connection(l, c);
    set_free(l, c);
}

/* A server may close a connection while nothing is asked, not in the middle of an answer. */
static void reopen(struct load *l, struct connection *c)
{
    bool cut = l->view.len > 0, asked = c->due_ns != 0;

    open_connection(l, c);
    l->wrong += cut;
    if (asked) {
        l->sent--;
        send_request(l, c, c->due_ns);
    }
}

static void poll_once(struct load *l)
{
    struct epoll_event ready[ROUND];
    int n = epoll_wait(l->epoll, ready, ROUND, 1);

    for (int i = 0; i < n; i++) {
        struct connection *c = ready[i].data.ptr;

        if (wire_fill(&l->view, &c->rest, c->fd) < 0)
            reopen(l, c);
        else
            take_answer(l, c);
    }
}

static void drive(struct load *l)
{
    int64_t start = measure_now_ns(), end = start + (int64_t)(l->seconds * 1e9);
    int64_t step = l->rate > 0 ? (int64_t)(1e9 / l->rate) : 0;

    for (int64_t i = 0; i < l->connection_count; i++) {
        l->connections[i].fd = -1;
        open_connection(l, &l->connections[i]);
        set_free(l, &l->connections[i]);
    }
    while (measure_now_ns() < end) {
        while (l->free && start + (l->sent + 1) * step <= measure_now_ns()) {
            struct connection *c = l->free;

            l->free = c->next_free;
            send_request(l, c, start + (l->sent + 1) * step);
        }
        poll_once(l);
    }
    l->ending = true;
    for (end = measure_now_ns() + SETTLE_S * INT64_C(1000000000);
         l->done < (uint64_t)l->sent && measure_now_ns() < end;)
        poll_once(l);
}

static void parse(struct load *l, int argc, char **argv)
{
    const struct option table[] = {
        {"--to", OPTION_TEXT, &l->to},
        {"--path", OPTION_TEXT, &l->path},
        {"--post", OPTION_TEXT, &l->template},
        {"--header", OPTION_LIST, &l->headers},
        {"--connections", OPTION_NUMBER, &l->connection_count},
        {"--rate", OPTION_REAL, &l->rate},
        {"--seconds", OPTION_REAL, &l->seconds},
        {"--expect", OPTION_NUMBER, &l->expect},
        {"--pid", OPTION_LIST, &l->groups},
    };

    *l = (struct load){.path = "/", .connection_count = 8, .seconds = 5, .expect = 200};
    options_parse(table, ARRAY_LEN(table), argc, argv);
    if (!l->to || !l->connection_count)
        die("--to is needed, and a connection");
    usage_init(&l->usage, &l->groups);
}

int main(int argc, char **argv)
{
    struct load *l = xcalloc(1, sizeof *l);
    bool good;

    signal(SIGPIPE, SIG_IGN);
    parse(l, argc, argv);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->connections = xcalloc((size_t)l->connection_count, sizeof *l->connections);
    l->number = measure_now_ns() % 1000000000 * 1000000;
    buf_init(&l->out, OUT_MAX);
    buf_init(&l->body, OUT_MAX);
    usage_start(&l->usage);
    drive(l);
    usage_stop(&l->usage);
    printf("requests=%" PRIu64 " unanswered=%" PRId64 " wrong=%" PRIu64
           " per_s=%.1f bytes_per_answer=%.0f",
           l->done, l->sent - (int64_t)l->done, l->wrong,
           (double)l->done * 1e9 / (double)l->usage.wall_ns,
           l->done ? (double)l->bytes / (double)l->done : 0.0);
    histogram_print(&l->latency);
    usage_print(&l->usage, l->done);
    printf("\n");
    good = !l->wrong && l->done == (uint64_t)l->sent;
    for (int64_t i = 0; i < l->connection_count; i++) {
        close(l->connections[i].fd);
        wire_rest_release(&l->connections[i].rest);
    }
    free(l->connections);
    wire_view_release(&l->view);
    buf_release(&l->out);
    buf_release(&l->body);
    free(l);
    return good ? 0 : 1;
}
