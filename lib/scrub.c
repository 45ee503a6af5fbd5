/* The stream that scrubbers work on, and the kinds that have nothing to take out. */
#include "lib/scrub.h"

#include "lib/scrub_stream.h"
#include "lib/write_all.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool stop(struct scrub_stream *s, enum err e, const char *why)
{
    if (!s->err)
        s->err = fail(s->fail, e, why ? "%s" : NULL, why);
    return false;
}

bool scrub_broken(struct scrub_stream *s, const char *why)
{
    return stop(s, ERR_FILE_BROKEN, why);
}

static bool cut_short(struct scrub_stream *s)
{
    return scrub_broken(s, "The file ends before it should.");
}

/* ----- in ----- */

/* Reads until `len` bytes are at hand or the file is at its end. */
static void fill(struct scrub_stream *s, size_t len)
{
    if (s->end - s->at < len && s->at > 0) {
        memmove(s->window, s->window + s->at, s->end - s->at);
        s->end -= s->at;
        s->at = 0;
    }
    while (!s->err && s->end - s->at < len) {
        ssize_t n = read(s->in, s->window + s->end, sizeof s->window - s->end);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            stop(s, ERR_INTERNAL, "The file cannot be read.");
        if (n <= 0)
            return;
        s->end += (size_t)n;
    }
}

const unsigned char *scrub_peek(struct scrub_stream *s, size_t len)
{
    fill(s, len);
    if (!s->err && s->end - s->at < len)
        cut_short(s);
    return s->err ? NULL : s->window + s->at;
}

size_t scrub_at_hand(struct scrub_stream *s, const unsigned char **bytes)
{
    fill(s, 1);
    *bytes = s->window + s->at;
    return s->err ? 0 : s->end - s->at;
}

const unsigned char *scrub_take(struct scrub_stream *s, size_t len)
{
    const unsigned char *bytes = scrub_peek(s, len);

    if (bytes)
        s->at += len;
    return bytes;
}

static bool pass(struct scrub_stream *s, uint64_t len, bool keep)
{
    while (len > 0) {
        const unsigned char *bytes;
        size_t n = scrub_at_hand(s, &bytes);

        if (n == 0)
            return cut_short(s);
        if (n > len)
            n = (size_t)len;
        s->at += n;
        len -= n;
        if (keep && !scrub_put(s, bytes, n))
            return false;
    }
    return !s->err;
}

bool scrub_copy(struct scrub_stream *s, uint64_t len)
{
    return pass(s, len, true);
}

bool scrub_skip(struct scrub_stream *s, uint64_t len)
{
    return pass(s, len, false);
}

bool scrub_rewind(struct scrub_stream *s)
{
    s->at = s->end = 0;
    s->counting = false;
    s->result->size = 0;
    if (!s->err && lseek(s->in, 0, SEEK_SET) != 0)
        stop(s, ERR_INTERNAL, "The file cannot be read again.");
    return !s->err;
}

/* ----- out ----- */

static bool flush(struct scrub_stream *s)
{
    if (!s->err && !write_all(s->out, s->written, s->put))
        return stop(s, errno == ENOSPC || errno == EDQUOT ? ERR_STORAGE_FULL : ERR_INTERNAL, NULL);
    s->put = 0;
    return !s->err;
}

bool scrub_put(struct scrub_stream *s, const void *bytes, size_t len)
{
    s->result->size += (int64_t)len;
    if (s->counting)
        return !s->err;
    secure_hash_add(s->hash, bytes, len);
    while (len > 0 && !s->err) {
        size_t n = sizeof s->written - s->put;

        if (n > len)
            n = len;
        memcpy(s->written + s->put, bytes, n);
        s->put += n;
        bytes = (const unsigned char *)bytes + n;
        len -= n;
        if (s->put == sizeof s->written)
            flush(s);
    }
    return !s->err;
}

bool scrub_size(struct scrub_stream *s, uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0)
        return scrub_broken(s, "The picture has no size.");
    if (width > UINT32_MAX || height > UINT32_MAX || width * height > SCRUB_PIXELS_MAX)
        return stop(s, ERR_IMAGE_TOO_LARGE, "A picture may have 40 million pixels, not more.");
    return !s->err;
}

void scrub_shows(struct scrub_stream *s, uint64_t width, uint64_t height)
{
    s->result->width = (int64_t)width;
    s->result->height = (int64_t)height;
}

/* ----- the kinds ----- */

static bool copy_all(struct scrub_stream *s)
{
    const unsigned char *bytes;
    size_t n;

    while ((n = scrub_at_hand(s, &bytes)) > 0)
        if (!scrub_copy(s, n))
            return false;
    return !s->err;
}

static bool copy_text(struct scrub_stream *s)
{
    const unsigned char *bytes;
    size_t n;

    while ((n = scrub_at_hand(s, &bytes)) > 0) {
        if (memchr(bytes, '\0', n))
            return scrub_broken(s, "This is no plain text: there is a zero byte in it.");
        if (!scrub_copy(s, n))
            return false;
    }
    return !s->err;
}

static scrub_fn *const scrubbers[MEDIA_COUNT] = {
    [MEDIA_PNG] = scrub_png,   [MEDIA_JPEG] = scrub_jpeg, [MEDIA_GIF] = scrub_gif,
    [MEDIA_WEBP] = scrub_webp, [MEDIA_PDF] = copy_all,    [MEDIA_CSV] = copy_text,
    [MEDIA_TEXT] = copy_text,
};

enum err scrub(enum media kind, int in, int out, struct scrubbed *result, struct fail *f)
{
    struct fail unheard = {0};
    struct scrub_stream *s;
    enum err e;

    if (!scrubbers[kind])
        return fail(f, ERR_FILE_TYPE, NULL);
    *result = (struct scrubbed){0};
    s = xcalloc(1, sizeof *s);
    s->in = in;
    s->out = out;
    s->result = result;
    s->fail = f ? f : &unheard;
    s->hash = secure_hash_begin();
    if (scrubbers[kind](s))
        flush(s);
    secure_hash_end(s->hash, result->sha256);
    e = s->err;
    free(s);
    return e;
}
