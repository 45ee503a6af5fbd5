#include "cgi-bin/fcgi_out.h"

#include "cgi-bin/transport.h"

#include <errno.h>
#include <stdlib.h>

/* The protocol: https://fastcgi-archives.github.io/FastCGI_Specification.html */
enum {
    VERSION = 1,
    END_REQUEST = 3,
    STDOUT = 6,
    RECORD_MAX = 65528, /* a multiple of 8, so that only last records are padded */
    ALIGNMENT = 8,
    PIECES = 48 /* what is collected for one write */
};

struct header {
    unsigned char version, type, id[2], content[2], padding, reserved;
};

struct end {
    struct header header;
    unsigned char app_status[4], protocol_status, reserved[3];
};

struct out {
    int fd, request_id;
    struct iovec pieces[PIECES];
    size_t count;
    struct header headers[PIECES / 3]; /* each record takes at most three pieces */
    size_t header_count;
    bool broken;
};

static struct header header_of(const struct out *o, int type, size_t content)
{
    return (struct header){
        .version = VERSION,
        .type = (unsigned char)type,
        .id = {(unsigned char)(o->request_id >> 8), (unsigned char)o->request_id},
        .content = {(unsigned char)(content >> 8), (unsigned char)content},
        .padding = (unsigned char)(-content % ALIGNMENT),
    };
}

/* Past what was written: the pieces that are left begin at *piece. */
static void advance(struct iovec **piece, size_t *count, size_t written)
{
    while (*count > 0 && written >= (*piece)->iov_len) {
        written -= (*piece)->iov_len;
        ++*piece;
        --*count;
    }
    if (*count > 0) {
        (*piece)->iov_base = (char *)(*piece)->iov_base + written;
        (*piece)->iov_len -= written;
    }
}

static void flush(struct out *o)
{
    struct iovec *piece = o->pieces;

    while (o->count > 0 && !o->broken) {
        ssize_t written = writev(o->fd, piece, (int)o->count);

        if (written >= 0)
            advance(&piece, &o->count, (size_t)written);
        else
            o->broken = errno != EINTR;
    }
    o->count = o->header_count = 0;
}

static void add(struct out *o, const void *bytes, size_t len)
{
    if (len > 0)
        o->pieces[o->count++] =
            (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
}

/* One record; `content` must stay until the flush. */
static void add_record(struct out *o, const char *content, size_t len)
{
    static const char zeros[ALIGNMENT];
    struct header *h;

    if (o->count + 3 > PIECES || o->header_count == ARRAY_LEN(o->headers))
        flush(o);
    h = &o->headers[o->header_count++];
    *h = header_of(o, STDOUT, len);
    add(o, h, sizeof *h);
    add(o, content, len);
    add(o, zeros, h->padding);
}

/* Piece by piece; each that went out is a sign of life. */
static void add_file(struct out *o, const struct source_file *file)
{
    char *chunk = xmalloc(SOURCE_CHUNK);
    int64_t at = file->from, left = file->len;

    while (left > 0 && !o->broken) {
        ssize_t n = source_read_file(file->fd, chunk, at, left);

        watchdog_again();
        o->broken = n <= 0;
        for (ssize_t done = 0; done < n; done += RECORD_MAX)
            add_record(o, chunk + done, (size_t)(n - done < RECORD_MAX ? n - done : RECORD_MAX));
        flush(o);
        at += n;
        left -= n;
    }
    free(chunk);
}

bool fcgi_out_answer(int fd, int request_id, const struct iovec *pieces, size_t count,
                     const struct source_file *file)
{
    struct out o = {.fd = fd, .request_id = request_id};
    struct end end = {.header = header_of(&o, END_REQUEST, ALIGNMENT)};

    for (size_t i = 0; i < count; i++) {
        const char *at = pieces[i].iov_base;
        size_t left = pieces[i].iov_len;

        while (left > 0) {
            size_t len = left < RECORD_MAX ? left : RECORD_MAX;

            add_record(&o, at, len);
            at += len;
            left -= len;
        }
    }
    if (file)
        add_file(&o, file);
    add_record(&o, NULL, 0); /* the end of the stream */
    if (o.count == PIECES)
        flush(&o);
    add(&o, &end, sizeof end);
    flush(&o);
    return !o.broken;
}
