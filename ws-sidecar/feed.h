/*
 * From the database to the hub: reads the events after its cursor and publishes them, in the order
 * in which they were committed. Woken by an empty datagram, by our own writer, and once a second by
 * data_version, so that a lost wake-up costs a moment and never a message. What an event does to
 * sessions (a ban, a revocation, a role) is done before any later event is published.
 */
#ifndef SIDECAR_FEED_H
#define SIDECAR_FEED_H

#include "lib/err.h"
#include "ws-sidecar/frame.h"

struct sidecar;

/* The cursor starts at the newest event: what is older reaches readers by their own cursors. */
MUST_CHECK enum err feed_start(struct sidecar *s, struct fail *f);
/* No more wake-ups from outside, and the socket is gone; feed_tick() goes on reading. */
void feed_stop(struct sidecar *s);
/* Reads now. */
void feed_poll(struct sidecar *s);
/* Reads where another connection committed since. */
void feed_tick(struct sidecar *s);
/* Something was committed: now, or, where nobody is here to be told, at the next tick. */
void feed_news(struct sidecar *s);

struct event;
/* The event as every reader gets it; the caller owns it. */
struct slice *feed_slice(const struct event *e, const char *room);
/* A hub_load_fn: older events of one room. `ctx` is the sidecar. */
enum err feed_load(void *ctx, int64_t room_id, const char *room, int64_t since, struct slice **out,
                   size_t max, size_t *count);

#endif
