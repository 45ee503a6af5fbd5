/*
 * Server-to-client WebSocket frames (RFC 6455 section 5: final, unmasked), as bytes ready for the
 * socket. The hub's formats live here: a seed socket gets one object per frame and only messages; a
 * hello socket and a stream share one frame, a `batch` where it holds several events; a poll's
 * answer has the events as an array, with no header before it.
 */
#ifndef SIDECAR_WSFRAME_H
#define SIDECAR_WSFRAME_H

#include "ws-sidecar/frame.h"

enum wsframe_format { WSFRAME_SEED, WSFRAME_CHAT, WSFRAME_ARRAY };

struct frame *wsframe_text(const char *text, size_t len);
struct frame *wsframe_ping(void); /* a control PING with a payload: lws hides empty PONGs */
struct frame *wsframe_close(int code, const char *reason); /* reason: at most 100 bytes */

struct frame *wsframe_seed(const struct slice *const *slices, size_t count); /* may be NULL */
struct frame *wsframe_chat(const struct slice *const *slices, size_t count);
struct frame *wsframe_array(const struct slice *const *slices, size_t count);

#endif
