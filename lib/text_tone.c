#include "lib/text_tone.h"

#include <string.h>
#include <utf8proc.h>

/* What a tone may follow: Emoji_Modifier_Base of Unicode 15. */
static const struct {
    int32_t first, last;
} bases[] = {
    {0x261d, 0x261d},   {0x26f9, 0x26f9},   {0x270a, 0x270d},   {0x1f385, 0x1f385},
    {0x1f3c2, 0x1f3c4}, {0x1f3c7, 0x1f3c7}, {0x1f3ca, 0x1f3cc}, {0x1f442, 0x1f443},
    {0x1f446, 0x1f450}, {0x1f466, 0x1f478}, {0x1f47c, 0x1f47c}, {0x1f481, 0x1f483},
    {0x1f485, 0x1f487}, {0x1f48f, 0x1f48f}, {0x1f491, 0x1f491}, {0x1f4aa, 0x1f4aa},
    {0x1f574, 0x1f575}, {0x1f57a, 0x1f57a}, {0x1f590, 0x1f590}, {0x1f595, 0x1f596},
    {0x1f645, 0x1f647}, {0x1f64b, 0x1f64f}, {0x1f6a3, 0x1f6a3}, {0x1f6b4, 0x1f6b6},
    {0x1f6c0, 0x1f6c0}, {0x1f6cc, 0x1f6cc}, {0x1f90c, 0x1f90c}, {0x1f90f, 0x1f90f},
    {0x1f918, 0x1f91f}, {0x1f926, 0x1f926}, {0x1f930, 0x1f939}, {0x1f93c, 0x1f93e},
    {0x1f977, 0x1f977}, {0x1f9b5, 0x1f9b6}, {0x1f9b8, 0x1f9b9}, {0x1f9bb, 0x1f9bb},
    {0x1f9cd, 0x1f9cf}, {0x1f9d1, 0x1f9dd}, {0x1fac3, 0x1fac5}, {0x1faf0, 0x1faf8},
};

static bool is_base(int32_t cp)
{
    for (size_t i = 0; i < ARRAY_LEN(bases); i++)
        if (cp >= bases[i].first && cp <= bases[i].last)
            return true;
    return false;
}

size_t text_tone_length(const char *s, const char **tone)
{
    static const char before[] = ":skin-tone-";
    static const char *const tones[] = {"\xf0\x9f\x8f\xbb", "\xf0\x9f\x8f\xbc", "\xf0\x9f\x8f\xbd",
                                        "\xf0\x9f\x8f\xbe", "\xf0\x9f\x8f\xbf"};
    const size_t len = sizeof before - 1;

    if (strncmp(s, before, len) != 0 || s[len] < '2' || s[len] > '6' || s[len + 1] != ':')
        return 0;
    *tone = tones[s[len] - '2'];
    return len + 2;
}

/* Behind the only one in the emoji that a tone may follow; 0: there is
 * none, or there are several. */
static size_t place(const char *emoji, size_t len)
{
    size_t found = 0;

    for (size_t i = 0; i < len;) {
        utf8proc_int32_t cp;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)emoji + i, (utf8proc_ssize_t)(len - i), &cp);

        if (n <= 0)
            return 0;
        i += (size_t)n;
        if (is_base(cp)) {
            if (found)
                return 0;
            found = i;
        }
    }
    return found;
}

bool text_tone_add(struct buf *b, const char *emoji, size_t len, const char *tone)
{
    static const char style[] = "\xef\xb8\x8f"; /* "as a picture", which the tone says as well */
    size_t at = place(emoji, len), rest = at;

    if (!at)
        return false;
    if (len - at >= sizeof style - 1 && memcmp(emoji + at, style, sizeof style - 1) == 0)
        rest += sizeof style - 1;
    buf_add(b, emoji, at);
    buf_str(b, tone);
    buf_add(b, emoji + rest, len - rest);
    return true;
}
