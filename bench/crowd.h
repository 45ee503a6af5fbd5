/*
 * Many readers of one room and one poster, over one transport, in one thread: opens them, posts,
 * takes what comes and tells the tally. Whatever goes wrong while they are opened ends the program
 * with a sentence; a connection that closes later is counted.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "bench/answer.h"
#include "bench/scan.h"
#include "bench/tally.h"
#include "bench/wire.h"

struct crowd_options {
    const char *to, *path, *over; /* over: the name of a transport */
    const char *token_file;       /* a token a line, used in turn */
    const char *room, *idle_room; /* idle_room NULL: the silent read none */
    int64_t clients, idle;
    int64_t size; /* of a message's text; over "plain", which adds nothing, of the payload */
};

struct crowd;
struct reader;
struct transport; /* bench/transport.h */
/* Hears what comes to a silent reader. */
typedef void crowd_heard_fn(void *ctx, struct reader *r, const char *payload, size_t len);

struct reader {
    int fd;
    bool silent;  /* one of the idle ones, or the poster: gets no messages */
    int64_t last; /* number of the newest message seen */
    const char *token, *room;
    struct wire_rest rest;
    struct {
        bool headed, is_chunked;
        struct chunked chunked;
    } stream;    /* over SSE */
    int64_t seq; /* of the room, as the last poll said */
};

struct crowd {
    const struct crowd_options *o;
    const struct transport *transport;
    int epoll;
    struct reader *readers; /* clients, then idle ones */
    struct reader own;      /* the poster, where it is none of the readers */
    struct reader *poster;
    char *tokens; /* the file's text, lines terminated by NUL */
    const char **token_list;
    size_t token_count;
    char tag[SCAN_TAG];
    struct tally *tally;
    struct scan scan;
    struct wire_view view;
    struct buf out, text;
    uint64_t frames, bytes; /* of payloads that held messages */
    uint64_t closed, reopened, errors;
    crowd_heard_fn *heard; /* NULL: nobody */
    void *heard_ctx;
};

void crowd_open(struct crowd *c, const struct crowd_options *o);
/* Posts `count` messages in one send, as of `at_ns`, the next of them `step_ns` later. */
void crowd_post(struct crowd *c, int64_t count, int64_t at_ns, int64_t step_ns);
/* Appends the frame of a message. */
void crowd_add_message(struct crowd *c, struct buf *out, int64_t number);
/* Waits for something to come and takes it. */
void crowd_poll(struct crowd *c, int timeout_ms);
/* Counts from zero, until crowd_stop(): what a reader has not got by then is missing. */
void crowd_start(struct crowd *c);
void crowd_stop(struct crowd *c);
void crowd_close(struct crowd *c);

/* For transports: a payload that may hold messages; a connection that is gone. */
void crowd_take_payload(struct crowd *c, struct reader *r, const char *payload, size_t len);
void crowd_lost(struct crowd *c, struct reader *r);
void crowd_watch(struct crowd *c, struct reader *r);

#endif
