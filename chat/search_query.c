#include "chat/search_query.h"

#include "lib/text.h"
#include "lib/text_day.h"

#include <string.h>

static const char blanks[] = " \t\r\n";

/* A word as it stands in the text, and what surrounds it. */
struct piece {
    const char *text; /* without quotes, in the arena */
    size_t len;
    bool quoted;
};

void search_query_note(struct search_query *q, const char *sentence)
{
    if (q->note_count < SEARCH_NOTES_MAX)
        q->notes[q->note_count++] = sentence;
}

/* Up to the next blank, or of "…" up to the quote that ends it, or to the text's end. */
static struct piece take_piece(struct arena *a, const char **text, const char *end)
{
    bool quoted = *text < end && **text == '"';
    const char *start = *text + quoted, *stop = start;

    while (stop < end && (quoted ? *stop != '"' : !strchr(blanks, *stop)))
        stop++;
    *text = stop + (quoted && stop < end);
    return (struct piece){arena_strn(a, start, (size_t)(stop - start)), (size_t)(stop - start),
                          quoted};
}

/* ----- operators ----- */

typedef bool operator_fn(struct arena *a, struct search_query *q, const struct piece *value);

static bool by_author(struct arena *a, struct search_query *q, const struct piece *value)
{
    const char *name = value->text + (value->text[0] == '@');

    (void)a;
    q->from = name;
    return *name != '\0';
}

static bool in_room(struct arena *a, struct search_query *q, const struct piece *value)
{
    char *slug = arena_str(a, value->text + (value->text[0] == '#'));

    for (char *c = slug; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    q->room = slug;
    return *slug != '\0';
}

static bool after_day(struct arena *a, struct search_query *q, const struct piece *value)
{
    (void)a;
    return text_day(value->text, value->len, &q->from_ms);
}

static bool before_day(struct arena *a, struct search_query *q, const struct piece *value)
{
    (void)a;
    return text_day(value->text, value->len, &q->before_ms);
}

static bool has_thing(struct arena *a, struct search_query *q, const struct piece *value)
{
    static const struct {
        const char *name;
        unsigned has;
    } things[] = {
        {"link", SEARCH_HAS_LINK}, {"file", SEARCH_HAS_FILE}, {"image", SEARCH_HAS_IMAGE}};

    (void)a;
    for (size_t i = 0; i < ARRAY_LEN(things); i++) {
        if (strcmp(value->text, things[i].name) == 0) {
            q->has |= things[i].has;
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    operator_fn *apply;
    const char *help;
} operators[] = {
    {"from:", by_author, "from: takes a person's name, as in from:ana."},
    {"in:", in_room, "in: takes a room's short name, as in in:energy."},
    {"after:", after_day, "after: takes a date, as in after:2026-11-01."},
    {"before:", before_day, "before: takes a date, as in before:2026-11-01."},
    {"has:", has_thing, "has: takes one of the words link, file and image."},
};

static bool take_operator(struct arena *a, struct search_query *q, const char **text,
                          const char *end)
{
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        size_t len = strlen(operators[i].name);
        struct search_query tried = *q;
        struct piece value;

        if ((size_t)(end - *text) < len || strncmp(*text, operators[i].name, len) != 0)
            continue;
        *text += len;
        value = take_piece(a, text, end);
        if (operators[i].apply(a, &tried, &value))
            *q = tried;
        else
            search_query_note(q, operators[i].help);
        return true;
    }
    return false;
}

/* ----- words ----- */

static void add_term(struct search_query *q, struct piece piece, bool negative)
{
    bool prefix = false;

    while (!piece.quoted && piece.len > 0 && piece.text[piece.len - 1] == '*') {
        piece.len--;
        prefix = true;
    }
    if (piece.len == 0)
        return;
    if (q->term_count == SEARCH_TERMS_MAX) {
        search_query_note(q, "Only the first 12 words were looked for.");
        return;
    }
    q->terms[q->term_count++] = (struct search_term){.text = piece.text,
                                                     .len = piece.len,
                                                     .quoted = piece.quoted,
                                                     .prefix = prefix,
                                                     .negative = negative};
}

void search_query_parse(struct arena *a, const char *text, size_t len, struct search_query *out)
{
    /* In NFC, as messages are; what is no text at all finds nothing. */
    const char *at = text_clean(a, text, len), *end;

    *out = (struct search_query){.before_ms = INT64_MAX};
    for (end = at ? at + strlen(at) : at; at < end;) {
        size_t gap = strspn(at, blanks);
        bool negative;

        at += gap;
        if (at == end || take_operator(a, out, &at, end))
            continue;
        negative = *at == '-' && at + 1 < end && !strchr(blanks, at[1]);
        at += negative;
        add_term(out, take_piece(a, &at, end), negative);
    }
}
