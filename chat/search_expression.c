#include "chat/search_expression.h"

#include "lib/buf.h"
#include "lib/text_find.h"

enum {
    SHORT_PREFIX = 3, /* shorter ones stand before too many words to look them all up */
    PARTS_MAX = 32,   /* trigrams asked for */
    EXPRESSION_MAX = 16384
};

bool search_is_indexed(const struct search_need *need)
{
    const struct token *last = need->words.count ? &need->words.list[need->words.count - 1] : NULL;

    return !need->as_part && last && (!need->term->prefix || last->len >= SHORT_PREFIX);
}

/* Nothing of what was typed is syntax: words are folded letters and digits, always in quotes. */
static void add_words(struct buf *b, const struct search_need *need)
{
    buf_str(b, "{body} : \"");
    for (size_t i = 0; i < need->words.count; i++) {
        buf_str(b, i ? " " : "");
        buf_add(b, need->words.list[i].text, need->words.list[i].len);
    }
    buf_str(b, need->term->prefix ? "\" *" : "\"");
}

static void add_and(struct buf *b)
{
    if (b->len > 1)
        buf_str(b, " AND ");
}

static void add_keys(struct buf *b, const struct search_keys *keys)
{
    static const struct {
        unsigned has;
        const char *key;
    } things[] = {{SEARCH_HAS_LINK, "l"}, {SEARCH_HAS_FILE, "f"}, {SEARCH_HAS_IMAGE, "i"}};

    for (size_t i = 0; i < keys->author_count; i++) {
        if (i == 0)
            add_and(b);
        buf_fmt(b, "%s{keys} : \"u%lld\"", i ? " OR " : "(", (long long)keys->authors[i]);
    }
    buf_str(b, keys->author_count ? ")" : "");
    if (keys->room_id) {
        add_and(b);
        buf_fmt(b, "{keys} : \"r%lld\"", (long long)keys->room_id);
    }
    for (size_t i = 0; i < ARRAY_LEN(things); i++) {
        if (!(keys->has & things[i].has))
            continue;
        add_and(b);
        buf_fmt(b, "{keys} : \"%s\"", things[i].key);
    }
}

/* The index has a message's text and the names of its files one behind the other, so a phrase may
 * stand in it that stands in neither. */
static bool is_excluded(const struct search_need *need)
{
    return need->term->negative && search_is_indexed(need) && need->words.count == 1;
}

/* "(this AND that) NOT other"; NULL where nothing of it is in the index of words. */
const char *search_words_expression(struct arena *a, const struct search_need *needs, size_t count,
                                    const struct search_keys *keys)
{
    struct buf b;
    const char *made = NULL;
    bool any;

    buf_init(&b, EXPRESSION_MAX);
    buf_char(&b, '(');
    for (size_t i = 0; i < count; i++) {
        if (needs[i].term->negative || !search_is_indexed(&needs[i]))
            continue;
        add_and(&b);
        add_words(&b, &needs[i]);
    }
    add_keys(&b, keys);
    any = b.len > 1;
    buf_char(&b, ')');
    for (size_t i = 0; i < count; i++) {
        if (!is_excluded(&needs[i]))
            continue;
        buf_str(&b, " NOT ");
        add_words(&b, &needs[i]);
    }
    if (any && !b.overflow)
        made = arena_str(a, buf_cstr(&b));
    buf_release(&b);
    return made;
}

static size_t add_trigrams(struct buf *b, const struct search_term *t, size_t most)
{
    const char *end = t->text + t->len;
    size_t count = 0;

    for (const char *at = t->text; at < end && count < most; at += text_char_len(at)) {
        const char *stop = at;

        for (int i = 0; i < SEARCH_PART_CHARS && stop; i++)
            stop = stop < end ? stop + text_char_len(stop) : NULL;
        if (!stop)
            break;
        add_and(b);
        buf_char(b, '"');
        for (const char *c = at; c < stop; c++) {
            buf_str(b, *c == '"' ? "\"" : "");
            buf_char(b, *c);
        }
        buf_char(b, '"');
        count++;
    }
    return count;
}

/* NULL where no part is long enough to be in the index. */
const char *search_parts_expression(struct arena *a, const struct search_need *needs,
                                    size_t need_count)
{
    struct buf b;
    const char *made = NULL;
    size_t count = 0;

    buf_init(&b, EXPRESSION_MAX);
    buf_char(&b, '(');
    for (size_t i = 0; i < need_count; i++)
        if (needs[i].as_part && !needs[i].term->negative)
            count += add_trigrams(&b, needs[i].term, PARTS_MAX - count);
    buf_char(&b, ')');
    if (count > 0 && !b.overflow)
        made = arena_str(a, buf_cstr(&b));
    buf_release(&b);
    return made;
}
