/* The ways of reading: WebSockets of three kinds, server-sent events, long-poll. */
#ifndef BENCH_TRANSPORT_H
#define BENCH_TRANSPORT_H

#include "bench/crowd.h"

struct transport {
    const char *name;
    bool with_token;
    void (*open)(struct crowd *c, struct reader *r);
    /* Takes what is whole in the crowd's view; `fresh` bytes at its end are new. */
    void (*take)(struct crowd *c, struct reader *r, size_t fresh);
    /* Goes on with a new connection where the server closed one; NULL: the reader is lost. */
    void (*reopen)(struct crowd *c, struct reader *r);
};

/* NULL where there is none of that name. */
const struct transport *transport_find(const char *name);
void transport_connect(struct crowd *c, struct reader *r);
extern const struct transport transport_sse, transport_poll;
/* Opens a chat.v1 socket for the reader; `rooms` is what goes into hello's brackets. */
void transport_hello(struct crowd *c, struct reader *r, const char *rooms);

#endif
