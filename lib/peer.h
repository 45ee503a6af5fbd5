/*
 * Who is at the other end of an HTTP request or a WebSocket handshake: the client's address behind
 * trusted proxies, and whether a page of a given Origin may use the chat. No sockets here.
 */
#ifndef LIB_PEER_H
#define LIB_PEER_H

#include "lib/arena.h"

/* Whether the numeric `address` is in a blank-separated list of addresses and CIDR blocks (v4, v6;
 * ::ffff:a.b.c.d counts as a.b.c.d). An entry that cannot be parsed matches nothing. */
bool peer_in_list(const char *list, const char *address);

/*
 * The client's address, in canonical form. `peer` is the socket's other end ("" for a Unix socket,
 * which is always trusted); where it is in `trusted`, the rightmost entry of `forwarded`
 * (X-Forwarded-For; NULL: none) that is not trusted itself. An entry that is no address ends the
 * walk, since nothing left of it can be believed. "" where nothing is known.
 */
const char *peer_address(struct arena *a, const char *trusted, const char *peer,
                         const char *forwarded);

/*
 * Whether a page of `origin` (the header's value) may talk to us: one of the blank-separated exact
 * origins in `allowed`, or, where that is empty, one whose host and port are `host` (the Host
 * header). Compared byte by byte, browsers send lower case; "null" is nobody's.
 */
bool peer_origin_allowed(const char *allowed, const char *origin, const char *host);

#endif
