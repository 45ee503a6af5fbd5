#include "lib/urlencoded.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A '%' that no two hex digits follow stands for itself, as in browsers. */
static char *decode(struct arena *a, const char *s, size_t len, size_t *out_len)
{
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (s[i] == '+') {
            out[n++] = ' ';
        } else if (s[i] == '%' && i + 2 < len && hex_digit(s[i + 1]) >= 0 &&
                   hex_digit(s[i + 2]) >= 0) {
            out[n++] = (char)(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]));
            i += 2;
        } else {
            out[n++] = s[i];
        }
    }
    *out_len = n;
    return out;
}

bool url_next_pair(struct arena *a, const char **in, size_t *len, struct url_pair *out)
{
    const char *pair, *amp, *eq;
    size_t pair_len, name_len;

    while (*len > 0 && **in == '&') {
        (*in)++;
        (*len)--;
    }
    if (*len == 0)
        return false;
    pair = *in;
    amp = memchr(pair, '&', *len);
    pair_len = amp ? (size_t)(amp - pair) : *len;
    eq = memchr(pair, '=', pair_len);
    name_len = eq ? (size_t)(eq - pair) : pair_len;
    out->name = decode(a, pair, name_len, &out->name_len);
    out->value = decode(a, pair + name_len + (eq != NULL), pair_len - name_len - (eq != NULL),
                        &out->value_len);
    *in += pair_len;
    *len -= pair_len;
    return true;
}
