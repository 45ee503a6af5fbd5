/*
 * The answering half of FastCGI: a whole answer, its end included, in one write. libfcgi copies an
 * answer into records of 8 KiB and writes each by itself, which costs more than most answers take
 * to make.
 */
#ifndef CGI_BIN_FCGI_OUT_H
#define CGI_BIN_FCGI_OUT_H

#include "cgi-bin/source.h"

/* False: the web server went away, or the file ended early. `fd` blocks. `file` as in source.h. */
bool fcgi_out_answer(int fd, int request_id, const struct iovec *pieces, size_t count,
                     const struct source_file *file);

#endif
