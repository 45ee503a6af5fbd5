/* files/<id>/<name> and thumbs/<id>: bytes that somebody sent, for those who see their message. */
#include "cgi-bin/handle.h"

#include "cgi-bin/deliver.h"
#include "chat/upload.h"
#include "lib/media.h"

#include <string.h>

enum { DISPOSITION_MAX = 2048 };

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
static void add_headers(struct call *c, const struct attachment *file, const struct blob *blob)
{
    bool is_inline = media_row(media_by_type(blob->type))->is_image;

    http_add_header(&c->res, "Content-Disposition", disposition(c->arena, file->name, is_inline));
    http_add_header(&c->res, "Vary", "Cookie, Authorization");
    c->res.cache_control = "private, max-age=31536000, immutable";
}

static enum err send_blob(struct call *c, const struct attachment *file, const struct blob *blob,
                          struct fail *f)
{
    enum err e;

    add_headers(c, file, blob);
    e = deliver(c, blob->sha256, blob->type, f);
    if (e)
        log_event(c->app->log, LOG_ERROR, "file_missing", LOG_S("file", file->id));
    return e;
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
