/* Who calls, and whether the browser may have been talked into it. The rules are in
 * chat/identity.h; here headers and cookies are turned into questions to them. */
#ifndef CGI_BIN_AUTH_H
#define CGI_BIN_AUTH_H

#include "cgi-bin/call.h"

/* A foreign Origin, or a Sec-Fetch-Site that says another site asked, is ERR_ORIGIN. Following a
 * link to a page is no foreign request: it can be read by nobody but the person. */
MUST_CHECK enum err auth_check_origin(const struct call *c, struct fail *f);
/* Fills c->actor as the route's need says: Bearer, the host's cookie, the guest cookie, nobody. */
MUST_CHECK enum err auth_identify(struct call *c, struct fail *f);
/* ERR_CSRF where a cookie said who this is and the seal (X-CSRF-Token or the field `csrf`) is not
 * the actor's. */
MUST_CHECK enum err auth_check_seal(const struct call *c, struct fail *f);
/* Set-Cookie with a guest's token; NULL takes the cookie away. */
void auth_set_guest_cookie(struct call *c, const char *token);
/* Whether the page is an anonymous shell that the browser fills with its own token. */
bool auth_is_shell(const struct call *c);

#endif
