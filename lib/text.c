#include "lib/text.h"

#include "lib/text_alike.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { MARKS_MAX = 8, NAME_MAX_CHARS = 32 };

/* Length of the code point at s (1–4) and the code point, or 0 where it is not UTF-8 (RFC 3629). */
static size_t decode(const char *str, size_t len, int32_t *cp)
{
    const unsigned char *s = (const unsigned char *)str;
    int32_t c = s[0];
    int32_t least;
    size_t need;

    *cp = 0;
    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    if (c >= 0xc2 && c <= 0xdf) {
        need = 2, least = 0x80, c &= 0x1f;
    } else if (c >= 0xe0 && c <= 0xef) {
        need = 3, least = 0x800, c &= 0x0f;
    } else if (c >= 0xf0 && c <= 0xf4) {
        need = 4, least = 0x10000, c &= 0x07;
    } else {
        return 0;
    }
    if (need > len)
        return 0;
    for (size_t i = 1; i < need; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *cp = c;
    return need;
}

size_t text_utf8_prefix(const char *s, size_t len)
{
    size_t i = 0;
    int32_t cp;

    while (i < len) {
        size_t n = decode(s + i, len - i, &cp);

        if (!n)
            break;
        i += n;
    }
    return i;
}

bool text_is_utf8(const char *s, size_t len)
{
    return text_utf8_prefix(s, len) == len;
}

size_t text_count(const char *s, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)s[i] & 0xc0) != 0x80;
    return count;
}

bool text_to_i64(const char *s, size_t len, int64_t min, int64_t max, int64_t *out)
{
    bool negative = len > 0 && s[0] == '-';
    size_t i = negative;
    int64_t n = 0; /* kept negative: the negative range is the larger one */

    if (i == len || len - i > 19 || (s[i] == '0' && len > 1))
        return false;
    for (; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, s[i] - '0', &n))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, n, &n))
        return false;
    if (n < min || n > max)
        return false;
    *out = n;
    return true;
}

/* Most of what is written: the tables need not be asked. */
static bool is_ascii(int32_t cp)
{
    return cp < 0x80;
}

static bool is_blank(int32_t cp)
{
    utf8proc_category_t cat;

    if (is_ascii(cp))
        return cp == ' ' || (cp >= '\t' && cp <= '\r');
    cat = utf8proc_category(cp);
    return cp == 0x85 || cat == UTF8PROC_CATEGORY_ZS || cat == UTF8PROC_CATEGORY_ZL ||
           cat == UTF8PROC_CATEGORY_ZP;
}

static bool is_mark(int32_t cp)
{
    utf8proc_category_t cat;

    if (is_ascii(cp))
        return false;
    cat = utf8proc_category(cp);
    return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_MC ||
           cat == UTF8PROC_CATEGORY_ME;
}

/* Takes no room and shows nothing by itself: formats, bidi controls,
 * joiners, fillers, selectors. */
static bool is_ignorable(int32_t cp)
{
    const utf8proc_property_t *p = utf8proc_get_property(cp);

    return p->ignorable || p->category == UTF8PROC_CATEGORY_CF || cp == 0x115f || cp == 0x1160 ||
           cp == 0x3164 || cp == 0xffa0;
}

bool text_is_blank(const char *s, size_t len)
{
    int32_t cp;

    for (size_t i = 0; i < len;) {
        size_t n = decode(s + i, len - i, &cp);

        if (!n)
            return false;
        if (!is_blank(cp) && !is_mark(cp) && !is_ignorable(cp) && cp != 0x2800 &&
            utf8proc_category(cp) != UTF8PROC_CATEGORY_CC)
            return false;
        i += n;
    }
    return true;
}

/* No control but \n, \r and \t, and not too many marks on one base. A format character between
 * marks does not begin a new count. This comes before normalisation, whose sorting of marks is
 * quadratic. */
static bool is_bearable(const char *s, size_t len)
{
    int marks = 0;
    int32_t cp;

    for (size_t i = 0; i < len;) {
        size_t n = decode(s + i, len - i, &cp);

        if (!n || (cp < 0x20 && cp != '\n' && cp != '\r' && cp != '\t'))
            return false;
        if (is_mark(cp)) {
            if (++marks > MARKS_MAX)
                return false;
        } else if (is_ascii(cp) || utf8proc_category(cp) != UTF8PROC_CATEGORY_CF) {
            marks = 0;
        }
        i += n;
    }
    return true;
}

/* Moves both ends inwards past blanks. */
static void trim(const char **s, size_t *len)
{
    int32_t cp;
    size_t end = 0;

    while (*len > 0) {
        size_t n = decode(*s, *len, &cp);

        if (!n || !is_blank(cp))
            break;
        *s += n;
        *len -= n;
    }
    for (size_t i = 0; i < *len;) {
        size_t n = decode(*s + i, *len - i, &cp);

        if (!n)
            return;
        i += n;
        if (!is_blank(cp))
            end = i;
    }
    *len = end;
}

/* NFC of valid UTF-8, in the arena. Never NULL: utf8proc fails on invalid UTF-8 or no memory. */
static char *to_nfc(struct arena *a, const char *s, size_t len)
{
    utf8proc_uint8_t *nfc = NULL;
    utf8proc_ssize_t n;
    char *copy;

    if (text_count(s, len) == len) /* ASCII is so already */
        return arena_strn(a, s, len);
    n = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, &nfc,
                     (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (n < 0)
        die("utf8proc: %s", utf8proc_errmsg(n));
    copy = arena_strn(a, (const char *)nfc, (size_t)n);
    free(nfc);
    return copy;
}

/* ASCII without a control but \n and \t: what is_bearable() and to_nfc() leave as it is. */
static bool is_plain(const char *s, size_t len)
{
    bool other = false;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        other |= c >= 0x80 || (c < 0x20 && c != '\n' && c != '\t');
    }
    return !other;
}

static char *trim_plain(struct arena *a, const char *s, size_t len)
{
    while (len > 0 && is_blank(s[0]))
        s++, len--;
    while (len > 0 && is_blank(s[len - 1]))
        len--;
    return arena_strn(a, s, len);
}

char *text_clean(struct arena *a, const char *s, size_t len)
{
    char *text;
    size_t to = 0;

    if (is_plain(s, len)) /* most of what is written */
        return trim_plain(a, s, len);
    if (!is_bearable(s, len))
        return NULL;
    trim(&s, &len);
    text = to_nfc(a, s, len);
    for (size_t from = 0; text[from]; from++) {
        if (text[from] == '\r') {
            if (text[from + 1] == '\n')
                continue;
            text[to++] = '\n';
        } else {
            text[to++] = text[from];
        }
    }
    text[to] = '\0';
    return text;
}

bool text_is_visible(int32_t cp)
{
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return true;
    }
}

static bool may_be_in_name(int32_t cp)
{
    static const char ours[] = "<>&\"'`~@#/\\";

    return text_is_visible(cp) && !is_ignorable(cp) && cp != 0x2800 &&
           !(cp < 0x80 && strchr(ours, (char)cp));
}

char *text_name(struct arena *a, const char *s, size_t len)
{
    char *name;
    size_t count = 0, to = 0, n;
    bool blank = false;
    int32_t cp;

    if (!is_bearable(s, len))
        return NULL;
    trim(&s, &len);
    if (text_is_blank(s, len) || decode(s, len, &cp) == 0 || is_mark(cp))
        return NULL;
    name = to_nfc(a, s, len);
    len = strlen(name);
    for (size_t i = 0; i < len; i += n) {
        n = decode(name + i, len - i, &cp);
        if (!n || !may_be_in_name(cp))
            return NULL;
        if (is_blank(cp)) {
            if (!blank)
                name[to++] = ' ', count++;
            blank = true;
            continue;
        }
        blank = false;
        memmove(name + to, name + i, n);
        to += n;
        count++;
    }
    name[to] = '\0';
    return count <= NAME_MAX_CHARS ? name : NULL;
}

/* Marks that an alphabet's letters do without: accents, Hebrew points, Arabic vowel signs. Vowel
 * signs of Indic and Thai letters and Japanese voicing make another letter, so they stay. */
static bool is_droppable_mark(int32_t cp)
{
    return (cp >= 0x0300 && cp <= 0x036f) || (cp >= 0x0483 && cp <= 0x0489) ||
           (cp >= 0x0591 && cp <= 0x05c7) || (cp >= 0x0610 && cp <= 0x061a) ||
           (cp >= 0x064b && cp <= 0x065f) || cp == 0x0670 || (cp >= 0x06d6 && cp <= 0x06ed) ||
           (cp >= 0x1ab0 && cp <= 0x1aff) || (cp >= 0x1dc0 && cp <= 0x1dff) ||
           (cp >= 0x20d0 && cp <= 0x20ff) || (cp >= 0xfe00 && cp <= 0xfe0f) ||
           (cp >= 0xfe20 && cp <= 0xfe2f);
}

/* Replaces letters that look like a Latin small one by it. To be used where Latin letters are too:
 * only there is a Greek nu a "v" (alone, "νίκος" and "ΝΙΚΟΣ" must fold alike). */
static char *map_small_shapes(struct arena *a, const char *name, size_t len)
{
    char *out = arena_alloc(a, len + 1);
    bool latin = false;
    size_t to = 0, n;
    int32_t cp;

    for (size_t i = 0; i < len; i++)
        latin |= (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z');
    for (size_t i = 0; i < len; i += n) {
        char like = 0;

        n = decode(name + i, len - i, &cp);
        if (latin)
            like = text_alike_small(cp);
        if (like) {
            out[to++] = like;
        } else {
            memcpy(out + to, name + i, n);
            to += n;
        }
    }
    return out;
}

char *text_fold(struct arena *a, const char *name)
{
    size_t len = strlen(name), to = 0, n;
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t folded_len;
    const char *small;
    char *out;
    int32_t cp;

    if (!is_bearable(name, len))
        return arena_strn(a, name, len);
    small = map_small_shapes(a, name, len);
    folded_len =
        utf8proc_map((const utf8proc_uint8_t *)small, (utf8proc_ssize_t)strlen(small), &folded,
                     (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
                                         UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
    if (folded_len < 0)
        die("utf8proc: %s", utf8proc_errmsg(folded_len));
    len = (size_t)folded_len;
    out = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len; i += n) {
        char like;

        n = decode((const char *)folded + i, len - i, &cp);
        if (is_droppable_mark(cp))
            continue;
        like = text_alike_folded(cp);
        if (like) {
            out[to++] = like;
        } else {
            memcpy(out + to, folded + i, n);
            to += n;
        }
    }
    free(folded);
    return out;
}

bool text_is_slug(const char *s, size_t len)
{
    if (len == 3 && memcmp(s, "@me", 3) == 0)
        return true;
    if (len < 1 || len > 32 || s[0] == '-' || s[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '-'))
            return false;
    return true;
}

bool text_is_client_id(const char *s, size_t len)
{
    if (len < 8 || len > 64)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
              (s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '_'))
            return false;
    return true;
}
