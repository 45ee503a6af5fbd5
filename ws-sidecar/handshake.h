/*
 * What becomes of a request: which of the three ways of reading it asks for (a WebSocket, a stream
 * of server-sent events, a long-poll), whose cookie or token it carries, and whether a page of its
 * Origin may use that. No sockets, no database.
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
#include "ws-sidecar/request.h"

enum handshake_kind { HANDSHAKE_SOCKET, HANDSHAKE_STREAM, HANDSHAKE_POLL };

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
    enum handshake_kind kind;
    int status;        /* 101 (a socket), 200 (the others): go on; else the refusal */
    struct fail fail;  /* of a refusal */
    const char *field; /* of a refusal with 405 or 426: "Allow: GET"; NULL otherwise */
    struct credential credentials[CREDENTIALS_MAX]; /* in the order of their authority */
    size_t credential_count;
    const char *address; /* the client's */
    /* of a socket */
    bool chat_v1; /* the subprotocol was asked for */
    const char *ws_key;
    /* of the others */
    struct request request;
    bool keep_alive; /* the connection may serve another request after this one */
};

/* `peer`: the socket's other end, "" for a Unix socket. Strings live in `a`. */
void handshake_judge(const struct conf *conf, struct arena *a, const struct http_head *head,
                     const char *peer, struct handshake *out);
/* The request that libwebsockets gets to see. */
const char *handshake_request(struct arena *a, const struct handshake *h);

#endif
