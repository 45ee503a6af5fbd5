/*
 * What becomes of a request before any WebSocket exists: which path, is it an upgrade, whose cookie
 * or token does it carry, and may a page of its Origin use that cookie. No sockets, no database.
 *
 * Why the handshake is judged here and libwebsockets only sees a request that we wrote ourselves:
 * 4.1.6 has a use after free on a bad Upgrade field (CVE-2025-11677), room for 127 bytes of
 * Sec-WebSocket-Protocol (a bearer token is longer), and no answer but a closed socket for a
 * refusal.
 */
#ifndef SIDECAR_HANDSHAKE_H
#define SIDECAR_HANDSHAKE_H

#include "lib/conf.h"
#include "ws-sidecar/http_head.h"

enum credential_kind {
    CREDENTIAL_BEARER,       /* Authorization */
    CREDENTIAL_HOST_COOKIE,  /* the configured cookie of the host app */
    CREDENTIAL_GUEST_COOKIE, /* ours */
    CREDENTIAL_SUBPROTOCOL,  /* Sec-WebSocket-Protocol: chat.v1, bearer.<jwt> */
    CREDENTIAL_TOKEN,        /* hello.token, auth.token */
    CREDENTIAL_TICKET        /* hello.ticket, auth.ticket */
};

enum { CREDENTIALS_MAX = 6 };

struct credential {
    enum credential_kind kind;
    const char *value;
};

struct handshake {
    int status;        /* 101: go on; else the refusal */
    enum err err;      /* of a refusal */
    const char *allow; /* of a refusal with 405 or 426; NULL otherwise */
    bool chat_v1;      /* the subprotocol was asked for */
    struct credential credentials[CREDENTIALS_MAX]; /* in the order of their authority */
    size_t credential_count;
    const char *address; /* the client's */
    const char *ws_key;
};

/* `peer`: the socket's other end, "" for a Unix socket. Strings live in `a`. */
void handshake_judge(const struct conf *conf, struct arena *a, const struct http_head *head,
                     const char *peer, struct handshake *out);

/* A whole answer to a refused request. */
const char *handshake_refusal(struct arena *a, int status, enum err err, const char *allow);
/* The request that libwebsockets gets to see. */
const char *handshake_request(struct arena *a, const struct handshake *h);

#endif
