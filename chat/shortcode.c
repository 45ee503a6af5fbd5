#include "chat/shortcode.h"

#include "lib/buf.h"
#include "lib/embedded.h"
#include "lib/text_tone.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

static int by_name(const void *name, const void *entry)
{
    return strcmp(name, ((const struct embedded *)entry)->name);
}

/* The emoji that is named between two colons at `s`; NULL for none. */
static const struct embedded *named(const char *s)
{
    size_t len = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz0123456789_+-");
    char name[SHORTCODE_MAX + 1];

    if (len == 0 || len > SHORTCODE_MAX || s[1 + len] != ':' || isalnum((unsigned char)s[2 + len]))
        return NULL;
    memcpy(name, s + 1, len);
    name[len] = '\0';
    return bsearch(name, embedded_shortcodes, embedded_shortcode_count, sizeof *embedded_shortcodes,
                   by_name);
}

size_t shortcode_code_length(const char *s)
{
    size_t run = strspn(s, "`");

    for (const char *at = strchr(s + run, '`'); at; at = strchr(at, '`')) {
        size_t n = strspn(at, "`");

        at += n;
        if (n == run)
            return (size_t)(at - s);
    }
    return run;
}

/* With the tone that is named behind it, if it has skin; the length of what that took. */
static size_t add(struct buf *b, const struct embedded *emoji, const char *behind)
{
    const char *tone;
    size_t n = text_tone_length(behind, &tone);

    if (n && !isalnum((unsigned char)behind[n]) && text_tone_add(b, emoji->text, emoji->len, tone))
        return n;
    buf_add(b, emoji->text, emoji->len);
    return 0;
}

static bool may_begin(const char *text, const char *s)
{
    return s == text || (!isalnum((unsigned char)s[-1]) && s[-1] != '/');
}

const char *shortcode_replace(struct arena *a, const char *text)
{
    const struct embedded *emoji;
    const char *from = text, *out;
    struct buf b;
    size_t n;

    buf_init(&b, TEXT_MAX);
    for (const char *s = text; *s; s += n) {
        n = *s == '`' ? shortcode_code_length(s) : 1;
        emoji = *s == ':' && may_begin(text, s) ? named(s) : NULL;
        if (!emoji)
            continue;
        n = strlen(emoji->name) + 2;
        buf_add(&b, from, (size_t)(s - from));
        n += add(&b, emoji, s + n);
        from = s + n;
    }
    buf_str(&b, from);
    out = from == text || b.overflow ? text : arena_strn(a, buf_cstr(&b), b.len);
    buf_release(&b);
    return out;
}
