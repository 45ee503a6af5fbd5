#include "chat/markup_shield.h"

#include "chat/markup_line.h"

#include <string.h>

/* U+FDD0…U+FDEF in this order */
static const char punctuation[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

enum { QUOTES_MAX = 5, LANGUAGE_MAX = 20, NUMBER_DIGITS = 3, FENCE_INDENT_MAX = 3 };

enum line_kind { LINE_BLANK, LINE_TEXT, LINE_QUOTE, LINE_ITEM };

struct shield {
    struct buf *out;
    const char *end;      /* of the text */
    size_t fence;         /* backticks that opened the code block; 0: none is open */
    int number;           /* of the last numbered item */
    enum line_kind above; /* the line before */
};

enum shield_kind shield_at(const char *str, size_t len, char *c)
{
    const unsigned char *s = (const unsigned char *)str;

    *c = str[0];
    if (len < SHIELD_BYTES || s[0] != 0xef)
        return SHIELD_TEXT;
    if (s[1] == 0xb7 && s[2] >= 0x90 && s[2] <= 0xaf) {
        *c = punctuation[s[2] - 0x90];
        return SHIELD_CHAR;
    }
    if (s[1] != 0xbf || s[2] < 0xbe)
        return SHIELD_TEXT;
    return s[2] == 0xbe ? SHIELD_SPAN : SHIELD_ESCAPE;
}

static bool has_stand_ins(const char *s, size_t len)
{
    char c;

    for (size_t i = 0; i < len; i++)
        if (shield_at(s + i, len - i, &c) != SHIELD_TEXT)
            return true;
    return false;
}

void line_put_literal(struct buf *out, char c)
{
    const char *at = c ? strchr(punctuation, c) : NULL;
    char stand_in[SHIELD_BYTES] = {'\xef', '\xb7', '\x90'};

    if (!at) {
        buf_char(out, c);
        return;
    }
    stand_in[2] = (char)(0x90 + (at - punctuation));
    buf_add(out, stand_in, sizeof stand_in);
}

void line_put_literals(struct buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        line_put_literal(out, s[i]);
}

bool line_is_punctuation(char c)
{
    return c && strchr(punctuation, c);
}

/* ----- how a line begins ----- */

static void put_blanks(struct buf *out, struct line *l)
{
    while (line_is_blank(line_char(l, l->at)))
        buf_char(out, l->s[l->at++]);
}

static size_t past_blanks(const struct line *l, size_t at)
{
    while (line_is_blank(line_char(l, at)))
        at++;
    return at;
}

/* "5", "-5", "$5", "~.5", "= 5": what a comparison or a signed number goes on with. */
static bool is_number_next(const struct line *l, size_t at)
{
    static const char *const currencies[] = {"\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5"};

    while (line_is_blank(line_char(l, at)) || line_char(l, at) == '>')
        at++;
    if (line_char(l, at) == '=')
        return true;
    if (line_char(l, at) && strchr("+-~", line_char(l, at)))
        at++;
    at += line_char(l, at) == '$';
    at += line_char(l, at) == '.';
    for (size_t i = 0; i < ARRAY_LEN(currencies); i++) {
        size_t n = strlen(currencies[i]);

        if (l->len - at >= n && at < l->len && memcmp(l->s + at, currencies[i], n) == 0)
            at += n;
    }
    return isdigit((unsigned char)line_char(l, at)) != 0;
}

static bool is_quote(const struct shield *s, const struct line *l, int depth)
{
    size_t next = past_blanks(l, l->at + 1);

    if (depth >= QUOTES_MAX)
        return false;
    return s->above == LINE_QUOTE || (next < l->len && !is_number_next(l, l->at + 1));
}

/* A number that goes on counting: a list of prices is none. *len: digits. */
static bool is_counting(const struct shield *s, const struct line *l, int *number, size_t *len)
{
    *number = 0;
    for (*len = 0; isdigit((unsigned char)line_char(l, l->at + *len)); ++*len)
        if (*len < NUMBER_DIGITS)
            *number = 10 * *number + (l->s[l->at + *len] - '0');
    return *len > 0 && *len <= NUMBER_DIGITS && l->s[l->at] != '0' &&
           line_char(l, l->at + *len) == '.' && (*number == 1 || *number == s->number + 1);
}

/* The mark of a list item with something after it; false where the line begins otherwise. */
static bool put_item_mark(struct shield *s, struct line *l)
{
    char c = line_char(l, l->at);
    size_t len = 0;
    int number;

    if (c == '-' || c == '*') {
        if (c == '-' && s->above != LINE_ITEM && is_number_next(l, l->at + 1))
            return false;
    } else if (is_counting(s, l, &number, &len)) {
        s->number = number;
    } else {
        return false;
    }
    len++;
    if (!line_is_blank(line_char(l, l->at + len)) || past_blanks(l, l->at + len) == l->len)
        return false;
    buf_add(s->out, l->s + l->at, len);
    l->at += len;
    put_blanks(s->out, l);
    return true;
}

/* ``` and at most a language behind it. */
static size_t fence_opened(const struct line *l)
{
    size_t run = line_char(l, l->at) == '`' ? line_run(l, l->at) : 0, at = l->at + run;

    while (at < l->len && (isalnum((unsigned char)l->s[at]) || strchr("+#._-", l->s[at])))
        at++;
    return run >= 3 && at == l->len && at - run - l->at <= LANGUAGE_MAX ? run : 0;
}

/* What would be a mark here, were it one. */
static void put_no_mark(struct buf *out, struct line *l, bool may_be_fence)
{
    size_t run = line_char(l, l->at) == '`' ? line_run(l, l->at) : 0;
    bool fence = may_be_fence && fence_opened(l);

    if (run >= 3 && !fence && !memchr(l->s + l->at + run, '`', l->len - l->at - run)) {
        line_put_literals(out, l->s + l->at, run);
        l->at += run;
    }
    while (isdigit((unsigned char)line_char(l, l->at)))
        buf_char(out, l->s[l->at++]);
    if (line_char(l, l->at) && strchr("-+>.)", line_char(l, l->at)))
        line_put_literal(out, l->s[l->at++]);
    else if (line_char(l, l->at) == '*' && past_blanks(l, l->at + 1) != l->at + 1)
        line_put_literal(out, l->s[l->at++]);
}

/* A line of dashes and the like is a line of dashes. */
static bool is_rule(const struct line *l)
{
    size_t at = l->at;

    while (line_char(l, at) && strchr("-=_*~ \t", line_char(l, at)))
        at++;
    return at == l->len;
}

static enum line_kind begin_line(struct shield *s, struct line *l)
{
    enum line_kind kind = LINE_TEXT;
    size_t blanks = past_blanks(l, l->at);
    bool rule;

    if (blanks == l->len)
        return LINE_BLANK;
    if (blanks >= 2 && s->above == LINE_ITEM)
        kind = LINE_ITEM; /* goes on with it */
    put_blanks(s->out, l);
    for (int depth = 0; line_char(l, l->at) == '>' && is_quote(s, l, depth); depth++) {
        buf_char(s->out, '>');
        l->at++;
        put_blanks(s->out, l);
        kind = LINE_QUOTE;
    }
    rule = is_rule(l);
    if (!rule && put_item_mark(s, l) && kind == LINE_TEXT)
        kind = LINE_ITEM;
    /* What follows a quote or a list does not belong to it, unless it says so. */
    if (kind == LINE_TEXT && s->above >= LINE_QUOTE)
        buf_char(s->out, '\n');
    if (rule) {
        line_put_literals(s->out, l->s + l->at, l->len - l->at);
        l->at = l->len;
    } else {
        put_no_mark(s->out, l, kind == LINE_QUOTE);
    }
    return kind;
}

/* ----- code blocks ----- */

/* The backticks that a line ends in. *before: what stands before them. */
static size_t fence_at_end(const char *s, size_t len, size_t *before)
{
    size_t run = 0;

    while (len > 0 && line_is_blank(s[len - 1]))
        len--;
    while (run < len && s[len - 1 - run] == '`')
        run++;
    *before = len - run;
    return run;
}

/* A block that nobody closes is none. */
static bool is_closed(const struct shield *s, const struct line *l, size_t fence)
{
    const char *at = l->s + l->len;
    size_t before;

    while (at < s->end) {
        const char *line = at + 1, *end = memchr(line, '\n', (size_t)(s->end - line));

        at = end ? end : s->end;
        if (fence_at_end(line, (size_t)(at - line), &before) >= fence)
            return true;
    }
    return false;
}

/* In code: as it is. Its end may stand behind the last line too. */
static void put_code_line(struct shield *s, const struct line *l)
{
    size_t before, run = fence_at_end(l->s, l->len, &before);

    if (run < s->fence || past_blanks(l, 0) == before) {
        buf_add(s->out, l->s, l->len);
    } else {
        buf_add(s->out, l->s, before);
        buf_char(s->out, '\n');
        buf_add(s->out, l->s + before, run);
    }
    if (run >= s->fence)
        s->fence = 0;
}

/* ----- the whole ----- */

static void put_line(struct shield *s, struct line *l)
{
    size_t fence;

    if (s->fence) {
        put_code_line(s, l);
        return;
    }
    l->at = past_blanks(l, 0);
    fence = l->at <= FENCE_INDENT_MAX ? fence_opened(l) : 0;
    l->at = 0;
    if (fence && is_closed(s, l, fence)) {
        buf_add(s->out, l->s, l->len);
        s->fence = fence;
        s->above = LINE_TEXT;
        return;
    }
    s->above = begin_line(s, l);
    line_put_inline(s->out, l);
}

bool shield_text(struct buf *out, const char *text, size_t len, const struct mentions *mentions)
{
    struct shield s = {.out = out, .end = text + len};
    size_t at = 0;

    if (has_stand_ins(text, len))
        return false;
    for (;;) {
        const char *end = memchr(text + at, '\n', len - at);
        struct line l = {
            .s = text + at,
            .len = end ? (size_t)(end - text) - at : len - at,
            .offset = at,
            .mentions = mentions,
        };

        put_line(&s, &l);
        if (!end)
            return true;
        buf_char(out, '\n');
        at += l.len + 1;
    }
}
