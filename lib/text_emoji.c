/* The grammar of emoji sequences (UTS #51), without the list of those that fonts have. */
#include "lib/text_emoji.h"

#include <string.h>
#include <utf8proc.h>

enum {
    JOINER = 0x200d,
    PICTURE_STYLE = 0xfe0f, /* the variation selector */
    KEYCAP = 0x20e3,
    TONE_FIRST = 0x1f3fb,
    TONE_LAST = 0x1f3ff,
    REGION_FIRST = 0x1f1e6,
    REGION_LAST = 0x1f1ff,
    TAG_FIRST = 0xe0020,
    TAG_LAST = 0xe007e,
    TAG_END = 0xe007f
};

struct reader {
    utf8proc_int32_t cp[TEXT_EMOJI_BYTES + 1]; /* ends in 0 */
    size_t at;
};

static bool take(struct reader *r, utf8proc_int32_t first, utf8proc_int32_t last)
{
    if (r->cp[r->at] < first || r->cp[r->at] > last)
        return false;
    r->at++;
    return true;
}

static bool is_picture(utf8proc_int32_t cp)
{
    const utf8proc_property_t *p = utf8proc_get_property(cp);

    return p->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC &&
           p->category != UTF8PROC_CATEGORY_CN;
}

static bool take_flag(struct reader *r)
{
    if (!take(r, REGION_FIRST, REGION_LAST))
        return false;
    return take(r, REGION_FIRST, REGION_LAST);
}

static bool take_keycap(struct reader *r)
{
    if (!take(r, '0', '9') && !take(r, '#', '#') && !take(r, '*', '*'))
        return false;
    take(r, PICTURE_STYLE, PICTURE_STYLE);
    return take(r, KEYCAP, KEYCAP);
}

/* A pictograph with what may follow it. */
static bool take_picture(struct reader *r)
{
    if (!is_picture(r->cp[r->at]))
        return false;
    r->at++;
    if (!take(r, TONE_FIRST, TONE_LAST))
        take(r, PICTURE_STYLE, PICTURE_STYLE);
    if (!take(r, TAG_FIRST, TAG_LAST))
        return true;
    while (take(r, TAG_FIRST, TAG_LAST))
        ;
    return take(r, TAG_END, TAG_END);
}

static bool take_joined(struct reader *r)
{
    do
        if (!take_picture(r))
            return false;
    while (take(r, JOINER, JOINER));
    return true;
}

bool text_is_emoji(const char *s, size_t len)
{
    struct reader r = {.at = 0};
    size_t count = 0;

    if (len == 0 || len > TEXT_EMOJI_BYTES)
        return false;
    for (size_t i = 0; i < len;) {
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s + i,
                                              (utf8proc_ssize_t)(len - i), &r.cp[count]);

        if (n <= 0 || r.cp[count] == 0)
            return false;
        count++;
        i += (size_t)n;
    }
    r.cp[count] = 0;
    if (r.cp[0] < 0x80)
        return take_keycap(&r) && r.at == count;
    if (r.cp[0] >= REGION_FIRST && r.cp[0] <= REGION_LAST)
        return take_flag(&r) && r.at == count;
    return take_joined(&r) && r.at == count;
}

static const char *past_style(const char *s)
{
    static const char style[] = "\xef\xb8\x8f";

    while (strncmp(s, style, sizeof style - 1) == 0)
        s += sizeof style - 1;
    return s;
}

bool text_same_emoji(const char *a, const char *b)
{
    for (;;) {
        a = past_style(a);
        b = past_style(b);
        if (*a != *b)
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}
