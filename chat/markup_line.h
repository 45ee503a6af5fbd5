/* For chat/markup_shield.c, in two halves: how a line begins, and what is within it. */
#ifndef CHAT_MARKUP_LINE_H
#define CHAT_MARKUP_LINE_H

#include "db/mention.h"

#include <ctype.h>

struct line {
    const char *s;
    size_t len, at; /* at: as far as it was read */
    size_t offset;  /* of the line in the text */
    const struct mentions *mentions;
};

/* `c` as a stand-in: a letter that means nothing. */
void line_put_literal(struct buf *out, char c);
void line_put_literals(struct buf *out, const char *s, size_t len);
/* Whether there is a stand-in for it. */
bool line_is_punctuation(char c);
/* The rest of the line. */
void line_put_inline(struct buf *out, struct line *l);

static inline char line_char(const struct line *l, size_t at)
{
    if (at >= l->len)
        return '\0';
    return l->s[at];
}

static inline bool line_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* How often the character there comes at once. */
static inline size_t line_run(const struct line *l, size_t at)
{
    size_t n = 1;

    while (at + n < l->len && l->s[at + n] == l->s[at])
        n++;
    return n;
}

#endif
