/* The route's parameters, found and typed: a handler never parses. */
#ifndef CGI_BIN_PARAMS_H
#define CGI_BIN_PARAMS_H

#include "cgi-bin/call.h"

/* Fills c->values. ERR_BAD_REQUEST with a sentence that names the field; ERR_ROOM_NOT_FOUND for
 * what cannot be a room's name. An empty value counts as not given, except text. */
MUST_CHECK enum err params_fill(struct call *c, struct fail *f);

#endif
