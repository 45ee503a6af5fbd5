#include "ws-sidecar/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct frame *frame_new(size_t len)
{
    struct frame *f = xmalloc(sizeof *f + len);

    f->refs = 1;
    f->len = len;
    f->head = 0;
    return f;
}

struct frame *frame_ref(struct frame *f)
{
    f->refs++;
    return f;
}

void frame_unref(struct frame *f)
{
    if (!f)
        return;
    assert(f->refs > 0);
    if (--f->refs == 0)
        free(f);
}

struct frame *frame_append(struct frame *a, const struct frame *b)
{
    assert(a->refs == 1);
    a = xrealloc(a, sizeof *a + a->len + b->len);
    memcpy(a->data + a->len, b->data, b->len);
    a->len += b->len;
    a->head = 0;
    return a;
}

struct slice *slice_new(int64_t seq, const char *json, size_t len)
{
    struct slice *s = xcalloc(1, sizeof *s + len + 1);

    s->refs = 1;
    s->seq = seq;
    s->len = len;
    memcpy(s->json, json, len);
    return s;
}

struct slice *slice_ref(struct slice *s)
{
    s->refs++;
    return s;
}

void slice_unref(struct slice *s)
{
    if (!s)
        return;
    assert(s->refs > 0);
    if (--s->refs == 0)
        free(s);
}
