/*
 * Fan-out: one poster, many readers. A closed loop of K messages in flight (posted, and not yet
 * seen by every reader), or an open one of R messages a second, whose latencies count from when a
 * message was due. Each reader must get each message once and in order.
 *
 *   fanout --to unix:/…|127.0.0.1:PORT --over hello|seed|plain|sse|poll [--tokens FILE]
 *          [--clients N] [--idle N] [--inflight K | --rate R] [--seconds S] [--size BYTES]
 *          [--path /ws/chat/] [--room SLUG] [--idle-room SLUG] [--pid NAME=PID,PID…]…
 *          [--rounds N]
 *
 * Prints a line of key=value when all are connected and the server is at rest, and one at the end;
 * CPU is per delivery. With --rounds it measures so many times over the same connections, each time
 * when a line comes on stdin; that line is the new K, or empty. Exit 1 where a delivery was missing
 * or doubled, or a connection lost.
 */
#include "bench/crowd.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SETTLE_S = 20 };

struct run {
    struct crowd_options crowd_options;
    struct option_list groups;
    int64_t inflight, rounds;
    double rate, seconds;
    struct crowd crowd;
    struct usage usage;
};

static void meanwhile(void *ctx, int timeout_ms)
{
    crowd_poll(ctx, timeout_ms);
}

static void print_memory(const struct usage *u, const char *when)
{
    for (size_t i = 0; i < u->count; i++)
        printf(" rss_kb_%s_%.*s=%" PRId64, when, (int)u->groups[i].name_len, u->groups[i].name,
               procs_rss_kb(&u->groups[i]));
}

static void open_all(struct run *r)
{
    int64_t began = measure_now_ns();

    printf("opened=%" PRId64, r->crowd_options.clients + r->crowd_options.idle);
    print_memory(&r->usage, "before");
    crowd_open(&r->crowd, &r->crowd_options);
    printf(" open_ms=%" PRId64, (measure_now_ns() - began) / 1000000);
    usage_settle(&r->usage, meanwhile, &r->crowd);
    print_memory(&r->usage, "open");
    printf("\n");
    fflush(stdout);
}

static void post_what_is_due(struct run *r, int64_t start, int64_t posted_before)
{
    struct tally *t = r->crowd.tally;
    int64_t now = measure_now_ns(), posted = t->posted - posted_before, step, due;

    if (r->rate > 0) {
        step = (int64_t)(1e9 / r->rate);
        due = (int64_t)((double)(now - start) / 1e9 * r->rate) - posted;
        if (due > 0)
            crowd_post(&r->crowd, due, start + (posted + 1) * step, step);
    } else if (t->posted - t->complete < r->inflight) {
        crowd_post(&r->crowd, r->inflight - (t->posted - t->complete), now, 0);
    }
}

static void drive(struct run *r)
{
    struct tally *t = r->crowd.tally;
    int64_t posted_before = t->posted;
    int64_t start = measure_now_ns(), end = start + (int64_t)(r->seconds * 1e9);

    while (measure_now_ns() < end && !r->crowd.closed) {
        if (r->crowd_options.clients)
            post_what_is_due(r, start, posted_before);
        crowd_poll(&r->crowd, r->crowd_options.clients ? 1 : 100);
    }
    for (end = measure_now_ns() + SETTLE_S * INT64_C(1000000000);
         measure_now_ns() < end && t->complete < t->posted && !r->crowd.closed;)
        crowd_poll(&r->crowd, 5);
}

static void parse(struct run *r, int argc, char **argv)
{
    struct crowd_options *o = &r->crowd_options;
    const struct option table[] = {
        {"--to", OPTION_TEXT, &o->to},
        {"--over", OPTION_TEXT, &o->over},
        {"--path", OPTION_TEXT, &o->path},
        {"--tokens", OPTION_TEXT, &o->token_file},
        {"--room", OPTION_TEXT, &o->room},
        {"--idle-room", OPTION_TEXT, &o->idle_room},
        {"--clients", OPTION_NUMBER, &o->clients},
        {"--idle", OPTION_NUMBER, &o->idle},
        {"--size", OPTION_NUMBER, &o->size},
        {"--inflight", OPTION_NUMBER, &r->inflight},
        {"--rate", OPTION_REAL, &r->rate},
        {"--seconds", OPTION_REAL, &r->seconds},
        {"--rounds", OPTION_NUMBER, &r->rounds},
        {"--pid", OPTION_LIST, &r->groups},
    };

    *o = (struct crowd_options){.path = "/ws/chat/",
                                .over = "hello",
                                .room = "general",
                                .idle_room = "energy",
                                .clients = 100,
                                .size = 200};
    r->inflight = 1;
    r->seconds = 5;
    options_parse(table, ARRAY_LEN(table), argc, argv);
    if (!o->to)
        die("--to is needed");
    usage_init(&r->usage, &r->groups);
}

static void report(const struct run *r, int64_t posted)
{
    const struct crowd *c = &r->crowd;
    const struct tally *t = c->tally;

    printf("over=%s posted=%" PRId64 " deliveries=%" PRIu64 " missing=%" PRIu64 " doubled=%" PRIu64
           " closed=%" PRIu64 " reopened=%" PRIu64 " errors=%" PRIu64 " frames=%" PRIu64
           " bytes=%" PRIu64,
           r->crowd_options.over, posted, t->deliveries, t->missing, t->doubled, c->closed,
           c->reopened, c->errors, c->frames, c->bytes);
    printf(" deliveries_per_s=%.0f", (double)t->deliveries * 1e9 / (double)r->usage.wall_ns);
    histogram_print(&t->latency);
    usage_print(&r->usage, t->deliveries);
    printf("\n");
    fflush(stdout);
}

/* Whether every message came to everybody, once. */
static bool measure(struct run *r)
{
    const struct tally *t = r->crowd.tally;
    int64_t posted_before = t->posted;

    crowd_start(&r->crowd);
    usage_start(&r->usage);
    drive(r);
    usage_stop(&r->usage);
    crowd_stop(&r->crowd);
    report(r, t->posted - posted_before);
    return !t->missing && !t->doubled && !r->crowd.closed && !r->crowd.errors;
}

/* Until a line comes on stdin; false at its end. */
static bool await_word(struct run *r)
{
    struct pollfd pfd = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[32], *end;
    int64_t inflight;

    while (poll(&pfd, 1, 0) <= 0)
        crowd_poll(&r->crowd, 20);
    if (!fgets(line, sizeof line, stdin))
        return false;
    inflight = strtoll(line, &end, 10);
    if (end != line)
        r->inflight = inflight;
    return true;
}

int main(int argc, char **argv)
{
    struct run *r = xcalloc(1, sizeof *r);
    bool good = true;

    signal(SIGPIPE, SIG_IGN);
    measure_raise_file_limit();
    setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees what a buffer would hide */
    parse(r, argc, argv);
    open_all(r);
    if (!r->rounds)
        good = measure(r);
    for (int64_t i = 0; i < r->rounds && await_word(r); i++)
        good = measure(r) && good;
    crowd_close(&r->crowd);
    free(r);
    return good ? 0 : 1;
}
