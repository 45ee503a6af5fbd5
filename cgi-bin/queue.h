/*
 * The queue before a worker: how many connections wait on its listening Unix socket, and whether
 * whoever is in it would be answered too late. A web server lets a queue grow to thousands; their
 * clients have long given up when they are served, and the site stays away for as long again. So a
 * worker whose queue is worth more than QUEUE_FULL_MS of its own work says "busy" to those who come
 * first, until it is down to QUEUE_DRAINED_MS: work goes on at full speed, on requests that
 * somebody still waits for. A queue that is merely never empty is none of that.
 */
#ifndef CGI_BIN_QUEUE_H
#define CGI_BIN_QUEUE_H

#include "lib/base.h"

enum { QUEUE_FULL_MS = 3000, QUEUE_DRAINED_MS = 1000 };
/* How often it looks: the kernel goes through all the Unix sockets that there are, with ten
 * thousand WebSockets behind lighttpd for more than a millisecond. Who refuses empties a queue in
 * no time. */
enum { QUEUE_LOOK_MS = 500, QUEUE_LOOK_REFUSING_MS = 100 };

struct queue {
    int diagnosis; /* a netlink socket; -1: the kernel does not tell, nobody is refused */
    uint32_t inode;
    int64_t service_us; /* what a request takes, a moving average */
    int64_t looked_ms;
    bool refusing;
};

/* `listener` is a listening Unix socket; of another kind: nobody is refused. */
void queue_init(struct queue *q, int listener);
void queue_release(struct queue *q);
/* How many wait; -1 where that cannot be known. */
int64_t queue_length(const struct queue *q);
/* Before each request: whether to refuse it. `now_ms` is any clock that only rises. */
bool queue_refuses(struct queue *q, int64_t now_ms);
/* The judgement alone, for tests too. */
bool queue_judge(const struct queue *q, int64_t length);
/* After a request that was served. */
void queue_served(struct queue *q, int64_t took_us);

#endif
