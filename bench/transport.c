/* WebSockets of three kinds. */
#include "bench/transport.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void transport_connect(struct crowd *c, struct reader *r)
{
    r->fd = wire_connect(c->o->to);
    if (r->fd < 0)
        die("%s: %s", c->o->to, strerror(errno));
}

static void upgrade(struct crowd *c, struct reader *r, const char *protocol, const char *token)
{
    transport_connect(c, r);
    if (!wire_upgrade(r->fd, c->o->path, protocol, token))
        die("the upgrade was refused");
}

static void answer_frame(struct crowd *c, struct reader *r, enum wire_op op, const char *payload,
                         size_t len)
{
    buf_clear(&c->out);
    wire_frame(&c->out, op, payload, len);
    if (!wire_send(r->fd, &c->out))
        crowd_lost(c, r);
}

static void take_frames(struct crowd *c, struct reader *r, size_t fresh)
{
    enum { PING_MAX = 100 };
    const char *payload;
    size_t len;
    int op;

    (void)fresh;
    while (r->fd >= 0 && (op = wire_next(&c->view, &payload, &len)) >= 0) {
        if (op == WIRE_PING)
            answer_frame(c, r, WIRE_PONG, payload, len);
        else if (op == WIRE_TEXT && len < PING_MAX && memmem(payload, len, "\"ping\"", 6))
            answer_frame(c, r, WIRE_TEXT, "{\"type\":\"pong\"}", 15);
        else if (op == WIRE_TEXT)
            crowd_take_payload(c, r, payload, len);
    }
}

void transport_hello(struct crowd *c, struct reader *r, const char *rooms)
{
    struct buf hello;

    upgrade(c, r, "chat.v1", NULL);
    buf_init(&hello, 16384);
    buf_fmt(&hello, "{\"type\":\"hello\",\"proto\":\"chat.v1\",\"token\":\"%s\",\"rooms\":[%s]}",
            r->token, rooms);
    buf_clear(&c->out);
    wire_frame(&c->out, WIRE_TEXT, hello.data, hello.len);
    buf_release(&hello);
    if (!wire_send(r->fd, &c->out))
        die("hello: %s", strerror(errno));
    if (!wire_wait(&c->view, &r->rest, r->fd, "\"welcome\""))
        die("no welcome");
}

static void open_hello(struct crowd *c, struct reader *r)
{
    char rooms[128];

    snprintf(rooms, sizeof rooms, r->room ? "\"%s\"" : "", r->room);
    transport_hello(c, r, rooms);
}

static void open_seed(struct crowd *c, struct reader *r)
{
    upgrade(c, r, NULL, r->token);
}

static const struct transport transport_hello_sockets = {"hello", true, open_hello, take_frames,
                                                         NULL};
static const struct transport transport_seed = {"seed", true, open_seed, take_frames, NULL};
/* What a server does with a WebSocket that speaks no protocol of ours: floors and peers. */
static const struct transport transport_plain = {"plain", false, open_seed, take_frames, NULL};

const struct transport *transport_find(const char *name)
{
    const struct transport *all[] = {&transport_hello_sockets, &transport_seed, &transport_plain,
                                     &transport_sse, &transport_poll};

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    }
    return NULL;
}
