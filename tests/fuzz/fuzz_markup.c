/* markup_mentions(): whatever was typed, and whoever is called so, the HTML is of the known
 * elements, in order and closed, its links lead where links may, and it is UTF-8. */
#include "chat/markup.h"
#include "lib/text.h"

#include "tests/fuzz/fuzz.h"

#include <strings.h>

enum { OPEN_MAX = 64 };

static const char *const elements[] = {"p",          "br", "strong", "em", "del", "code", "pre",
                                       "blockquote", "ul", "ol",     "li", "a",   "span"};

static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

struct reader {
    const char *at;
    const char *open[OPEN_MAX];
    size_t depth;
};

static bool takes(struct reader *r, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(r->at, text, len) != 0)
        return false;
    r->at += len;
    return true;
}

/* Text up to a quote (of an attribute) or an angle. */
static void read_text(struct reader *r, bool attribute)
{
    while (*r->at && *r->at != '<' && !(attribute && *r->at == '"')) {
        bool known = *r->at != '&';

        FUZZ_PROMISE(*r->at != '>' && *r->at != '"' && *r->at != '\'');
        for (size_t i = 0; i < ARRAY_LEN(entities); i++)
            known |= strncmp(r->at, entities[i], strlen(entities[i])) == 0;
        FUZZ_PROMISE(known);
        r->at++;
    }
}

static void read_link(struct reader *r)
{
    FUZZ_PROMISE(takes(r, " href=\""));
    FUZZ_PROMISE(!strncasecmp(r->at, "http://", 7) || !strncasecmp(r->at, "https://", 8) ||
                 !strncasecmp(r->at, "mailto:", 7));
    read_text(r, true);
    FUZZ_PROMISE(takes(r, "\" rel=\"nofollow noopener noreferrer\" target=\"_blank\""));
    if (takes(r, " title=\"")) {
        read_text(r, true);
        FUZZ_PROMISE(takes(r, "\""));
    }
}

static void read_mention(struct reader *r)
{
    FUZZ_PROMISE(takes(r, " data-user=\""));
    r->at += strspn(r->at, "0123456789");
    FUZZ_PROMISE(takes(r, "\""));
    FUZZ_PROMISE(strncmp(r->at, ">@", 2) == 0);
}

/* As if everything behind such a sign were a name. */
static void find_mentions(const char *text, struct mentions *out)
{
    for (const char *s = strchr(text, '@'); s; s = strchr(s + 1, '@')) {
        size_t len = strcspn(s + 1, "@ \t\n");

        if (out->count == MENTIONS_MAX || (len > 0 && memchr(s, '`', len + 1)))
            return;
        if (len > 0)
            out->list[out->count++] = (struct mention){
                .user_id = 7, .at = (size_t)(s - text), .len = len + 1, .username = "Ana <B>"};
    }
}

/* What is said to be mentioned stands in the HTML, so often and no more. */
static void count_mentions(const char *html, const struct mentions *mentions)
{
    size_t count = 0;

    for (const char *s = html ? strstr(html, "<span ") : NULL; s; s = strstr(s + 1, "<span "))
        count++;
    FUZZ_PROMISE(count == mentions->count);
}

static const char *read_name(struct reader *r)
{
    size_t len = strspn(r->at, "abcdefghijklmnopqrstuvwxyz");

    for (size_t i = 0; i < ARRAY_LEN(elements); i++)
        if (strlen(elements[i]) == len && strncmp(r->at, elements[i], len) == 0) {
            r->at += len;
            return elements[i];
        }
    FUZZ_PROMISE(!"an element that is known");
    return "";
}

static void read_tag(struct reader *r)
{
    bool end = takes(r, "/");
    const char *name = read_name(r);

    if (end) {
        FUZZ_PROMISE(r->depth > 0 && r->open[r->depth - 1] == name);
        r->depth--;
    } else if (strcmp(name, "br") != 0) {
        FUZZ_PROMISE(r->depth < OPEN_MAX);
        r->open[r->depth++] = name;
        if (strcmp(name, "a") == 0)
            read_link(r);
        if (strcmp(name, "span") == 0)
            read_mention(r);
        if (takes(r, " start=\"")) {
            r->at += strspn(r->at, "0123456789");
            FUZZ_PROMISE(takes(r, "\""));
        }
    }
    FUZZ_PROMISE(takes(r, ">"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = {0};
    struct mentions mentions = {.count = 0};
    const char *text, *html;
    struct arena a;

    arena_init(&a);
    text = text_clean(&a, (const char *)data, size);
    if (text)
        find_mentions(text, &mentions);
    html = text ? markup_mentions(&a, text, &mentions) : NULL;
    count_mentions(html, &mentions);
    if (html) {
        FUZZ_PROMISE(strlen(html) <= MARKUP_OUTPUT_MAX);
        FUZZ_PROMISE(text_is_utf8(html, strlen(html)));
        r.at = html;
        for (read_text(&r, false); *r.at; read_text(&r, false)) {
            r.at++;
            read_tag(&r);
        }
        FUZZ_PROMISE(r.depth == 0);
    }
    arena_release(&a);
    return 0;
}

static const struct fuzz_input examples[] = {
    FUZZ_INPUT(
        "**bold** _it_ ~~gone~~ `code` [a](https://b.example \"t\") https://c.example/x_(y)."),
    FUZZ_INPUT("> quote\n>> deeper\nanswer\n- a\n  - b\n1. one\n2. two\n\ntext"),
    FUZZ_INPUT("```js\nlet a = 1;\n```\nand `more`"),
    FUZZ_INPUT("$5 to $10, ~$120B (~$55B), 5~7U, *ST, __init__, 8), 2*3*4, > 5 and < 6, #1 pick"),
    FUZZ_INPUT("\xc2\xaf\\_(\xe3\x83\x84)_/\xc2\xaf \\*not\\* ![p](https://b.example/x.png) "
               "<https://b.example>"),
    FUZZ_INPUT("@ana, *@ben* `@ana` [@ben](https://b.example) https://c.example/@ana\n> @ana"),
    FUZZ_INPUT("<script>alert(1)</script> [a](javascript:x) &#xd800; &lt;"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT("*"),
    FUZZ_INPUT("**"),
    FUZZ_INPUT("_"),
    FUZZ_INPUT("~~"),
    FUZZ_INPUT("`"),
    FUZZ_INPUT("```\n"),
    FUZZ_INPUT("["),
    FUZZ_INPUT("]("),
    FUZZ_INPUT(")"),
    FUZZ_INPUT("!["),
    FUZZ_INPUT("<"),
    FUZZ_INPUT(">"),
    FUZZ_INPUT("\n> "),
    FUZZ_INPUT("\n- "),
    FUZZ_INPUT("\n1. "),
    FUZZ_INPUT("\n  - "),
    FUZZ_INPUT("\\"),
    FUZZ_INPUT("\n"),
    FUZZ_INPUT("  \n"),
    FUZZ_INPUT("https://a.b"),
    FUZZ_INPUT("@"),
    FUZZ_INPUT("@ana"),
    FUZZ_INPUT("mailto:a@b"),
    FUZZ_INPUT("javascript:"),
    FUZZ_INPUT(" \"t\""),
    FUZZ_INPUT("&#xd800;"),
    FUZZ_INPUT("]: "),
    FUZZ_INPUT("\n---\n"),
    FUZZ_INPUT("\n==="),
    FUZZ_INPUT("\xef\xb7\x90"),
    FUZZ_INPUT("\xef\xbf\xbe"),
    FUZZ_INPUT("\xef\xbf\xbf"),
    FUZZ_INPUT("\xe2\x80\xae"),
    FUZZ_INPUT("|a|\n|-|"),
};

FUZZ_MAIN("markup_mentions", 60000, examples, words);
