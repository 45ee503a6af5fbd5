#include "chat/markup_address.h"

#include <string.h>
#include <strings.h>

enum { ADDRESS_MAX = 2048 };

static size_t scheme_length(const char *s, size_t len)
{
    static const char *const schemes[] = {"http://", "https://", "mailto:"};

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t n = strlen(schemes[i]);

        if (len > n && strncasecmp(s, schemes[i], n) == 0)
            return n;
    }
    return 0;
}

bool address_begins(const char *s, size_t len)
{
    size_t n = scheme_length(s, len);

    return n && ((unsigned char)s[n] > '?' || strchr("0123456789[", s[n]));
}

/* Spaces, controls and punctuation beyond ASCII, which end an address: U+0080–U+00A0, U+2000–U+206F
 * (bidi controls among them), U+3000–U+303F, U+FEFF–U+FF0F. */
static bool is_break(const char *str, size_t len)
{
    const unsigned char *s = (const unsigned char *)str;

    if (len >= 2 && s[0] == 0xc2)
        return s[1] <= 0xa0;
    if (len < 3)
        return false;
    return (s[0] == 0xe2 && (s[1] == 0x80 || (s[1] == 0x81 && s[2] <= 0xaf))) ||
           (s[0] == 0xe3 && s[1] == 0x80) || (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf) ||
           (s[0] == 0xef && s[1] == 0xbc && s[2] <= 0x8f);
}

/* `(see https://a.b/c_(d))` */
size_t address_extent(const char *s, size_t len)
{
    static const char opening[] = "([{", closing[] = ")]}";
    size_t open[sizeof closing] = {0}, n;

    for (n = 0; n < len; n++) {
        const char *o = strchr(opening, s[n]), *c = strchr(closing, s[n]);

        if ((unsigned char)s[n] <= ' ' || strchr("<>\"`\x7f", s[n]) || is_break(s + n, len - n))
            break;
        if (o)
            open[o - opening]++;
        else if (c && open[c - closing]-- == 0)
            break;
    }
    return n;
}

bool address_is_allowed(const char *s, size_t len)
{
    return address_begins(s, len) && address_extent(s, len) == len;
}

size_t address_length(const char *s, size_t len)
{
    size_t end;

    if (!address_begins(s, len) || strncasecmp(s, "http", 4) != 0)
        return 0;
    end = address_extent(s, len < ADDRESS_MAX ? len : ADDRESS_MAX);
    while (end > 0 && strchr(".,;:!?'*_~\\|([{", s[end - 1]))
        end--;
    return address_begins(s, end) ? end : 0;
}
