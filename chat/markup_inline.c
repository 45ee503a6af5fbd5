/* Within a line: which marks the parser sees, and which are as typed. */
#include "chat/markup_address.h"
#include "chat/markup_line.h"
#include "chat/markup_shield.h"

#include <string.h>

/* U+FFFE, U+FFFF */
static const char span_mark[] = "\xef\xbf\xbe", escape_mark[] = "\xef\xbf\xbf";

static bool is_alnum(char c)
{
    return isalnum((unsigned char)c) != 0;
}

static char char_before(const struct line *l)
{
    if (l->at == 0)
        return '\0';
    return l->s[l->at - 1];
}

/* Between two letters or digits, and in a product of numbers, stars are stars. */
static bool is_product(const struct line *l, size_t run)
{
    char before = char_before(l), after = line_char(l, l->at + run);

    if (is_alnum(before) && is_alnum(after))
        return true;
    return run == 1 && before && after &&
           (isdigit((unsigned char)before) || strchr(")%", before)) &&
           (isdigit((unsigned char)after) || strchr("($-.", after));
}

/* A run of one mark: handed to the parser, or kept as typed. */
static void put_run(struct buf *out, struct line *l)
{
    const char *s = l->s + l->at;
    size_t run = line_run(l, l->at);
    bool typed = false;

    if (*s == '*')
        typed = run > 3 || is_product(l, run);
    else if (*s == '_')
        typed = run != 1;
    else if (*s == '~')
        typed = run != 2 || is_product(l, run);
    if (typed)
        line_put_literals(out, s, run);
    else
        buf_add(out, s, run);
    l->at += run;
}

static void put_backslash(struct buf *out, struct line *l)
{
    static const char shrug[] = "\xc2\xaf"; /* the hand before an arm that is no escape */
    char next = line_char(l, l->at + 1);
    bool arm = l->at >= 2 && memcmp(l->s + l->at - 2, shrug, 2) == 0;

    if (next == '`') { /* whether it is within code only the parser knows */
        buf_char(out, '\\');
        l->at++;
    } else if (line_is_punctuation(next) && !arm) {
        buf_str(out, escape_mark);
        line_put_literal(out, next);
        l->at += 2;
    } else {
        line_put_literal(out, '\\');
        l->at++;
    }
}

/* `<https://…>` is an address, any other `<` is one. Marks in it would be the parser's. */
static void put_angle(struct buf *out, struct line *l)
{
    const char *s = l->s + l->at;
    size_t len = 1;

    while (l->at + len < l->len && !strchr("<> \t`*_~[]", s[len]))
        len++;
    if (line_char(l, l->at + len) == '>' && address_is_allowed(s + 1, len - 1)) {
        buf_add(out, s, len + 1);
        l->at += len + 1;
        return;
    }
    line_put_literal(out, '<');
    l->at++;
}

static void put_span(struct buf *out, const char *s, size_t len)
{
    buf_str(out, span_mark);
    line_put_literals(out, s, len);
    buf_str(out, span_mark);
}

static bool put_address(struct buf *out, struct line *l)
{
    size_t len = is_alnum(char_before(l)) ? 0 : address_length(l->s + l->at, l->len - l->at);

    if (!len)
        return false;
    put_span(out, l->s + l->at, len);
    l->at += len;
    return true;
}

static bool put_mention(struct buf *out, struct line *l)
{
    for (size_t i = 0; i < l->mentions->count; i++) {
        const struct mention *n = &l->mentions->list[i];

        if (n->at != l->offset + l->at)
            continue;
        put_span(out, l->s + l->at, n->len);
        l->at += n->len;
        return true;
    }
    return false;
}

/* `](` leads to an address, or to nothing; `]:` is never a definition. Should it be no link in the
 * end, the address is a bare one. */
static void put_bracket(struct buf *out, struct line *l)
{
    char next = line_char(l, l->at + 1);
    size_t at = l->at + 2, whole, bare;

    buf_char(out, ']');
    l->at++;
    if (next != '(' && next != ':')
        return;
    while (line_is_blank(line_char(l, at)))
        at++;
    at += line_char(l, at) == '<';
    if (next != '(' || at >= l->len || !address_begins(l->s + at, l->len - at)) {
        line_put_literal(out, next);
        l->at++;
        return;
    }
    buf_add(out, l->s + l->at, at - l->at);
    whole = address_extent(l->s + at, l->len - at);
    bare = address_length(l->s + at, l->len - at);
    if (bare)
        put_span(out, l->s + at, bare);
    line_put_literals(out, l->s + at + bare, whole - bare);
    l->at = at + whole;
}

void line_put_inline(struct buf *out, struct line *l)
{
    while (l->at < l->len) {
        char c = l->s[l->at];

        switch (c) {
        case '*':
        case '_':
        case '~':
        case '`':
            put_run(out, l);
            continue;
        case '\\':
            put_backslash(out, l);
            continue;
        case '<':
            put_angle(out, l);
            continue;
        case ']':
            put_bracket(out, l);
            continue;
        case 'h':
        case 'H':
            if (put_address(out, l))
                continue;
            break;
        case '@':
            if (put_mention(out, l))
                continue;
            break;
        case '#':
            line_put_literal(out, c);
            l->at++;
            continue;
        default:
            break;
        }
        buf_char(out, c);
        l->at++;
    }
}
