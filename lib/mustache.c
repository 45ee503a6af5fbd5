/*
 * Renders the nodes of lib/mustache_parse.c over a json_object. Recursion is only into sections and
 * partials, at most MUSTACHE_DEPTH deep; the work in all is bounded too, because lists in lists and
 * partials in partials multiply.
 */
#include "lib/mustache_node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 4000000, INDENT_MAX = 4096 };

/* The context stack: what a name is looked up in, innermost first. */
struct frame {
    struct json_object *value;
    const struct frame *up;
};

struct renderer {
    mustache_partial_fn *partial;
    void *ctx;
    struct buf *out;
    struct buf indent;   /* the indentations of the partials we are in */
    size_t indent_start; /* those before this do not count here */
    unsigned depth, steps;
    struct fail *f;
};

struct span {
    const struct mustache *m;
    size_t from, to; /* of its nodes */
};

static enum err render_span(struct renderer *r, struct span s, const struct frame *top);

/* The first part is searched for outwards in the stack, the rest only inside what was found. */
static struct json_object *lookup(const struct mustache_node *n, const struct frame *top)
{
    const char *part = n->str;
    struct json_object *value = NULL;

    if (!n->parts)
        return top->value;
    for (; top; top = top->up)
        if (json_object_is_type(top->value, json_type_object) &&
            json_object_object_get_ex(top->value, part, &value))
            break;
    for (size_t i = 1; i < n->parts; i++) {
        part += strlen(part) + 1;
        if (!json_object_is_type(value, json_type_object) ||
            !json_object_object_get_ex(value, part, &value))
            return NULL;
    }
    return value;
}

static bool is_true(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_null:
        return false;
    case json_type_array:
        return json_object_array_length(value) > 0;
    case json_type_string:
        return json_object_get_string_len(value) > 0;
    case json_type_object:
        return true;
    default:
        return json_object_get_double(value) != 0;
    }
}

/* The shortest text that reads back as the same number: 1.21, not 1.20999999999999996. */
static size_t format_double(char *out, size_t size, double d)
{
    int len = 0;

    if (!isfinite(d))
        return 0;
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(out, size, "%.*g", digits, d);
        if (strtod(out, NULL) == d)
            break;
    }
    return (size_t)len;
}

static void render_value(struct renderer *r, struct json_object *value, bool escape)
{
    char number[32];
    const char *s;
    size_t len;

    switch (json_object_get_type(value)) {
    case json_type_null:
        return;
    case json_type_string:
        s = json_object_get_string(value);
        len = (size_t)json_object_get_string_len(value);
        break;
    case json_type_double:
        s = number;
        len = format_double(number, sizeof number, json_object_get_double(value));
        break;
    default:
        s = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, &len);
        break;
    }
    if (escape)
        buf_html(r->out, s, len);
    else
        buf_raw_unescaped(r->out, s, len);
}

static enum err render_section(struct renderer *r, struct span body, struct json_object *value,
                               const struct frame *top)
{
    struct frame frame = {.value = value, .up = top};
    size_t items;
    enum err e;

    if (!json_object_is_type(value, json_type_array))
        return render_span(r, body, &frame);
    items = json_object_array_length(value);
    for (size_t i = 0; i < items; i++) {
        frame.value = json_object_array_get_idx(value, i);
        e = render_span(r, body, &frame);
        if (e)
            return e;
    }
    return OK;
}

/* A partial inside a line is not indented at all: its line already was. */
static enum err render_partial(struct renderer *r, const struct mustache_node *n,
                               const struct frame *top)
{
    const struct mustache *m = r->partial ? r->partial(r->ctx, n->str) : NULL;
    size_t old_len = r->indent.len, old_start = r->indent_start;
    enum err e;

    if (!m)
        return OK;
    if (n->standalone)
        buf_add(&r->indent, n->indent, n->indent_len);
    else
        r->indent_start = r->indent.len;
    if (r->indent.overflow)
        return fail(r->f, ERR_INTERNAL, "A template's partials are indented too far.");
    e = render_span(r, (struct span){m, 0, m->count}, top);
    r->indent.len = old_len;
    r->indent_start = old_start;
    return e;
}

static enum err render_node(struct renderer *r, const struct mustache *m, size_t at,
                            const struct frame *top)
{
    const struct mustache_node *n = &m->nodes[at];
    const struct span body = {m, at + 1, n->end};
    struct json_object *value;

    switch (n->type) {
    case MUSTACHE_LINE:
        if (r->indent.len > r->indent_start)
            buf_add(r->out, r->indent.data + r->indent_start, r->indent.len - r->indent_start);
        return OK;
    case MUSTACHE_TEXT:
        buf_add(r->out, n->str, n->len);
        return OK;
    case MUSTACHE_VALUE:
    case MUSTACHE_RAW:
        render_value(r, lookup(n, top), n->type == MUSTACHE_VALUE);
        return OK;
    case MUSTACHE_SECTION:
        value = lookup(n, top);
        return is_true(value) ? render_section(r, body, value, top) : OK;
    case MUSTACHE_INVERTED:
        return is_true(lookup(n, top)) ? OK : render_span(r, body, top);
    case MUSTACHE_PARTIAL:
        return render_partial(r, n, top);
    }
    return OK;
}

static enum err render_span(struct renderer *r, struct span s, const struct frame *top)
{
    enum err e = OK;

    if (r->depth > MUSTACHE_DEPTH)
        return fail(r->f, ERR_INTERNAL, "A template's sections and partials nest too deeply.");
    r->depth++;
    for (size_t i = s.from; !e && i < s.to; i++) {
        const struct mustache_node *n = &s.m->nodes[i];

        e = render_node(r, s.m, i, top);
        if (n->type == MUSTACHE_SECTION || n->type == MUSTACHE_INVERTED)
            i = n->end - 1;
        if (!e && ++r->steps > STEPS_MAX)
            e = fail(r->f, ERR_INTERNAL, "A template takes too many steps.");
        if (!e && r->out->overflow)
            e = fail(r->f, ERR_INTERNAL, "A rendered template is too long.");
    }
    r->depth--;
    return e;
}

enum err mustache_render(const struct mustache *m, struct json_object *data,
                         mustache_partial_fn *partial, void *ctx, struct buf *out, struct fail *f)
{
    struct renderer r = {.partial = partial, .ctx = ctx, .out = out, .f = f};
    struct frame root = {.value = data};
    enum err e;

    buf_init(&r.indent, INDENT_MAX);
    e = render_span(&r, (struct span){m, 0, m->count}, &root);
    buf_release(&r.indent);
    return e;
}
