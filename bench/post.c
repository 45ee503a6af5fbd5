/*
 * Posting over WebSocket: K messages in flight (posted, and not yet acknowledged), or R a second,
 * whose latencies count from when a message was due. Each must be acknowledged once.
 *
 *   post --to unix:/…|127.0.0.1:PORT --tokens FILE [--connections N] [--inflight K | --rate R]
 *        [--seconds S] [--size BYTES] [--path /ws/chat/] [--room SLUG] [--pid NAME=PID,PID…]…
 *
 * Prints one line of key=value; CPU is per message. Exit 1 where an ack was missing or doubled, or
 * an error came.
 */
#include "bench/crowd.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { SETTLE_S = 10 };

struct load {
    struct crowd_options crowd_options;
    struct option_list groups;
    int64_t connections, inflight;
    double rate, seconds;
    struct crowd crowd; /* its readers are silent: they post, and read no room */
    int64_t posted, acked, doubled;
    int64_t posted_ns[TALLY_WINDOW]; /* 0: acknowledged */
    char mark[SCAN_TAG + 32];
    struct histogram latency;
    struct usage usage;
};

static void on_heard(void *ctx, struct reader *r, const char *payload, size_t len)
{
    struct load *l = ctx;
    const char *p = payload, *end = payload + len;
    size_t mark_len = strlen(l->mark);

    (void)r;
    if (!memmem(payload, len, "\"type\":\"ack\"", 12))
        return;
    while ((p = memmem(p, (size_t)(end - p), l->mark, mark_len))) {
        int64_t *posted_ns = &l->posted_ns[strtoll(p + mark_len, NULL, 10) % TALLY_WINDOW];

        p += mark_len;
        if (!*posted_ns) {
            l->doubled++;
            continue;
        }
        histogram_add(&l->latency, (measure_now_ns() - *posted_ns) / 1000);
        *posted_ns = 0;
        l->acked++;
    }
}

/* `count` messages, dealt out to the connections in turn; each
 * connection gets its share at once. */
static void post(struct load *l, int64_t count, int64_t at_ns, int64_t step_ns)
{
    struct crowd *c = &l->crowd;

    if (l->posted + count - l->acked > TALLY_WINDOW)
        die("%d messages are on their way: the server cannot keep up", TALLY_WINDOW);
    for (int64_t i = 0; i < count && i < l->connections; i++) {
        buf_clear(&c->out);
        for (int64_t n = i; n < count; n += l->connections) {
            int64_t number = l->posted + n + 1;

            l->posted_ns[number % TALLY_WINDOW] = at_ns + n * step_ns;
            crowd_add_message(c, &c->out, number);
        }
        if (!wire_send(c->readers[(l->posted + i) % l->connections].fd, &c->out))
            die("posting: %s", strerror(errno));
    }
    l->posted += count;
}

static void post_what_is_due(struct load *l, int64_t start)
{
    int64_t now = measure_now_ns(), step, due;

    if (l->rate > 0) {
        step = (int64_t)(1e9 / l->rate);
        due = (int64_t)((double)(now - start) / 1e9 * l->rate) - l->posted;
        if (due > 0)
            post(l, due, start + (l->posted + 1) * step, step);
    } else if (l->posted - l->acked < l->inflight) {
        post(l, l->inflight - (l->posted - l->acked), now, 0);
    }
}

static void drive(struct load *l)
{
    int64_t start = measure_now_ns(), end = start + (int64_t)(l->seconds * 1e9);

    while (measure_now_ns() < end && !l->crowd.closed && !l->crowd.errors) {
        post_what_is_due(l, start);
        crowd_poll(&l->crowd, 1);
    }
    for (end = measure_now_ns() + SETTLE_S * INT64_C(1000000000);
         l->acked < l->posted && measure_now_ns() < end && !l->crowd.closed && !l->crowd.errors;)
        crowd_poll(&l->crowd, 5);
}

static void meanwhile(void *ctx, int timeout_ms)
{
    crowd_poll(ctx, timeout_ms);
}

static void parse(struct load *l, int argc, char **argv)
{
    struct crowd_options *o = &l->crowd_options;
    const struct option table[] = {
        {"--to", OPTION_TEXT, &o->to},
        {"--path", OPTION_TEXT, &o->path},
        {"--tokens", OPTION_TEXT, &o->token_file},
        {"--room", OPTION_TEXT, &o->room},
        {"--size", OPTION_NUMBER, &o->size},
        {"--connections", OPTION_NUMBER, &l->connections},
        {"--inflight", OPTION_NUMBER, &l->inflight},
        {"--rate", OPTION_REAL, &l->rate},
        {"--seconds", OPTION_REAL, &l->seconds},
        {"--pid", OPTION_LIST, &l->groups},
    };

    *o = (struct crowd_options){
        .path = "/ws/chat/", .over = "hello", .room = "general", .size = 200};
    l->connections = 1;
    l->inflight = 256;
    l->seconds = 5;
    options_parse(table, ARRAY_LEN(table), argc, argv);
    if (!o->to || !l->connections)
        die("--to is needed, and a connection");
    o->idle = l->connections;
    usage_init(&l->usage, &l->groups);
}

int main(int argc, char **argv)
{
    struct load *l = xcalloc(1, sizeof *l);
    bool good;

    signal(SIGPIPE, SIG_IGN);
    measure_raise_file_limit();
    parse(l, argc, argv);
    crowd_open(&l->crowd, &l->crowd_options);
    l->crowd.heard = on_heard;
    l->crowd.heard_ctx = l;
    snprintf(l->mark, sizeof l->mark, "\"client_id\":\"%s-", l->crowd.tag);
    usage_settle(&l->usage, meanwhile, &l->crowd);
    usage_start(&l->usage);
    drive(l);
    usage_stop(&l->usage);
    printf("posted=%" PRId64 " acked=%" PRId64 " missing=%" PRId64 " doubled=%" PRId64
           " errors=%" PRIu64 " closed=%" PRIu64 " per_s=%.0f",
           l->posted, l->acked, l->posted - l->acked, l->doubled, l->crowd.errors, l->crowd.closed,
           (double)l->acked * 1e9 / (double)l->usage.wall_ns);
    histogram_print(&l->latency);
    usage_print(&l->usage, (uint64_t)l->acked);
    printf("\n");
    good = l->acked == l->posted && !l->doubled && !l->crowd.errors && !l->crowd.closed;
    crowd_close(&l->crowd);
    free(l);
    return good ? 0 : 1;
}
