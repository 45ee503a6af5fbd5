/*
 * Bytes that are shared, never copied: a slice is one event as JSON, a frame is what goes out on
 * the wire to every reader that has the same gap. Both are counted references, used on the loop's
 * thread alone; whoever holds a pointer across a call holds a reference.
 */
#ifndef SIDECAR_FRAME_H
#define SIDECAR_FRAME_H

#include "lib/base.h"

struct frame {
    unsigned refs;
    size_t len;
    /* Of a WebSocket frame the bytes of its header: behind them is one JSON text, which a stream of
     * events wraps in its own way. 0: bytes for the wire as they are. */
    size_t head;
    char data[]; /* ready for the transport */
};

/* One reference, the caller's; `len` bytes to be filled in, head 0. */
struct frame *frame_new(size_t len);
struct frame *frame_ref(struct frame *f);
void frame_unref(struct frame *f); /* NULL is nothing */
/* `a`, which nobody else holds, with the bytes of `b` behind; the result takes its place. */
struct frame *frame_append(struct frame *a, const struct frame *b);

struct slice {
    unsigned refs;
    int64_t seq, msg_id, actor_id;
    int64_t quotes; /* of a reply: the message whose beginning it shows; 0 */
    int64_t thread; /* it says how many replies this one has; 0 */
    /* Whoever ignores one of the first does not see it; who ignores the third sees no quote. */
    int64_t parties[2], quoted_user_id;
    bool reacted;    /* it names people who reacted */
    bool is_message; /* a message that still has its text: what a seed socket gets */
    bool replaces;   /* an edit or a deletion: older slices of msg_id say what is no longer so */
    size_t len;
    char json[]; /* an object, NUL-terminated */
};

struct slice *slice_new(int64_t seq, const char *json, size_t len);
struct slice *slice_ref(struct slice *s);
void slice_unref(struct slice *s);

#endif
