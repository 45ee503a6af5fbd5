/*
 * The template's text to nodes. One pass; the only stack is that of open sections. Whether a tag
 * stands alone on its line is judged from the text around it, which works because a line's blanks
 * never belong to another tag.
 */
#include "lib/mustache_node.h"

#include <stdlib.h>
#include <string.h>

enum { TEMPLATE_MAX = 1 << 20, DELIMITER_MAX = 16, PARTS_MAX = 16 };

struct slice {
    const char *s;
    size_t len;
};

struct parser {
    struct mustache *m;
    const char *text;
    size_t len, pos;
    struct slice open, close;              /* delimiters */
    size_t sections[MUSTACHE_DEPTH];       /* indices of open sections' nodes */
    size_t section_starts[MUSTACHE_DEPTH]; /* where their tags are in the text */
    struct slice section_names[MUSTACHE_DEPTH];
    size_t depth;
    struct fail *f;
};

struct tag {
    char kind;          /* one of # ^ / > & { ! = or 'v' */
    size_t start, end;  /* in the text, delimiters included */
    struct slice body;  /* without kind and outer blanks */
    bool standalone;    /* alone on its line: the line vanishes */
    size_t line, after; /* standalone: where its line begins, where the next one does */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\n' || c == '\r';
}

static bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && !memcmp(a.s, b.s, a.len);
}

static struct slice trim(const char *s, size_t len)
{
    while (len && is_space(s[0])) {
        s++;
        len--;
    }
    while (len && is_space(s[len - 1]))
        len--;
    return (struct slice){s, len};
}

static enum err syntax_error(const struct parser *p, size_t at, const char *what)
{
    size_t line = 1;

    for (size_t i = 0; i < at; i++)
        line += p->text[i] == '\n';
    return fail(p->f, ERR_BAD_REQUEST, "%.80s:%zu: %s", p->m->name, line, what);
}

static struct mustache_node *add_node(struct parser *p, enum mustache_type type)
{
    struct mustache *m = p->m;

    if (m->count == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 32;
        m->nodes = xrealloc(m->nodes, m->cap * sizeof *m->nodes);
    }
    m->nodes[m->count] = (struct mustache_node){.type = type};
    return &m->nodes[m->count++];
}

static bool at_line_start(const struct parser *p, size_t pos)
{
    return pos == 0 || p->text[pos - 1] == '\n';
}

/* The text from `from` to `to`, one node per line, so that lines can be indented. */
static void add_text(struct parser *p, size_t from, size_t to)
{
    while (from < to) {
        const char *nl = memchr(p->text + from, '\n', to - from);
        size_t end = nl ? (size_t)(nl - p->text) + 1 : to;
        struct mustache_node *n;

        if (at_line_start(p, from))
            add_node(p, MUSTACHE_LINE);
        n = add_node(p, MUSTACHE_TEXT);
        n->str = p->text + from;
        n->len = end - from;
        from = end;
    }
}

/* "a.b.c" to "a\0b\0c\0"; "." has no parts. */
static enum err set_name(struct parser *p, struct mustache_node *n, const struct tag *t)
{
    char *copy = arena_strn(&p->m->mem, t->body.s, t->body.len);

    n->str = copy;
    if (t->body.len == 1 && copy[0] == '.')
        return OK;
    n->parts = 1;
    for (size_t i = 0; i < t->body.len; i++) {
        if (is_space(copy[i]) || !copy[i])
            return syntax_error(p, t->start, "A name may not have blanks in it.");
        if (copy[i] != '.')
            continue;
        if (i == 0 || i + 1 == t->body.len || copy[i + 1] == '.')
            return syntax_error(p, t->start, "A name has an empty part.");
        copy[i] = '\0';
        n->parts++;
    }
    if (n->parts > PARTS_MAX)
        return syntax_error(p, t->start, "A name has too many parts.");
    return OK;
}

static enum err open_section(struct parser *p, const struct tag *t)
{
    struct mustache_node *n;

    if (p->depth == MUSTACHE_DEPTH)
        return syntax_error(p, t->start, "Sections are nested too deeply.");
    p->sections[p->depth] = p->m->count;
    p->section_starts[p->depth] = t->start;
    p->section_names[p->depth] = t->body;
    p->depth++;
    n = add_node(p, t->kind == '#' ? MUSTACHE_SECTION : MUSTACHE_INVERTED);
    return set_name(p, n, t);
}

static enum err close_section(struct parser *p, const struct tag *t)
{
    if (!p->depth)
        return syntax_error(p, t->start, "A section is closed that was not opened.");
    if (!slice_equal(p->section_names[p->depth - 1], t->body))
        return syntax_error(p, t->start, "This closes another section than the one that is open.");
    p->depth--;
    p->m->nodes[p->sections[p->depth]].end = p->m->count;
    return OK;
}

static enum err add_partial(struct parser *p, const struct tag *t)
{
    struct mustache_node *n = add_node(p, MUSTACHE_PARTIAL);

    for (size_t i = 0; i < t->body.len; i++)
        if (is_space(t->body.s[i]) || !t->body.s[i])
            return syntax_error(p, t->start, "A name may not have blanks in it.");
    n->str = arena_strn(&p->m->mem, t->body.s, t->body.len);
    n->standalone = t->standalone;
    if (t->standalone) {
        n->indent = p->text + t->line;
        n->indent_len = t->start - t->line;
    }
    return OK;
}

static bool delimiter_ok(struct slice d)
{
    return d.len && d.len <= DELIMITER_MAX && !memchr(d.s, '=', d.len) && !memchr(d.s, '\0', d.len);
}

static enum err set_delimiters(struct parser *p, const struct tag *t)
{
    struct slice open = t->body, close;
    size_t i = 0;

    while (i < open.len && !is_space(open.s[i]))
        i++;
    close = trim(open.s + i, open.len - i);
    open.len = i;
    for (size_t j = 0; j < close.len; j++)
        if (is_space(close.s[j]))
            close.len = 0;
    if (!delimiter_ok(open) || !delimiter_ok(close))
        return syntax_error(p, t->start, "Delimiters are two words without '='.");
    p->open = open;
    p->close = close;
    return OK;
}

/* Finds `what`, with the character `before` right before it unless that is 0; len where absent. */
static size_t find(const struct parser *p, size_t from, char before, struct slice what)
{
    size_t at = from;

    while (at < p->len) {
        const char *hit = memmem(p->text + at, p->len - at, what.s, what.len);

        if (!hit)
            break;
        at = (size_t)(hit - p->text);
        if (!before)
            return at;
        if (at > from && p->text[at - 1] == before)
            return at - 1;
        at++;
    }
    return p->len;
}

static void judge_standalone(const struct parser *p, struct tag *t)
{
    size_t before = t->start, after = t->end;

    if (!strchr("#^/>!=", t->kind))
        return;
    while (before > 0 && is_blank(p->text[before - 1]))
        before--;
    if (!at_line_start(p, before))
        return;
    while (after < p->len && is_blank(p->text[after]))
        after++;
    if (after + 1 < p->len && p->text[after] == '\r' && p->text[after + 1] == '\n')
        after++;
    if (after < p->len && p->text[after] != '\n')
        return;
    t->standalone = true;
    t->line = before;
    t->after = after < p->len ? after + 1 : after;
}

/* Reads the tag that begins at `start`. */
static enum err read_tag(const struct parser *p, size_t start, struct tag *t)
{
    size_t inner = start + p->open.len, close;
    char last = 0;

    *t = (struct tag){.kind = 'v', .start = start};
    if (inner < p->len && p->text[inner] && strchr("#^/>&{!=<$%", p->text[inner]))
        t->kind = p->text[inner++];
    if (t->kind == '{')
        last = '}';
    else if (t->kind == '=')
        last = '=';
    close = find(p, inner, last, p->close);
    if (close == p->len)
        return syntax_error(p, start, "A tag is not closed.");
    t->body = trim(p->text + inner, close - inner);
    t->end = close + (last != 0) + p->close.len;
    if (strchr("<$%", t->kind))
        return syntax_error(p, start, "Blocks, parents and pragmas are not supported.");
    if (!t->body.len && t->kind != '!')
        return syntax_error(p, start, "A tag is empty.");
    judge_standalone(p, t);
    return OK;
}

static enum err add_tag(struct parser *p, const struct tag *t)
{
    switch (t->kind) {
    case '#':
    case '^':
        return open_section(p, t);
    case '/':
        return close_section(p, t);
    case '>':
        return add_partial(p, t);
    case '=':
        return set_delimiters(p, t);
    case '!':
        return OK;
    case '&':
    case '{':
        return set_name(p, add_node(p, MUSTACHE_RAW), t);
    default:
        return set_name(p, add_node(p, MUSTACHE_VALUE), t);
    }
}

static enum err parse(struct parser *p)
{
    while (p->pos < p->len) {
        size_t start = find(p, p->pos, 0, p->open);
        struct tag t;
        enum err e;

        if (start == p->len) {
            add_text(p, p->pos, p->len);
            break;
        }
        e = read_tag(p, start, &t);
        if (e)
            return e;
        add_text(p, p->pos, t.standalone ? t.line : start);
        if (!t.standalone && at_line_start(p, start))
            add_node(p, MUSTACHE_LINE);
        e = add_tag(p, &t);
        if (e)
            return e;
        p->pos = t.standalone ? t.after : t.end;
    }
    if (p->depth)
        return syntax_error(p, p->section_starts[p->depth - 1], "A section is not closed.");
    return OK;
}

enum err mustache_parse(const char *name, const char *text, size_t len, struct mustache **out,
                        struct fail *f)
{
    struct mustache *m;
    struct parser p = {.len = len, .open = {"{{", 2}, .close = {"}}", 2}, .f = f};
    enum err e;

    *out = NULL;
    if (len > TEMPLATE_MAX)
        return fail(f, ERR_BAD_REQUEST, "%.80s: A template may have 1 MiB.", name);
    m = xcalloc(1, sizeof *m);
    arena_init(&m->mem);
    m->name = arena_str(&m->mem, name);
    p.m = m;
    p.text = arena_strn(&m->mem, text, len);
    e = parse(&p);
    if (e) {
        mustache_free(m);
        return e;
    }
    *out = m;
    return OK;
}

void mustache_free(struct mustache *m)
{
    if (!m)
        return;
    free(m->nodes);
    arena_release(&m->mem);
    free(m);
}
