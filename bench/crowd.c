#include "bench/transport.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    ROUND = 512,
    OUT_MAX = 16 << 20,
    TOKENS_MAX = 64 << 20,
    SERVE_EACH = 32,
    REOPENED_MAX = 10000000
};

/* ----- opening ----- */

static char *read_all(const char *path)
{
    struct buf text;
    char chunk[65536];
    size_t n;
    FILE *f = fopen(path, "r");

    if (!f)
        die("%s: %s", path, strerror(errno));
    buf_init(&text, TOKENS_MAX);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&text, chunk, n);
    fclose(f);
    if (!text.len || text.overflow)
        die("%s: no tokens, or too many", path);
    return text.data;
}

static void load_tokens(struct crowd *c, const char *path)
{
    char *place;

    c->tokens = read_all(path);
    for (char *line = strtok_r(c->tokens, "\n", &place); line;
         line = strtok_r(NULL, "\n", &place)) {
        if ((c->token_count & (c->token_count - 1)) == 0)
            c->token_list =
                xrealloc(c->token_list, (c->token_count ? c->token_count * 2 : 1) * sizeof(char *));
        c->token_list[c->token_count++] = line;
    }
}

void crowd_watch(struct crowd *c, struct reader *r)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = r};

    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, r->fd, &ev) < 0 && errno != EEXIST)
        die("epoll: %s", strerror(errno));
}

static void open_reader(struct crowd *c, struct reader *r, size_t number, bool silent)
{
    *r = (struct reader){.silent = silent, .room = silent ? c->o->idle_room : c->o->room};
    if (c->transport->with_token)
        r->token = c->token_list[number % c->token_count];
    c->transport->open(c, r);
    crowd_watch(c, r);
    if (number % SERVE_EACH == 0) /* those that are open already are told of the new ones */
        crowd_poll(c, 0);
}

/* Posts over a chat.v1 socket that reads no room, so that readers of every kind meet the same. */
static void open_poster(struct crowd *c)
{
    if (!c->transport->with_token) {
        c->poster = &c->readers[0];
        return;
    }
    c->own = (struct reader){.silent = true, .token = c->token_list[0]};
    c->poster = &c->own;
    transport_hello(c, c->poster, "");
    crowd_watch(c, c->poster);
}

void crowd_open(struct crowd *c, const struct crowd_options *o)
{
    size_t clients = (size_t)o->clients, all = clients + (size_t)o->idle;

    *c = (struct crowd){.o = o, .transport = transport_find(o->over)};
    if (!c->transport)
        die("--over is hello, seed, plain, sse or poll, not '%s'", o->over);
    if (c->transport->with_token && !o->token_file)
        die("--over %s needs --tokens", o->over);
    snprintf(c->tag, sizeof c->tag, "b%08x", (unsigned)(measure_now_ns() / 1000));
    scan_init(&c->scan, c->tag);
    buf_init(&c->out, OUT_MAX);
    buf_init(&c->text, OUT_MAX);
    c->tally = tally_new(clients);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->readers = xcalloc(all, sizeof *c->readers);
    if (c->transport->with_token)
        load_tokens(c, o->token_file);
    for (size_t i = 0; i < all; i++)
        open_reader(c, &c->readers[i], i, i >= clients);
    if (clients)
        open_poster(c);
}

/* ----- traffic ----- */

/* `"message":"TAG-NUMBER xxxx…"` in the seed's format, which every server here understands. */
void crowd_add_message(struct crowd *c, struct buf *out, int64_t number)
{
    struct buf *text = &c->text;
    size_t end = (size_t)c->o->size;

    buf_clear(text);
    buf_str(text, "{\"type\":\"message\",");
    if (c->transport->with_token)
        buf_fmt(text, "\"room\":\"%s\",\"client_id\":\"%s-%" PRId64 "\",", c->o->room, c->tag,
                number);
    buf_str(text, "\"message\":\"");
    if (c->transport->with_token)
        end += text->len;
    buf_fmt(text, "%s-%" PRId64 " ", c->tag, number);
    while (text->len < end)
        buf_char(text, 'x');
    buf_str(text, "\"}");
    wire_frame(out, WIRE_TEXT, text->data, text->len);
}

void crowd_post(struct crowd *c, int64_t count, int64_t at_ns, int64_t step_ns)
{
    buf_clear(&c->out);
    for (int64_t i = 0; i < count; i++)
        crowd_add_message(c, &c->out, tally_post(c->tally, at_ns + i * step_ns));
    if (!wire_send(c->poster->fd, &c->out))
        die("posting: %s", strerror(errno));
}

void crowd_take_payload(struct crowd *c, struct reader *r, const char *payload, size_t len)
{
    const struct scan_range *ranges;
    size_t count;
    int64_t now;

    if (r->silent) {
        c->errors += memmem(payload, len, "\"type\":\"error\"", 14) != NULL;
        if (c->heard)
            c->heard(c->heard_ctx, r, payload, len);
        return;
    }
    ranges = scan_payload(&c->scan, payload, len, &count);
    if (!count)
        return;
    now = measure_now_ns();
    c->frames++;
    c->bytes += len;
    for (size_t i = 0; i < count; i++)
        tally_receive(c->tally, &r->last, ranges[i].first, ranges[i].to, now);
}

void crowd_lost(struct crowd *c, struct reader *r)
{
    close(r->fd);
    r->fd = -1;
    if (c->transport->reopen && !r->rest.len && c->reopened < REOPENED_MAX) {
        c->reopened++;
        c->transport->reopen(c, r);
    } else {
        c->closed++;
    }
}

static void serve(struct crowd *c, struct reader *r)
{
    size_t rest = r->rest.len;

    if (r->fd < 0)
        return;
    if (wire_fill(&c->view, &r->rest, r->fd) < 0) {
        crowd_lost(c, r);
        return;
    }
    c->transport->take(c, r, c->view.len - rest);
    wire_keep(&c->view, &r->rest);
}

void crowd_poll(struct crowd *c, int timeout_ms)
{
    struct epoll_event ready[ROUND];
    int n = epoll_wait(c->epoll, ready, ROUND, timeout_ms);

    for (int i = 0; i < n; i++)
        serve(c, ready[i].data.ptr);
}

/* ----- the end ----- */

static void close_reader(struct reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    wire_rest_release(&r->rest);
}

void crowd_start(struct crowd *c)
{
    c->frames = c->bytes = c->reopened = 0;
    tally_start(c->tally);
}

void crowd_stop(struct crowd *c)
{
    for (int64_t i = 0; i < c->o->clients; i++)
        tally_stop(c->tally, &c->readers[i].last);
}

void crowd_close(struct crowd *c)
{
    for (int64_t i = 0; i < c->o->clients + c->o->idle; i++)
        close_reader(&c->readers[i]);
    if (c->poster == &c->own)
        close_reader(&c->own);
    close(c->epoll);
    free(c->readers);
    free(c->tokens);
    free(c->token_list);
    free(c->tally);
    scan_release(&c->scan);
    wire_view_release(&c->view);
    buf_release(&c->out);
    buf_release(&c->text);
}
