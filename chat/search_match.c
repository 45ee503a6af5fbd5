#include "chat/search_match.h"

#include "lib/text_find.h"

#include <string.h>

static bool is_word(const struct token *word, const struct token *wanted, bool prefix)
{
    return (prefix ? word->len >= wanted->len : word->len == wanted->len) &&
           memcmp(word->text, wanted->text, wanted->len) == 0;
}

static bool stands_at(const struct tokens *words, size_t at, const struct search_need *need)
{
    size_t count = need->words.count;

    if (count == 0 || at + count > words->count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!is_word(&words->list[at + i], &need->words.list[i],
                     need->term->prefix && i == count - 1))
            return false;
    return true;
}

static void add_hit(struct search_match *m, struct search_hit hit)
{
    if (m->hit_count < SEARCH_HITS_MAX)
        m->hits[m->hit_count++] = hit;
}

static size_t find_words(const struct search_need *need, const struct tokens *words, size_t field,
                         struct search_match *m)
{
    size_t times = 0;

    for (size_t at = 0; at < words->count; at++) {
        if (!stands_at(words, at, need))
            continue;
        times++;
        if (!need->term->negative)
            add_hit(m, (struct search_hit){field, words->list[at].start,
                                           words->list[at + need->words.count - 1].end});
    }
    return times;
}

static size_t find_part(const struct search_need *need, const char *text, size_t len, size_t field,
                        struct search_match *m)
{
    size_t times = 0, start = 0, end;

    for (; text_find(text, len, need->term->text, need->term->len, &start, &end); start = end) {
        times++;
        if (!need->term->negative)
            add_hit(m, (struct search_hit){field, start, end});
    }
    return times;
}

static bool is_before(const struct search_hit *a, const struct search_hit *b)
{
    return a->field != b->field ? a->field < b->field : a->start < b->start;
}

/* In the order of the fields and their texts, each place once. */
static void arrange(struct search_match *m)
{
    size_t kept = 0;

    for (size_t i = 1; i < m->hit_count; i++) {
        struct search_hit hit = m->hits[i];
        size_t at = i;

        for (; at > 0 && is_before(&hit, &m->hits[at - 1]); at--)
            m->hits[at] = m->hits[at - 1];
        m->hits[at] = hit;
    }
    for (size_t i = 0; i < m->hit_count; i++) {
        struct search_hit *last = kept ? &m->hits[kept - 1] : NULL;

        if (!last || last->field != m->hits[i].field || m->hits[i].start >= last->end)
            m->hits[kept++] = m->hits[i];
        else if (m->hits[i].end > last->end)
            last->end = m->hits[i].end;
    }
    m->hit_count = kept;
}

/*
 * BM25 for one word: how often, against how long the text is. How rare the word is makes no
 * difference here, since every message that fits has all of them.
 */
static double weight(size_t times, size_t words)
{
    static const double k1 = 1.2, b = 0.75, usual_words = 20;
    double length = 1 - b + b * (double)words / usual_words;

    return (double)times * (k1 + 1) / ((double)times + k1 * length);
}

bool search_match(const struct search_need *needs, size_t count, const struct search_field *fields,
                  size_t field_count, struct search_match *out)
{
    size_t words = 0;

    out->fit = 0;
    out->hit_count = 0;
    for (size_t i = 0; i < field_count; i++)
        words += fields[i].words.count;
    for (size_t i = 0; i < count; i++) {
        const struct search_need *need = &needs[i];
        size_t times = 0;

        for (size_t j = 0; j < field_count; j++)
            times += need->as_part ? find_part(need, fields[j].text, fields[j].len, j, out)
                                   : find_words(need, &fields[j].words, j, out);
        if ((times > 0) == need->term->negative)
            return false;
        if (!need->term->negative)
            out->fit += weight(times, words);
    }
    arrange(out);
    return true;
}
