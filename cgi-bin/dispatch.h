/*
 * From a request to its answer: every check that does not need to know what the endpoint does, in
 * one place and in one order. 404, 405 and OPTIONS, 403 (foreign origin), 415, 413, 400 (body),
 * 401, 403 (seal), 429, 400 (parameters), then the handler.
 */
#ifndef CGI_BIN_DISPATCH_H
#define CGI_BIN_DISPATCH_H

#include "cgi-bin/call.h"

/* Serves one request. Never fails: what goes wrong is an answer. */
void dispatch(struct app *app, const struct source *source);

#endif
