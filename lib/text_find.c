#include "lib/text_find.h"

#include <string.h>
#include <utf8proc.h>

/* The next character, folded. */
static utf8proc_int32_t next(const char *s, size_t len, size_t *at)
{
    utf8proc_int32_t cp = -1;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)s + *at, (utf8proc_ssize_t)(len - *at), &cp);

    *at += n > 0 ? (size_t)n : 1;
    return cp < 0x80 ? (cp >= 'A' && cp <= 'Z' ? cp + 32 : cp) : utf8proc_tolower(cp);
}

static bool stands_at(const char *s, size_t len, size_t at, const char *part, size_t part_len,
                      size_t *end)
{
    size_t i = 0;

    while (i < part_len && at < len)
        if (next(s, len, &at) != next(part, part_len, &i))
            return false;
    *end = at;
    return i == part_len;
}

bool text_find(const char *s, size_t len, const char *part, size_t part_len, size_t *start,
               size_t *end)
{
    for (size_t at = *start; at < len; next(s, len, &at)) {
        if (!stands_at(s, len, at, part, part_len, end))
            continue;
        *start = at;
        return true;
    }
    return false;
}

size_t text_char_len(const char *s)
{
    size_t len = 1;

    while (((unsigned char)s[len] & 0xC0u) == 0x80)
        len++;
    return len;
}

static bool is_unspaced(utf8proc_int32_t cp)
{
    static const struct {
        utf8proc_int32_t first, last;
    } ranges[] = {
        {0x0E00, 0x0EFF} /* Thai, Lao */,
        {0x1000, 0x109F} /* Myanmar */,
        {0x1780, 0x17FF} /* Khmer */,
        {0x2E80, 0x2FDF} /* radicals */,
        {0x3005, 0x3007} /* ideographic marks */,
        {0x3040, 0x30FF} /* kana */,
        {0x31F0, 0x31FF} /* kana */,
        {0x3400, 0x4DBF} /* Han */,
        {0x4E00, 0x9FFF} /* Han */,
        {0xAC00, 0xD7AF} /* Hangul */,
        {0xF900, 0xFAFF} /* Han */,
        {0x20000, 0x3FFFF} /* Han */,
    };

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return true;
    return false;
}

bool text_is_in_word(const char *s, size_t len)
{
    size_t at = 0;
    utf8proc_int32_t cp = next(s, len, &at);
    utf8proc_category_t cat = cp < 0 ? UTF8PROC_CATEGORY_CN : utf8proc_category(cp);

    return cp == '_' ||
           (!is_unspaced(cp) && cat >= UTF8PROC_CATEGORY_LU && cat <= UTF8PROC_CATEGORY_NO);
}

bool text_is_unspaced(const char *s, size_t len)
{
    for (size_t at = 0; at < len;)
        if (is_unspaced(next(s, len, &at)))
            return true;
    return false;
}
