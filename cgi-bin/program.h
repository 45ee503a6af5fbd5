/* What chat.fcgi and api.fcgi have in common: everything but the routes. */
#ifndef CGI_BIN_PROGRAM_H
#define CGI_BIN_PROGRAM_H

#include "cgi-bin/call.h"

/* The exit code: 0 served, 1 could not start or go on, 2 called the wrong way. */
int program_main(int argc, char **argv, enum site site);

#endif
