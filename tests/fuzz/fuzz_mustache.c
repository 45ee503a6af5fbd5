/*
 * The Mustache renderer. An input is a template, a NUL, a partial "p", a NUL, and data as JSON;
 * what is missing is replaced by something with '<' in it, so that escaping can be watched.
 */
#include "lib/json.h"
#include "lib/mustache.h"

#include "tests/fuzz/fuzz.h"

enum { OUTPUT_MAX = 65536 };

static const char spare_data[] =
    "{\"x\":\"<b>\",\"l\":[1,{\"x\":\"<i>\"},[],\"<\"],\"o\":{\"x\":{\"y\":\"<u>\"}},\"t\":true}";

struct pieces {
    struct mustache *template, *partial;
    struct json_object *data;
};

static const struct mustache *find_partial(void *ctx, const char *name)
{
    const struct pieces *p = ctx;

    return strcmp(name, "p") ? NULL : p->partial;
}

static struct mustache *parse(const char *s, size_t len)
{
    struct mustache *m;
    struct fail f = {0};

    if (!mustache_parse("input", s, len, &m, &f))
        return m;
    FUZZ_PROMISE(!m && f.err == ERR_BAD_REQUEST && !strncmp(f.message, "input:", 6));
    return NULL;
}

/* Where a template has neither '<' nor a way to say "do not escape", its output has no '<'. */
static bool cannot_make_html(const char *s, size_t len)
{
    return !memchr(s, '<', len) && !memchr(s, '&', len) && !memchr(s, '=', len) &&
           !memmem(s, len, "{{{", 3);
}

static void render(struct pieces *p, const char *input, size_t template_len, bool safe)
{
    struct buf first, second;
    struct fail f = {0};
    enum err e;

    buf_init(&first, OUTPUT_MAX);
    buf_init(&second, OUTPUT_MAX);
    e = mustache_render(p->template, p->data, find_partial, p, &first, &f);
    FUZZ_PROMISE(e == OK || (e == ERR_INTERNAL && strlen(f.message)));
    FUZZ_PROMISE(mustache_render(p->template, p->data, find_partial, p, &second, &f) == e);
    FUZZ_PROMISE(first.len == second.len && !strcmp(buf_cstr(&first), buf_cstr(&second)));
    if (safe)
        FUZZ_PROMISE(!memchr(buf_cstr(&first), '<', first.len));
    if (!e && !memmem(input, template_len, "{{", 2))
        FUZZ_PROMISE(first.len == template_len && !memcmp(buf_cstr(&first), input, template_len));
    buf_release(&first);
    buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *input = (const char *)data, *end = input + size;
    const char *nul = memchr(input, '\0', size), *partial = nul ? nul + 1 : end;
    const char *second = memchr(partial, '\0', (size_t)(end - partial));
    const char *json = second ? second + 1 : end;
    size_t template_len = nul ? (size_t)(nul - input) : size;
    size_t partial_len = (size_t)((second ? second : end) - partial);
    struct pieces p = {.template = parse(input, template_len)};

    if (!p.template)
        return 0;
    p.partial = parse(partial, partial_len);
    if (json_parse(json, (size_t)(end - json), &p.data, NULL))
        p.data = json_tokener_parse(spare_data);
    render(&p, input, template_len,
           cannot_make_html(input, template_len) && cannot_make_html(partial, partial_len));
    mustache_free(p.template);
    mustache_free(p.partial);
    json_object_put(p.data);
    return 0;
}

static const struct fuzz_input examples[] = {
    FUZZ_INPUT("Hello {{x}}, {{{x}}} {{&x}} {{o.x.y}}\n"),
    FUZZ_INPUT(
        "<ul>\n  {{#l}}\n  <li>{{x}}{{.}}</li>\n  {{/l}}\n  {{^l}}\n  none\n  {{/l}}\n</ul>"),
    FUZZ_INPUT("  {{>p}}\n|{{>p}}|\0{{#l}}\n[{{.}}]\n{{/l}}\n\0{\"l\":[1,2,3]}"),
    FUZZ_INPUT("{{=<% %>=}}<%x%> <%#o%><%x.y%><%/o%><%={{ }}=%>{{x}}\r\n{{! note\n }}\r\n"),
    FUZZ_INPUT("{{>p}}\0{{x}}{{#o}}{{>p}}{{/o}}\0{\"x\":1,\"o\":{\"x\":2,\"o\":{\"o\":[]}}}"),
    FUZZ_INPUT("{{#t}}{{#t}}{{#t}}{{#l}}{{#l}}{{x}}{{/l}}{{/l}}{{/t}}{{/t}}{{/t}}"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT("{{"),       FUZZ_INPUT("}}"),        FUZZ_INPUT("{{{"),     FUZZ_INPUT("}}}"),
    FUZZ_INPUT("{{x}}"),    FUZZ_INPUT("{{.}}"),     FUZZ_INPUT("{{#l}}"),  FUZZ_INPUT("{{/l}}"),
    FUZZ_INPUT("{{^l}}"),   FUZZ_INPUT("{{#t}}"),    FUZZ_INPUT("{{/t}}"),  FUZZ_INPUT("{{>p}}"),
    FUZZ_INPUT("{{! "),     FUZZ_INPUT("{{=| |=}}"), FUZZ_INPUT("|"),       FUZZ_INPUT("={{ }}="),
    FUZZ_INPUT("\n"),       FUZZ_INPUT("\r\n"),      FUZZ_INPUT("  "),      FUZZ_INPUT("\t"),
    FUZZ_INPUT("\0"),       FUZZ_INPUT("{{&x}}"),    FUZZ_INPUT("{{o.x}}"), FUZZ_INPUT("<"),
    FUZZ_INPUT("{{#l}}\n"), FUZZ_INPUT("{{/l}}\n"),  FUZZ_INPUT("{{ "),     FUZZ_INPUT("{{$x}}"),
};

FUZZ_MAIN("mustache_render", 300000, examples, words);
