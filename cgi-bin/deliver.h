/*
 * How the bytes of a kept file leave, once it is decided that they may (file_delivery): read by us,
 * or by the web server, which our answer tells where they are. What the browser sees is the same.
 */
#ifndef CGI_BIN_DELIVER_H
#define CGI_BIN_DELIVER_H

#include "cgi-bin/call.h"

/* Answers 200, 206, 304 or 416, and adds the headers that are about bytes; the file is named by its
 * SHA-256. ERR_FILE_NOT_FOUND where it is not on disk. */
MUST_CHECK enum err deliver(struct call *c, const char *sha256, const char *type, struct fail *f);

#endif
