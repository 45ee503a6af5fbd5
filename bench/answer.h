/* The client's side of HTTP/1.1 answers, as small as a load generator needs. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include "lib/base.h"

struct answer {
    int status;
    size_t head_size;
    const char *body;
    size_t body_len;
    bool chunked, closes;
    size_t length; /* Content-Length; 0 where absent */
};

/* Chunked transfer encoding, taken off as bytes come. Zero it first. */
struct chunked {
    size_t left; /* bytes of the chunk that are still to come, its CR LF included */
    size_t size; /* while a chunk's size is read */
    bool in_extension, done;
};

/* Reads the head; false where it is not whole yet. */
bool answer_head(const char *bytes, size_t len, struct answer *a);
/* Decodes in place; how many bytes of content are now at the front. */
size_t chunked_decode(struct chunked *c, char *bytes, size_t len);
/* A whole answer: how many bytes it took, or 0 where more must come. The body may be moved. */
size_t answer_take(char *bytes, size_t len, struct answer *a);

#endif
