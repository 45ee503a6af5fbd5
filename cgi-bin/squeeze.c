#include "cgi-bin/squeeze.h"

#include <string.h>
#include <zlib.h>

/* The third level takes half a millisecond for a page of 50 KB, the sixth more than twice that, for
 * 8 % fewer bytes. */
enum { LEVEL = 3, WORTH_IT = 1024, GZIP = 16 + MAX_WBITS, TRAILER = 8, SLACK = 256 };

/* Whether another site's page may have caused the request, in the name of whom a cookie says. */
static bool is_caused_elsewhere(const struct call *c)
{
    const char *site = http_header(&c->req, "SEC_FETCH_SITE");

    return c->by_cookie && site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

static bool part(z_stream *z, int level, const char *text, size_t len, int flush)
{
    int want = flush == Z_FINISH ? Z_STREAM_END : Z_OK;

    if (deflateParams(z, level, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    z->next_in = (unsigned char *)(uintptr_t)text;
    z->avail_in = (unsigned)len;
    return deflate(z, flush) == want && z->avail_in == 0;
}

/*
 * `once` is stored as it is, and nothing refers back to it, so that another may be put in its
 * place: behind a full flush no text is a copy of one before it.
 */
static bool store_once(z_stream *z, struct http_response *res, struct once_place *place)
{
    size_t len = strlen(res->once);
    const unsigned char *start = z->next_out, *stored;

    if (!part(z, 0, res->once, len, Z_FULL_FLUSH))
        return false;
    stored = memmem(start, (size_t)(z->next_out - start), res->once, len);
    place->after = res->body.len - place->at - len;
    place->at = z->total_out - (size_t)(z->next_out - stored);
    return stored;
}

static bool parts(z_stream *z, struct http_response *res)
{
    const char *text = buf_cstr(&res->body), *end = text + res->body.len;

    for (size_t i = 0; i < res->once_count; i++) {
        const char *once = buf_cstr(&res->body) + res->once_at[i].at;

        if (!part(z, LEVEL, text, (size_t)(once - text), Z_FULL_FLUSH) ||
            !store_once(z, res, &res->once_at[i]))
            return false;
        text = once + strlen(res->once);
    }
    return part(z, LEVEL, text, (size_t)(end - text), Z_FINISH);
}

static bool gzip(struct call *c)
{
    struct http_response *res = &c->res;
    z_stream z = {0};
    unsigned char *out;
    unsigned long room;
    bool ok;

    if (deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP, MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    room = deflateBound(&z, res->body.len) + SLACK;
    z.next_out = out = arena_alloc(c->arena, room);
    z.avail_out = (unsigned)room;
    ok = parts(&z, res);
    deflateEnd(&z);
    if (!ok) {
        res->once_lost = true; /* some of its places are those of what is thrown away */
        return false;
    }
    buf_clear(&res->body);
    buf_add(&res->body, out, z.total_out);
    return true;
}

void squeeze(struct call *c)
{
    struct http_response *res = &c->res;

    http_add_header(res, "Vary", "Accept-Encoding");
    if (res->body.len < WORTH_IT || !http_accepts_gzip(&c->req) || is_caused_elsewhere(c) ||
        !gzip(c))
        return;
    http_add_header(res, "Content-Encoding", "gzip");
    res->squeezed = true;
}

/* The sum is linear: what differs, moved past what follows it, is how the whole differs. */
void squeeze_mend(struct http_response *res, const char *old)
{
    unsigned char *trailer = (unsigned char *)res->body.data + res->body.len - TRAILER;
    unsigned len = (unsigned)strlen(old);
    unsigned long differs =
        crc32(0, (const unsigned char *)old, len) ^ crc32(0, (const unsigned char *)res->once, len);
    unsigned long sum = 0;

    for (size_t i = 0; i < res->once_count; i++)
        sum ^= crc32_combine(differs, 0, (z_off_t)res->once_at[i].after);
    for (int i = 0; i < 4; i++)
        trailer[i] ^= (unsigned char)(sum >> (8 * i));
}
