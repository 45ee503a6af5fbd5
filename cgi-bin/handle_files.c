/* files/<id>/<name> and thumbs/<id>: bytes that somebody sent, for those who see their message. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/upload.h"
#include "lib/file_store.h"
#include "lib/media.h"
#include "lib/text.h"

#include <string.h>
#include <strings.h>

enum { DISPOSITION_MAX = 2048 };

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

static char plain(char c)
{
    if (c < ' ' || c > '~' || c == '"' || c == '\\' || c == '%')
        return '_';
    return c;
}

/* RFC 6266: the name as it is, percent-encoded, and for old programs what of it is plain ASCII. */
static const char *disposition(struct arena *a, const char *name, bool is_inline)
{
    const char *out;
    struct buf b;

    buf_init(&b, DISPOSITION_MAX);
    buf_fmt(&b, "%s; filename=\"", is_inline ? "inline" : "attachment");
    for (const char *p = name; *p; p++)
        buf_char(&b, plain(*p));
    buf_str(&b, "\"; filename*=UTF-8''");
    buf_url(&b, name, strlen(name));
    out = arena_str(a, buf_cstr(&b));
    buf_release(&b);
    return out;
}

/* The bytes never change under this URL; who may see them does, which is asked each time before. */
static void add_headers(struct call *c, const struct attachment *file, const struct blob *blob,
                        const char *etag)
{
    bool is_inline = media_row(media_by_type(blob->type))->is_image;

    http_add_header(&c->res, "Content-Disposition", disposition(c->arena, file->name, is_inline));
    http_add_header(&c->res, "ETag", etag);
    http_add_header(&c->res, "Accept-Ranges", "bytes");
    http_add_header(&c->res, "Vary", "Cookie, Authorization");
    c->res.cache_control = "private, max-age=31536000, immutable";
}

static enum err answer_range(struct call *c, const struct range *r, int64_t size)
{
    if (r->first > r->last) {
        http_response_clear(&c->res);
        http_add_header(&c->res, "Content-Range",
                        arena_fmt(c->arena, "bytes */%lld", (long long)size));
        return answer_empty(c, 416);
    }
    c->res.file.from = r->first;
    c->res.file.len = r->last - r->first + 1;
    c->res.status = r->given ? 206 : 200;
    if (r->given)
        http_add_header(&c->res, "Content-Range",
                        arena_fmt(c->arena, "bytes %lld-%lld/%lld", (long long)r->first,
                                  (long long)r->last, (long long)size));
    return OK;
}

static enum err send_blob(struct call *c, const struct attachment *file, const struct blob *blob,
                          struct fail *f)
{
    const char *etag = arena_fmt(c->arena, "\"%.32s\"", blob->sha256);
    struct range range;
    int64_t size = 0;
    enum err e;

    add_headers(c, file, blob, etag);
    if (http_etag_matches(&c->req, etag))
        return answer_empty(c, 304);
    e = file_store_open(c->app->conf->files_dir, blob->sha256, &c->res.file.fd, &size, f);
    if (e) {
        log_event(c->app->log, LOG_ERROR, "file_missing", LOG_S("file", file->id));
        return e;
    }
    c->res.content_type = blob->type;
    range = wanted_range(c, etag, size);
    return answer_range(c, &range, size);
}

enum err handle_file(struct call *c, struct fail *f)
{
    struct attachment file;
    enum err e = upload_fetch(c->chat, c->arena, &c->actor, call_text(c, "id"), &file, f);

    if (!e && !file.file.sha256)
        e = fail(f, ERR_FILE_NOT_FOUND, NULL);
    return e ? e : send_blob(c, &file, &file.file, f);
}

enum err handle_thumb(struct call *c, struct fail *f)
{
    struct attachment file;
    enum err e = upload_fetch(c->chat, c->arena, &c->actor, call_text(c, "id"), &file, f);

    if (!e && !file.thumb.sha256)
        e = fail(f, ERR_FILE_NOT_FOUND, NULL);
    return e ? e : send_blob(c, &file, &file.thumb, f);
}
