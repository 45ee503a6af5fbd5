#include "cgi-bin/deliver.h"

#include "cgi-bin/answer.h"
#include "lib/file_store.h"
#include "lib/text.h"

#include <string.h>
#include <strings.h>

/* ----- by us ----- */

/* What of the file is asked for; first > last: the range is none of this file's. */
struct range {
    bool given;
    int64_t first, last;
};

/* "first-last", "first-" or "-length" of a file with `size` bytes; anything else asks for all. */
static struct range parse_range(const char *text, int64_t size)
{
    struct range all = {false, 0, size - 1}, r = {true, 0, size - 1};
    const char *dash;
    int64_t n;

    if (!text || strncasecmp(text, "bytes=", 6) != 0 || strchr(text, ','))
        return all;
    text += 6;
    dash = strchr(text, '-');
    if (!dash)
        return all;
    if (dash == text) { /* the last n bytes */
        if (!text_to_i64(dash + 1, strlen(dash + 1), 0, INT64_MAX, &n))
            return all;
        r.first = n < size ? size - n : 0;
        if (n == 0)
            r.first = size;
        return r;
    }
    if (!text_to_i64(text, (size_t)(dash - text), 0, INT64_MAX, &r.first) ||
        (dash[1] && !text_to_i64(dash + 1, strlen(dash + 1), r.first, INT64_MAX, &r.last)))
        return all;
    if (r.last >= size)
        r.last = size - 1;
    return r;
}

/* A range of an older file is no range of this one. */
static struct range wanted_range(const struct call *c, const char *etag, int64_t size)
{
    const char *condition = http_header(&c->req, "IF_RANGE");

    if (condition && strcmp(condition, etag) != 0)
        return parse_range(NULL, size);
    return parse_range(http_header(&c->req, "RANGE"), size);
}

/* None of this file's bytes are asked for. */
static enum err answer_none(struct call *c, int64_t size)
{
    http_response_clear(&c->res);
    http_add_header(&c->res, "Content-Range", arena_fmt(c->arena, "bytes */%lld", (long long)size));
    return answer_empty(c, 416);
}

static enum err stream(struct call *c, const char *etag, const struct range *r, int64_t size)
{
    http_add_header(&c->res, "ETag", etag);
    http_add_header(&c->res, "Accept-Ranges", "bytes");
    c->res.file.from = r->first;
    c->res.file.len = r->last - r->first + 1;
    c->res.status = r->given ? 206 : 200;
    if (r->given)
        http_add_header(&c->res, "Content-Range",
                        arena_fmt(c->arena, "bytes %lld-%lld/%lld", (long long)r->first,
                                  (long long)r->last, (long long)size));
    return OK;
}

/* ----- by the web server, which cuts ranges out itself ----- */

static void drop_file(struct call *c)
{
    close(c->res.file.fd);
    c->res.file.fd = -1;
}

/* lighttpd takes the path as a URL's. */
static enum err sendfile(struct call *c, const char *etag, const char *place)
{
    const char *dir = c->app->conf->files_dir;
    struct buf path;

    buf_init(&path, 3 * FILE_STORE_PATH);
    for (const char *p = dir; *p; p++)
        if (*p == '/')
            buf_char(&path, *p);
        else
            buf_url(&path, p, 1);
    buf_fmt(&path, "/%s", place);
    http_add_header(&c->res, "ETag", etag);
    http_add_header(&c->res, "X-Sendfile", buf_cstr(&path));
    buf_release(&path);
    return OK;
}

/* Apache takes the type and all headers along, but for the ETag, which it must know itself. */
static enum err redirect(struct call *c, const char *place)
{
    http_add_header(&c->res, "Location",
                    arena_fmt(c->arena, "%s/kept/%s", c->app->conf->page_path, place));
    return OK;
}

enum err deliver(struct call *c, const char *sha256, const char *type, struct fail *f)
{
    const char *etag = arena_fmt(c->arena, "\"%.32s\"", sha256);
    char place[FILE_STORE_PLACE];
    struct range range;
    int64_t size = 0;
    enum err e;

    if (http_etag_matches(&c->req, etag)) {
        http_add_header(&c->res, "ETag", etag);
        return answer_empty(c, 304);
    }
    e = file_store_open(c->app->conf->files_dir, sha256, &c->res.file.fd, &size, f);
    if (e)
        return e;
    c->res.content_type = type;
    range = wanted_range(c, etag, size);
    if (range.first > range.last)
        return answer_none(c, size);
    if (c->app->conf->file_delivery == DELIVERY_STREAM || !file_store_place(place, sha256))
        return stream(c, etag, &range, size);
    drop_file(c);
    return c->app->conf->file_delivery == DELIVERY_SENDFILE ? sendfile(c, etag, place)
                                                            : redirect(c, place);
}
