/*
 * Fan-out: one poster, many readers, K messages in flight (posted and not yet seen by every
 * reader), or an open loop of R messages a second. Counts every delivery, checks that each reader
 * got each message once and in order, and reads what the server's processes used.
 *
 *   fanout --to unix:/…|127.0.0.1:PORT --clients N [--idle N] [--inflight K | --rate R]
 *          [--over ws|sse|poll] [--seconds S] [--size BYTES] [--path /ws/chat/]
 *          [--hello TOKEN_FILE] --pid PID[,PID…]
 *
 * TOKEN_FILE: a token a line, used in turn; without --hello the sockets speak no protocol (the
 * floor). The poster is a socket: over ws the first reader, else one of its own. Prints one line of
 * key=value. Exit 1 where a delivery was missing or doubled.
 */
#include "bench/feed.h"
#include "bench/measure.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_PIDS = 8, MAX_INFLIGHT = 1024, ROUND = 512, SETTLE_S = 10 };

struct options {
    const char *to, *path, *tokens;
    enum feed_way way;
    size_t clients, idle, inflight, size;
    int64_t rate, seconds;
    int pids[MAX_PIDS];
    size_t pid_count;
};

struct reader {
    struct feed feed;
    int64_t last; /* number of the newest message seen */
};

struct run {
    struct options o;
    int epoll;
    struct reader *readers; /* clients, then idle ones, then a poster of its own */
    struct reader *poster;
    int64_t posted, complete;
    uint32_t seen_by[MAX_INFLIGHT * 4]; /* readers that have message n, by n modulo */
    uint64_t deliveries, frames, bytes, wrong, closed;
    struct histogram latency;
    char run_id[9];
};

static size_t window(void)
{
    return MAX_INFLIGHT * 4;
}

/* "b<run>-<number>-<ns> xxxx…": what each message says. */
static void post(struct run *r)
{
    struct buf text, frame;
    long n;

    buf_init(&text, 1 << 20);
    buf_init(&frame, 1 << 20);
    r->posted++;
    buf_fmt(&text,
            "{\"type\":\"message\",\"room\":\"general\",\"client_id\":\"%s-%" PRId64
            "\",\"message\":\"b%s-%" PRId64 "-%" PRId64 " ",
            r->run_id, r->posted, r->run_id, r->posted, measure_now_ns());
    while (text.len + 2 < r->o.size)
        buf_char(&text, 'x');
    buf_str(&text, "\"}");
    wire_frame(&frame, text.data, text.len);
    r->seen_by[(size_t)r->posted % window()] = 0;
    n = send(r->poster->feed.fd, frame.data, frame.len, MSG_NOSIGNAL);
    if (n != (long)frame.len)
        die("posting: %s", strerror(errno));
    buf_release(&frame);
    buf_release(&text);
}

static void refill(struct run *r)
{
    while (!r->o.rate && r->posted - r->complete < (int64_t)r->o.inflight)
        post(r);
}

static void delivered(struct run *r, struct reader *d, int64_t number, int64_t sent_ns)
{
    uint32_t *seen = &r->seen_by[(size_t)number % window()];

    if (number != d->last + 1)
        r->wrong++;
    d->last = number;
    r->deliveries++;
    histogram_add(&r->latency, (measure_now_ns() - sent_ns) / 1000);
    if (++*seen == r->o.clients)
        r->complete++;
}

static void take_payload(struct run *r, struct reader *d, const char *p, size_t len)
{
    char mark[32];
    size_t mark_len = (size_t)snprintf(mark, sizeof mark, "\"message\":\"b%s-", r->run_id);
    const char *end = p + len;

    r->frames++;
    r->bytes += len;
    while ((p = memmem(p, (size_t)(end - p), mark, mark_len))) {
        char *next;
        int64_t number = strtoll(p + mark_len, &next, 10);

        if (*next == '-')
            delivered(r, d, number, strtoll(next + 1, NULL, 10));
        p = next;
    }
}

static void serve(struct run *r, struct reader *d)
{
    const char *payload;
    size_t len;

    if (wire_fill(&d->feed.in, d->feed.fd) < 0) {
        r->closed++;
        epoll_ctl(r->epoll, EPOLL_CTL_DEL, d->feed.fd, NULL);
        return;
    }
    while (feed_next(&d->feed, &payload, &len))
        take_payload(r, d, payload, len);
}

static void poll_once(struct run *r, int timeout_ms)
{
    struct epoll_event ready[ROUND];
    int n = epoll_wait(r->epoll, ready, ROUND, timeout_ms);

    for (int i = 0; i < n; i++)
        serve(r, ready[i].data.ptr);
}

static char *next_token(FILE *tokens)
{
    static const size_t size = 8192;
    char *line = xmalloc(size);

    if (!fgets(line, (int)size, tokens)) {
        rewind(tokens);
        if (!fgets(line, (int)size, tokens))
            die("the token file is empty");
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static void open_reader(struct run *r, struct reader *d, enum feed_way way, FILE *tokens,
                        const char *room)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = d};

    d->feed = (struct feed){
        .way = way, .path = r->o.path, .token = tokens ? next_token(tokens) : NULL, .room = room};
    feed_open(&d->feed, r->o.to);
    epoll_ctl(r->epoll, EPOLL_CTL_ADD, d->feed.fd, &ev);
}

static void open_all(struct run *r, FILE *tokens)
{
    size_t readers = r->o.clients + r->o.idle;

    r->readers = xcalloc(readers + 1, sizeof *r->readers);
    for (size_t i = 0; i < readers; i++)
        open_reader(r, &r->readers[i], r->o.way, tokens, i < r->o.clients ? "general" : "energy");
    r->poster = &r->readers[0];
    if (r->o.way == FEED_WS)
        return;
    r->poster = &r->readers[readers];
    open_reader(r, r->poster, FEED_WS, tokens, "energy");
}

static void drive(struct run *r)
{
    int64_t start = measure_now_ns(), end = start + r->o.seconds * 1000000000;

    refill(r);
    while (measure_now_ns() < end) {
        int64_t due = r->o.rate ? (measure_now_ns() - start) * r->o.rate / 1000000000 : 0;

        while (r->o.rate && r->posted < due)
            post(r);
        poll_once(r, 1);
        refill(r);
    }
    for (end = measure_now_ns() + SETTLE_S * 1000000000L;
         measure_now_ns() < end && r->complete < r->posted;)
        poll_once(r, 5);
}

static int64_t cpu_of_all(const struct options *o)
{
    int64_t sum = 0;

    for (size_t i = 0; i < o->pid_count; i++) {
        int64_t one = measure_cpu_ns(o->pids[i]);

        if (one < 0)
            die("process %d is gone", o->pids[i]);
        sum += one;
    }
    return sum;
}

static void parse_pids(struct options *o, const char *list)
{
    char *end;

    while (*list && o->pid_count < MAX_PIDS) {
        o->pids[o->pid_count++] = (int)strtol(list, &end, 10);
        list = *end == ',' ? end + 1 : end;
    }
}

static enum feed_way way_of(const char *name)
{
    static const char *const names[] = {[FEED_WS] = "ws", [FEED_SSE] = "sse", [FEED_POLL] = "poll"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) == 0)
            return (enum feed_way)i;
    }
    die("--over is ws, sse or poll");
}

static void parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){
        .path = "/ws/chat/", .clients = 100, .inflight = 1, .size = 200, .seconds = 5};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *k = argv[i], *v = argv[i + 1];
        size_t n = strtoul(v, NULL, 10);

        if (strcmp(k, "--to") == 0)
            o->to = v;
        else if (strcmp(k, "--path") == 0)
            o->path = v;
        else if (strcmp(k, "--hello") == 0)
            o->tokens = v;
        else if (strcmp(k, "--over") == 0)
            o->way = way_of(v);
        else if (strcmp(k, "--pid") == 0)
            parse_pids(o, v);
        else if (strcmp(k, "--clients") == 0)
            o->clients = n;
        else if (strcmp(k, "--idle") == 0)
            o->idle = n;
        else if (strcmp(k, "--inflight") == 0)
            o->inflight = n;
        else if (strcmp(k, "--rate") == 0)
            o->rate = (int64_t)n;
        else if (strcmp(k, "--size") == 0)
            o->size = n;
        else if (strcmp(k, "--seconds") == 0)
            o->seconds = (int64_t)n;
        else
            die("unknown option %s", k);
    }
    if (!o->to || !o->clients || o->inflight > MAX_INFLIGHT)
        die("--to and --clients are needed; --inflight is at most %d", MAX_INFLIGHT);
}

int main(int argc, char **argv)
{
    struct run *r = xcalloc(1, sizeof *r);
    struct rlimit files;
    FILE *tokens = NULL;
    int64_t cpu, wall;

    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    parse(&r->o, argc, argv);
    snprintf(r->run_id, sizeof r->run_id, "%08x", (unsigned)measure_now_ns());
    if (r->o.tokens && !(tokens = fopen(r->o.tokens, "r")))
        die("%s: %s", r->o.tokens, strerror(errno));
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    open_all(r, tokens);
    cpu = cpu_of_all(&r->o);
    wall = measure_now_ns();
    drive(r);
    cpu = cpu_of_all(&r->o) - cpu;
    wall = measure_now_ns() - wall;
    r->wrong += (uint64_t)r->posted * r->o.clients - r->deliveries;
    printf("clients=%zu inflight=%zu rate=%" PRId64 " posted=%" PRId64 " deliveries=%" PRIu64
           " frames=%" PRIu64 " bytes=%" PRIu64 " wrong=%" PRIu64 " closed=%" PRIu64
           " cpu_us_per_delivery=%.3f p50_us=%" PRId64 " p99_us=%" PRId64
           " deliveries_per_s=%.0f rss_kb=%" PRId64 "\n",
           r->o.clients, r->o.inflight, r->o.rate, r->posted, r->deliveries, r->frames, r->bytes,
           r->wrong, r->closed, r->deliveries ? (double)cpu / 1000.0 / (double)r->deliveries : 0.0,
           histogram_percentile(&r->latency, 50), histogram_percentile(&r->latency, 99),
           (double)r->deliveries * 1e9 / (double)wall,
           r->o.pid_count ? measure_rss_kb(r->o.pids[0]) : -1);
    return r->wrong || r->closed ? 1 : 0;
}
