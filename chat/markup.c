#include "chat/markup.h"

#include "chat/markup_address.h"
#include "chat/markup_shield.h"
#include "db/mention_name.h"
#include "lib/buf.h"
#include "lib/text.h"

#include <md4c.h>
#include <string.h>

/* Every byte may become a stand-in behind a mark. */
enum { MARKUP_SHIELDED_MAX = 2 * SHIELD_BYTES * MARKUP_INPUT_MAX };

enum { FLAGS = MD_FLAG_NOHTML | MD_FLAG_NOINDENTEDCODEBLOCKS | MD_FLAG_STRIKETHROUGH };

/* A span's type, apart from the blocks' in what is open. */
enum { SPAN_OPEN = 100 };

/* What md4c 0.4.8 heeds of a callback's answers: only negative ones end the parse. */
enum { GO_ON = 0, GIVE_UP = -1 };

struct renderer {
    struct buf out, typed; /* typed: a piece of text without stand-ins */
    struct buf address;    /* of the open link */
    int depth;
    int open[MARKUP_DEPTH_MAX]; /* the spans and blocks that are, outermost first */
    int top;                    /* blocks that are in no other */
    int paragraphs;             /* of these */
    bool marked;                /* there is more than text and line ends */
    int links;                  /* open ones; only the outermost is written */
    size_t link_end;            /* of its first tag */
    const char *body;
    const struct mentions *mentions;
    bool written[MENTIONS_MAX]; /* which of them */
};

/* ----- text ----- */

/* What was typed, into r->typed. */
static void read_typed(struct renderer *r, const char *s, size_t len, bool is_code)
{
    size_t n;
    char c;

    buf_clear(&r->typed);
    for (size_t i = 0; i < len; i += n) {
        enum shield_kind kind = shield_at(s + i, len - i, &c);

        n = kind == SHIELD_TEXT ? 1 : SHIELD_BYTES;
        if (kind == SHIELD_ESCAPE && is_code)
            buf_char(&r->typed, '\\');
        if (kind == SHIELD_ESCAPE)
            r->marked = true;
        if (kind == SHIELD_TEXT || kind == SHIELD_CHAR)
            buf_char(&r->typed, c);
    }
}

static void write_typed(struct renderer *r, const char *s, size_t len, bool is_code)
{
    read_typed(r, s, len, is_code);
    buf_html(&r->out, buf_cstr(&r->typed), r->typed.len);
}

/* r->typed as an address. */
static void begin_link(struct renderer *r)
{
    r->marked = true;
    buf_str(&r->out, "<a href=\"");
    buf_html(&r->out, buf_cstr(&r->typed), r->typed.len);
    buf_str(&r->out, "\" rel=\"nofollow noopener noreferrer\" target=\"_blank\"");
}

/* Which of those that are to be written is r->typed; the count for none. */
static size_t find_mention(const struct renderer *r)
{
    const struct mention *n = r->mentions->list;
    size_t i = 0;

    while (i < r->mentions->count && (r->written[i] || n[i].len != r->typed.len ||
                                      memcmp(r->body + n[i].at, r->typed.data, n[i].len) != 0))
        i++;
    return i;
}

/* Within a link it is text. */
static void write_mention(struct renderer *r, size_t i)
{
    const struct mention *n = &r->mentions->list[i];

    if (r->links > 0) {
        buf_html(&r->out, buf_cstr(&r->typed), r->typed.len);
        return;
    }
    r->marked = r->written[i] = true;
    mention_name_span(&r->out, n->user_id, n->username);
}

/* A mention, or a bare address. Within a link that is text, and must be where the link leads. */
static int write_span(struct renderer *r, const char *s, size_t len)
{
    size_t mention;

    read_typed(r, s, len, false);
    mention = find_mention(r);
    if (mention < r->mentions->count) {
        write_mention(r, mention);
        return GO_ON;
    }
    if (r->links > 0) {
        buf_html(&r->out, buf_cstr(&r->typed), r->typed.len);
        return strcmp(buf_cstr(&r->typed), buf_cstr(&r->address)) == 0 ? GO_ON : GIVE_UP;
    }
    begin_link(r);
    buf_char(&r->out, '>');
    buf_html(&r->out, buf_cstr(&r->typed), r->typed.len);
    buf_str(&r->out, "</a>");
    return GO_ON;
}

static size_t before_span_mark(const char *s, size_t len)
{
    size_t n = 0;
    char c;

    while (n < len && shield_at(s + n, len - n, &c) != SHIELD_SPAN)
        n++;
    return n;
}

static int write_text(struct renderer *r, const char *s, size_t len)
{
    bool in_span = false;

    for (size_t i = 0; i < len; in_span = !in_span) {
        size_t n = before_span_mark(s + i, len - i);

        if (n && in_span && write_span(r, s + i, n) != GO_ON)
            return GIVE_UP;
        if (n && !in_span)
            write_typed(r, s + i, n, false);
        if (r->out.overflow)
            return GIVE_UP;
        i += n;
        if (i < len)
            i += SHIELD_BYTES;
    }
    return GO_ON;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *s, MD_SIZE len, void *arg)
{
    struct renderer *r = arg;

    switch (type) {
    case MD_TEXT_NORMAL:
    case MD_TEXT_ENTITY: /* as typed */
        return write_text(r, s, len);
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR: /* Enter is the end of a line */
        buf_str(&r->out, "<br>");
        return GO_ON;
    case MD_TEXT_CODE:
        write_typed(r, s, len, true);
        return r->out.overflow ? GIVE_UP : GO_ON;
    default:
        return GIVE_UP;
    }
}

/* ----- elements ----- */

static int enter_link(struct renderer *r, const MD_ATTRIBUTE *address, const MD_ATTRIBUTE *title)
{
    if (r->links++ > 0)
        return GO_ON;
    read_typed(r, address->text, address->size, false);
    if (!address_is_allowed(buf_cstr(&r->typed), r->typed.len))
        return GIVE_UP;
    buf_clear(&r->address);
    buf_str(&r->address, buf_cstr(&r->typed));
    begin_link(r);
    if (title->size) {
        buf_str(&r->out, " title=\"");
        write_typed(r, title->text, title->size, false);
        buf_char(&r->out, '"');
    }
    buf_char(&r->out, '>');
    r->link_end = r->out.len;
    return GO_ON;
}

static int leave_link(struct renderer *r)
{
    if (--r->links > 0)
        return GO_ON;
    if (r->out.len == r->link_end) /* nothing to see or to press */
        buf_html(&r->out, buf_cstr(&r->address), r->address.len);
    buf_str(&r->out, "</a>");
    return GO_ON;
}

/* md4c 0.4.8 can leave what it did not enter (`*a [b](c*)`): that is seen here. */
static bool enter(struct renderer *r, int what)
{
    if (r->depth == MARKUP_DEPTH_MAX)
        return false;
    r->open[r->depth++] = what;
    return true;
}

static bool leave(struct renderer *r, int what)
{
    return r->depth > 0 && r->open[--r->depth] == what;
}

/* What is not listed here is never written: then the text is shown plain. */
static const char *span_name(MD_SPANTYPE type)
{
    switch (type) {
    case MD_SPAN_EM:
        return "em";
    case MD_SPAN_STRONG:
        return "strong";
    case MD_SPAN_DEL:
        return "del";
    case MD_SPAN_CODE:
        return "code";
    default:
        return NULL;
    }
}

static const char *block_name(MD_BLOCKTYPE type)
{
    switch (type) {
    case MD_BLOCK_QUOTE:
        return "blockquote";
    case MD_BLOCK_UL:
        return "ul";
    case MD_BLOCK_OL:
        return "ol";
    case MD_BLOCK_LI:
        return "li";
    case MD_BLOCK_P:
        return "p";
    default:
        return NULL;
    }
}

static int enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
    struct renderer *r = arg;
    const MD_SPAN_A_DETAIL *a = detail;
    const MD_SPAN_IMG_DETAIL *img = detail;
    const char *name = span_name(type);

    if (!enter(r, SPAN_OPEN + (int)type))
        return GIVE_UP;
    if (type == MD_SPAN_A)
        return enter_link(r, &a->href, &a->title);
    if (type == MD_SPAN_IMG) /* a picture is a link to it */
        return enter_link(r, &img->src, &img->title);
    if (!name)
        return GIVE_UP;
    r->marked = true;
    buf_fmt(&r->out, "<%s>", name);
    return GO_ON;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
    struct renderer *r = arg;

    (void)detail;
    if (!leave(r, SPAN_OPEN + (int)type))
        return GIVE_UP;
    if (type == MD_SPAN_A || type == MD_SPAN_IMG)
        return leave_link(r);
    buf_fmt(&r->out, "</%s>", span_name(type));
    return GO_ON;
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    struct renderer *r = arg;
    const MD_BLOCK_OL_DETAIL *ol = detail;
    const char *name = block_name(type);

    if (type == MD_BLOCK_DOC)
        return GO_ON;
    if (!enter(r, (int)type) || (!name && type != MD_BLOCK_CODE))
        return GIVE_UP;
    r->top += r->depth == 1;
    r->paragraphs += r->depth == 1 && type == MD_BLOCK_P;
    r->marked |= type != MD_BLOCK_P;
    if (type == MD_BLOCK_CODE)
        buf_str(&r->out, "<pre><code>");
    else if (type == MD_BLOCK_OL && ol->start != 1)
        buf_fmt(&r->out, "<ol start=\"%u\">", ol->start);
    else
        buf_fmt(&r->out, "<%s>", name);
    return GO_ON;
}

/* The last line's end is the block's. */
static void leave_code(struct buf *out)
{
    if (out->len > 0 && out->data[out->len - 1] == '\n')
        out->data[--out->len] = '\0';
    buf_str(out, "</code></pre>");
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    struct renderer *r = arg;

    (void)detail;
    if (type == MD_BLOCK_DOC)
        return GO_ON;
    if (!leave(r, (int)type))
        return GIVE_UP;
    if (type == MD_BLOCK_CODE)
        leave_code(&r->out);
    else
        buf_fmt(&r->out, "</%s>", block_name(type));
    return r->out.overflow ? GIVE_UP : GO_ON;
}

/* ----- the whole ----- */

/* A lone paragraph needs no element of its own. */
static const char *finished(const struct renderer *r, struct arena *a)
{
    const size_t open = sizeof "<p>" - 1, close = sizeof "</p>" - 1;

    if (!r->marked || r->depth || r->out.overflow || !text_is_utf8(buf_cstr(&r->out), r->out.len))
        return NULL;
    if (r->top == 1 && r->paragraphs == 1)
        return arena_strn(a, r->out.data + open, r->out.len - open - close);
    return arena_strn(a, r->out.data, r->out.len);
}

/* Most of what is written has nothing that could be a mark: the parser need not be asked. */
static bool may_be_marked(const char *body)
{
    const char *line = body;

    if (strpbrk(body, "*_~`[<>\\&") || strstr(body, "//"))
        return true;
    for (;;) {
        line += strspn(line, " \t");
        if (*line == '-' || line[strspn(line, "0123456789")] == '.')
            return true;
        line = strchr(line, '\n');
        if (!line)
            return false;
        line++;
    }
}

static void keep_written(struct mentions *mentions, const struct renderer *r, bool any)
{
    size_t kept = 0;

    for (size_t i = 0; i < mentions->count; i++)
        if (any && r->written[i])
            mentions->list[kept++] = mentions->list[i];
    mentions->count = kept;
}

const char *markup_html(struct arena *a, const char *body)
{
    struct mentions nobody = {.count = 0};

    return may_be_marked(body) ? markup_mentions(a, body, &nobody) : NULL;
}

const char *markup_mentions(struct arena *a, const char *body, struct mentions *mentions)
{
    static const MD_PARSER parser = {
        .flags = FLAGS,
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = on_text,
    };
    const char *html = NULL;
    size_t len = strlen(body);
    struct renderer r = {.body = body, .mentions = mentions};
    struct buf text;

    if (len > MARKUP_INPUT_MAX) {
        mentions->count = 0;
        return NULL;
    }
    buf_init(&text, MARKUP_SHIELDED_MAX);
    buf_init(&r.out, MARKUP_OUTPUT_MAX);
    buf_init(&r.typed, MARKUP_INPUT_MAX);
    buf_init(&r.address, MARKUP_INPUT_MAX);
    if (shield_text(&text, body, len, mentions) && !text.overflow &&
        md_parse(buf_cstr(&text), (MD_SIZE)text.len, &parser, &r) == 0)
        html = finished(&r, a);
    keep_written(mentions, &r, html != NULL);
    buf_release(&text);
    buf_release(&r.typed);
    buf_release(&r.address);
    buf_release(&r.out);
    return html;
}
