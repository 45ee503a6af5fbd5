/*
 * Posting over WebSocket, K in flight on one connection in hello mode: the next message leaves when
 * an ack arrives. Counts acks, errors and the time from sending to the ack.
 *
 *   post --to unix:/…|127.0.0.1:PORT --token TOKEN [--inflight 256] [--seconds S] [--room SLUG]
 *
 * Prints one line of key=value. Exit 1 where an error frame came or an ack is missing.
 */
#include "bench/measure.h"
#include "bench/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MAX_INFLIGHT = 4096, SETTLE_S = 10 };

struct load {
    const char *to, *token, *room;
    int64_t inflight, seconds, sent, acked, errors;
    int64_t sent_ns[MAX_INFLIGHT];
    int fd;
    struct wire_in in;
    struct histogram latency;
    uint64_t run;
};

static void send_text(struct load *l, const char *text, size_t len)
{
    struct buf frame;

    buf_init(&frame, 1 << 16);
    wire_frame(&frame, text, len);
    if (send(l->fd, frame.data, frame.len, MSG_NOSIGNAL) != (long)frame.len)
        die("sending: %s", strerror(errno));
    buf_release(&frame);
}

static void post(struct load *l)
{
    char text[512];
    int len = snprintf(text, sizeof text,
                       "{\"type\":\"message\",\"room\":\"%s\",\"client_id\":\"p%" PRIx64 "-%" PRId64
                       "\",\"message\":\"%0200d\"}",
                       l->room, l->run, l->sent, 0);

    l->sent_ns[l->sent % MAX_INFLIGHT] = measure_now_ns();
    l->sent++;
    send_text(l, text, (size_t)len);
}

/* Finds the run's own client ids in ack frames, joined or not. */
static void take(struct load *l, const char *p, size_t len)
{
    char mark[64];
    const char *end = p + len;
    size_t mark_len = (size_t)snprintf(mark, sizeof mark, "\"client_id\":\"p%" PRIx64 "-", l->run);

    if (memmem(p, len, "\"type\":\"error\"", 14))
        l->errors++;
    if (!memmem(p, len, "\"type\":\"ack\"", 12))
        return;
    while ((p = memmem(p, (size_t)(end - p), mark, mark_len))) {
        int64_t n = strtoll(p + mark_len, NULL, 10);

        histogram_add(&l->latency, (measure_now_ns() - l->sent_ns[n % MAX_INFLIGHT]) / 1000);
        l->acked++;
        p += mark_len;
    }
}

static void receive(struct load *l, int timeout_ms)
{
    struct pollfd pfd = {.fd = l->fd, .events = POLLIN};
    const char *payload;
    size_t len;
    int op;

    if (poll(&pfd, 1, timeout_ms) <= 0)
        return;
    if (wire_fill(&l->in, l->fd) < 0)
        die("the socket was closed");
    while ((op = wire_next(&l->in, &payload, &len)) >= 0)
        if (op == 1)
            take(l, payload, len);
}

static void parse(struct load *l, int argc, char **argv)
{
    *l = (struct load){.inflight = 256, .seconds = 5, .room = "general"};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *k = argv[i], *v = argv[i + 1];

        if (strcmp(k, "--to") == 0)
            l->to = v;
        else if (strcmp(k, "--token") == 0)
            l->token = v;
        else if (strcmp(k, "--room") == 0)
            l->room = v;
        else if (strcmp(k, "--inflight") == 0)
            l->inflight = strtol(v, NULL, 10);
        else if (strcmp(k, "--seconds") == 0)
            l->seconds = strtol(v, NULL, 10);
        else
            die("unknown option %s", k);
    }
    if (!l->to || !l->token || l->inflight < 1 || l->inflight > MAX_INFLIGHT)
        die("--to and --token are needed; --inflight is 1…%d", MAX_INFLIGHT);
}

int main(int argc, char **argv)
{
    struct load *l = xcalloc(1, sizeof *l);
    struct buf hello;
    int64_t start, end;

    signal(SIGPIPE, SIG_IGN);
    parse(l, argc, argv);
    l->run = (uint64_t)measure_now_ns();
    wire_in_init(&l->in);
    l->fd = wire_connect(l->to);
    if (l->fd < 0 || !wire_upgrade(l->fd, "/ws/chat/", "chat.v1", NULL))
        die("%s: cannot open a socket", l->to);
    buf_init(&hello, 16384);
    /* No rooms: this connection measures acks, not its own fan-out. */
    buf_fmt(&hello, "{\"type\":\"hello\",\"proto\":\"chat.v1\",\"token\":\"%s\",\"rooms\":[]}",
            l->token);
    send_text(l, hello.data, hello.len);
    buf_release(&hello);
    if (!wire_wait(&l->in, l->fd, "\"welcome\""))
        die("no welcome");
    start = measure_now_ns();
    end = start + l->seconds * 1000000000;
    while (measure_now_ns() < end) {
        while (l->sent - l->acked - l->errors < l->inflight)
            post(l);
        receive(l, 100);
    }
    end = measure_now_ns();
    for (int64_t last = end + SETTLE_S * 1000000000L;
         l->acked + l->errors < l->sent && measure_now_ns() < last;)
        receive(l, 100);
    printf("sent=%" PRId64 " acked=%" PRId64 " errors=%" PRId64 " per_s=%.0f p50_us=%" PRId64
           " p99_us=%" PRId64 "\n",
           l->sent, l->acked, l->errors, (double)l->acked * 1e9 / (double)(end - start),
           histogram_percentile(&l->latency, 50), histogram_percentile(&l->latency, 99));
    wire_in_release(&l->in);
    return l->acked == l->sent ? 0 : 1;
}
