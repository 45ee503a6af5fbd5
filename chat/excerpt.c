#include "chat/excerpt.h"

#include <string.h>

static size_t char_len(const char *s)
{
    size_t len = 1;

    while (((unsigned char)s[len] & 0xC0u) == 0x80)
        len++;
    return len;
}

void excerpt_write(char out[EXCERPT_BYTES], const char *body)
{
    static const char blanks[] = " \t\n", more[] = "…";
    size_t len = 0, chars = 0;

    body += strspn(body, blanks);
    while (*body && chars < EXCERPT_CHARS) {
        size_t skip = strspn(body, blanks), n = skip ? 0 : char_len(body);

        if (skip && body[skip])
            out[len++] = ' ';
        memcpy(out + len, body, n);
        len += n;
        body += skip ? skip : n;
        chars++;
    }
    if (*body) {
        memcpy(out + len, more, sizeof more - 1);
        len += sizeof more - 1;
    }
    out[len] = '\0';
}
