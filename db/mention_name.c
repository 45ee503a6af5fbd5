#include "db/mention_name.h"

#include "lib/text.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

static const char span_begins[] = "<span data-user=\"", span_ends[] = "</span>";

static const char *finished(struct arena *a, struct buf *b, const char *otherwise)
{
    const char *out = b->overflow ? otherwise : arena_strn(a, buf_cstr(b), b->len);

    buf_release(b);
    return out;
}

/* ----- in a text ----- */

/* The name in `@ana`, `@"Ana B"` or `@ana#7`. */
static const char *typed_name(struct arena *a, const char *token, size_t len)
{
    bool quoted = len > 1 && token[1] == '"';
    const char *name = token + 1 + quoted;
    const char *end = memchr(name, quoted ? '"' : '#', (size_t)(token + len - name));

    return arena_strn(a, name, (size_t)((end ? end : token + len) - name));
}

/* What still names the same person stays as it was typed. */
static bool is_renamed(struct arena *a, const char *text, const struct mention *n)
{
    return n->username && strcmp(text_fold(a, typed_name(a, text + n->at, n->len)), n->fold) != 0;
}

const char *mention_name_text(struct arena *a, const char *text, const struct mention *list,
                              size_t count)
{
    size_t len = strlen(text), done = 0;
    struct buf b;

    buf_init(&b, TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct mention *n = &list[i];

        if (n->at < done || n->at + n->len > len || !is_renamed(a, text, n))
            continue;
        buf_add(&b, text + done, n->at - done);
        buf_fmt(&b, "@%s", n->username);
        done = n->at + n->len;
    }
    if (done == 0) {
        buf_release(&b);
        return text;
    }
    buf_str(&b, text + done);
    return finished(a, &b, text);
}

enum err mention_name_excerpt(struct db *db, struct arena *a, int64_t msg_id, const char **text,
                              struct fail *f)
{
    struct mention *list;
    size_t count;
    enum err e = mention_list(db, a, msg_id, &list, &count, f);

    if (!e)
        *text = mention_name_text(a, *text, list, count);
    return e;
}

/* ----- in HTML ----- */

void mention_name_span(struct buf *out, int64_t user_id, const char *name)
{
    static const char everybody[] = "all";

    buf_fmt(out, "%s%lld\">@", span_begins, (long long)user_id);
    name = name ? name : everybody;
    buf_html(out, name, strlen(name));
    buf_str(out, span_ends);
}

const char *mention_name_each(struct arena *a, const char *html, mention_put_fn *put,
                              const void *ctx)
{
    const char *at = html, *span, *shown, *end;
    struct buf b;

    buf_init(&b, TEXT_MAX);
    while ((span = strstr(at, span_begins)) && (shown = strchr(span, '>')) &&
           (end = strstr(++shown, span_ends))) {
        buf_add(&b, at, (size_t)(span - at));
        put(ctx, &b, strtoll(span + strlen(span_begins), NULL, 10), shown, (size_t)(end - shown));
        at = end + strlen(span_ends);
    }
    buf_str(&b, at);
    return finished(a, &b, html);
}

struct names {
    const struct mention *list;
    size_t count;
};

static void put_name(const void *ctx, struct buf *out, int64_t user_id, const char *shown,
                     size_t len)
{
    const struct names *n = ctx;
    size_t i = 0;

    (void)shown;
    (void)len;
    while (i < n->count && n->list[i].user_id != user_id)
        i++;
    mention_name_span(out, user_id, i < n->count ? n->list[i].username : NULL);
}

const char *mention_name_html(struct arena *a, const char *html, const struct mention *list,
                              size_t count)
{
    const struct names names = {list, count};

    return mention_name_each(a, html, put_name, &names);
}
