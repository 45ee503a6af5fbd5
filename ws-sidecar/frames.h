/*
 * Frames as JSON: those of the client, read and checked field by field, and the small ones of the
 * server that have no row behind them (the others are chat/wire's).
 */
#ifndef SIDECAR_FRAMES_H
#define SIDECAR_FRAMES_H

#include "chat/history.h"
#include "chat/wire.h"
#include "ws-sidecar/frame.h"

enum { FRAMES_ROOMS_MAX = ROOMS_MAX };

enum client_type {
    CLIENT_HELLO,
    CLIENT_MESSAGE,
    CLIENT_EDIT,
    CLIENT_DELETE,
    CLIENT_REACT,
    CLIENT_PIN,
    CLIENT_READ,
    CLIENT_TYPING,
    CLIENT_PRESENCE,
    CLIENT_SUBSCRIBE,
    CLIENT_UNSUBSCRIBE,
    CLIENT_HISTORY,
    CLIENT_AUTH,
    CLIENT_PONG,
    CLIENT_TYPES
};

/* Strings belong to `json`; NULL where absent, numbers as said. */
struct client_frame {
    struct json_object *json;
    enum client_type type;
    const char *room, *client_id;
    const char *message, *username, *sentiment, *disclosure, *emoji;
    char *attachments; /* ids with blanks between; owned */
    size_t message_len, username_len;
    int64_t reply_to;                    /* 0 */
    int64_t msg_id, rev;                 /* of an act; 0 */
    int64_t up_to;                       /* 0 */
    int64_t since, before, after, limit; /* since, after -1; before 0; limit HISTORY_PAGE */
    bool on;                             /* true */
    const char *state;                   /* of presence */
    const char *proto, *epoch, *token, *ticket;
    struct json_object *rooms; /* of hello: an object, an array, or NULL */
};

/* Fills `out`; frames_release() it also after an error, when client_id may be there to be echoed.
 * ERR_BAD_JSON, ERR_BAD_REQUEST, ERR_UNKNOWN_TYPE. */
MUST_CHECK enum err frames_parse(struct client_frame *out, const char *text, size_t len,
                                 struct fail *f);
void frames_release(struct client_frame *c);
/* The answer to a ping as JSON.stringify() writes it: by far the most frequent frame of those who
 * only read, and nothing in it is to be read. */
bool frames_is_pong(const char *text, size_t len);

/* hello.rooms as cursors, at most FRAMES_ROOMS_MAX; `out` lives in `a`. */
MUST_CHECK enum err frames_rooms(const struct client_frame *c, struct arena *a,
                                 struct history_cursor **out, size_t *count, struct fail *f);

/* Takes the object over and makes a WebSocket text frame of it. */
struct frame *frames_of(struct json_object *o);

struct frame *frames_error(const struct fail *f, const char *client_id, const char *room);
struct frame *frames_read(const struct room_view *v);
struct frame *frames_typing(const char *room, int64_t user_id, const char *username, bool on);
struct frame *frames_ping(int64_t now_ms);
struct frame *frames_auth_required(int64_t in_ms);
struct frame *frames_auth_ok(const struct actor *who);

#endif
