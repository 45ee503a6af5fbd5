#include "lib/file_name.h"

#include "lib/text.h"

#include <string.h>
#include <strings.h>
#include <utf8proc.h>

static const char nameless[] = "file";

/* What comes behind the last slash of either kind: some browsers send the way there, too. */
static const char *base_of(const char *name, size_t *len)
{
    size_t at = *len;

    while (at > 0 && name[at - 1] != '/' && name[at - 1] != '\\')
        at--;
    *len -= at;
    return name + at;
}

/* Bytes of the end of a name, its dot included; 0 where it has none. */
static size_t end_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t len = dot && dot != name ? strlen(dot) : 0;

    return len > 1 && len <= 12 ? len : 0;
}

/* A long name keeps its end. */
static const char *cut(struct arena *a, const char *name)
{
    size_t end = end_length(name), len = strlen(name) - end;
    size_t most = FILE_NAME_CHARS - text_count(name + len, end);

    while (text_count(name, len) > most)
        while (len > 0 && ((unsigned char)name[--len] & 0xc0) == 0x80)
            ;
    return arena_fmt(a, "%s%s", arena_strn(a, name, len), name + strlen(name) - end);
}

const char *file_name_clean(struct arena *a, const char *name, size_t len)
{
    const char *base = base_of(name, &len), *text;
    char *out;
    size_t to = 0;
    int32_t cp;

    text = text_clean(a, base, len);
    if (!text)
        return nameless;
    out = arena_alloc(a, strlen(text) + 1);
    for (utf8proc_ssize_t n; *text; text += n) {
        n = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &cp);
        if (n <= 0)
            return nameless;
        if (!text_is_visible(cp) || (to == 0 && (cp == '.' || cp == ' ')))
            continue;
        if (cp < 0x80 && strchr("\"*:<>?|", (char)cp))
            out[to++] = '_';
        else
            for (utf8proc_ssize_t i = 0; i < n; i++)
                out[to++] = text[i];
    }
    while (to > 0 && (out[to - 1] == ' ' || out[to - 1] == '.'))
        to--;
    out[to] = '\0';
    return text_is_blank(out, to) ? nameless : cut(a, out);
}

static bool is_listed(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (; *list; list += strspn(list, " ")) {
        size_t item = strcspn(list, " ");

        if (item == len && strncasecmp(list, word, len) == 0)
            return true;
        list += item;
    }
    return false;
}

const char *file_name_fit(struct arena *a, const char *name, enum media kind)
{
    const char *ends = media_row(kind)->extensions, *dot = strrchr(name, '.');

    if (dot && is_listed(ends, dot + 1))
        return name;
    return arena_fmt(a, "%s.%s", name, arena_strn(a, ends, strcspn(ends, " ")));
}
