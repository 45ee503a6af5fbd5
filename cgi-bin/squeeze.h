/*
 * Pages as gzip, for whoever takes it. A page holds what nobody else may learn (the seal of its
 * forms, rooms' names) beside what others wrote, and the length of such a page, made smaller, tells
 * of it to whoever can have it asked for again and again and hear its length (BREACH). So the seal
 * is another one each time (identity.h), and what another site's page had asked for in somebody's
 * name stays as long as it is.
 */
#ifndef CGI_BIN_SQUEEZE_H
#define CGI_BIN_SQUEEZE_H

#include "cgi-bin/call.h"

/* Makes c->res.body smaller where it may be, and says so in its headers. */
void squeeze(struct call *c);
/* After c->res.once was another: `old` was overwritten in a body that squeeze() made. */
void squeeze_mend(struct http_response *res, const char *old);

#endif
