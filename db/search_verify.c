#include "db/search_verify.h"
#include "db/handle.h"
#include "db/search_index.h"
#include "db/statements.h"
#include "db/tokens.h"
#include "lib/buf.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLES = 2000, WORDS = 8, EXPRESSION_MAX = 4096 };

static const struct sql count_texts[SEARCH_INDEXES] = {
    [SEARCH_WORDS] = {"search_verify.words_texts", "SELECT count(*) FROM search_words_docsize",
                      DB_CHAT, "a count of all"},
    [SEARCH_PARTS] = {"search_verify.parts_texts", "SELECT count(*) FROM search_parts_docsize",
                      DB_CHAT, "a count of all"},
};
static const struct sql count_messages[SEARCH_INDEXES] = {
    [SEARCH_WORDS] = {"search_verify.words_messages", "SELECT count(*) FROM search_words_text",
                      DB_CHAT, NULL},
    [SEARCH_PARTS] = {"search_verify.parts_messages", "SELECT count(*) FROM search_parts_text",
                      DB_CHAT, NULL},
};
static const struct sql next_text = {
    "search_verify.next_text",
    "SELECT id, body FROM search_words_text WHERE id >= ?1 ORDER BY id LIMIT 1", DB_CHAT, NULL};
static const struct sql has_words = {
    "search_verify.has_words",
    "SELECT rowid FROM search_words WHERE search_words MATCH ?1 AND rowid = ?2", DB_CHAT,
    "one row of an index"};

const struct sql *const search_verify_statements[] = {
    &count_texts[SEARCH_WORDS],
    &count_texts[SEARCH_PARTS],
    &count_messages[SEARCH_WORDS],
    &count_messages[SEARCH_PARTS],
    &next_text,
    &has_words,
    NULL,
};

static enum err count(struct db *db, const struct sql *sql, int64_t *out, struct fail *f)
{
    struct query q = query_begin(db, sql);

    *out = query_row(&q) ? query_i64(&q, 0) : 0;
    return query_end(&q, f);
}

static enum err compare_counts(struct db *db, char problem[SEARCH_PROBLEM], struct fail *f)
{
    enum err e = OK;

    for (enum search_part part = 0; !e && part < SEARCH_INDEXES; part++) {
        int64_t texts = 0, messages = 0;

        e = count(db, &count_texts[part], &texts, f);
        if (!e)
            e = count(db, &count_messages[part], &messages, f);
        if (!e && texts != messages && !*problem)
            snprintf(problem, SEARCH_PROBLEM, "The search's index has %lld texts of %lld messages.",
                     (long long)texts, (long long)messages);
    }
    return e;
}

/* The text's first words as a phrase; "" where it has none. */
static enum err phrase_of(struct db *db, struct arena *a, const char *body, const char **out,
                          struct fail *f)
{
    struct tokens words;
    struct buf b;
    enum err e = tokens_split(db, a, body, strlen(body), &words, f);

    *out = "";
    if (e || words.count == 0)
        return e;
    buf_init(&b, EXPRESSION_MAX);
    buf_str(&b, "{body} : \"");
    for (size_t i = 0; i < words.count && i < WORDS; i++) {
        buf_str(&b, i ? " " : "");
        buf_add(&b, words.list[i].text, words.list[i].len);
    }
    buf_str(&b, "\"");
    if (!b.overflow)
        *out = arena_str(a, buf_cstr(&b));
    buf_release(&b);
    return OK;
}

/* The first message from *at on: *at is its event, 0 where there is none. */
static enum err probe(struct db *db, struct arena *a, int64_t *at, bool *there, struct fail *f)
{
    struct query q = query_begin(db, &next_text);
    const char *body = NULL, *phrase = "";
    enum err e;

    query_bind_i64(&q, 1, *at);
    *at = 0;
    *there = true;
    if (query_row(&q)) {
        *at = query_i64(&q, 0);
        body = query_text(&q, 1, a);
    }
    e = query_end(&q, f);
    if (!e && body)
        e = phrase_of(db, a, body, &phrase, f);
    if (e || !*phrase)
        return e;
    q = query_begin(db, &has_words);
    query_bind_text(&q, 1, phrase);
    query_bind_i64(&q, 2, *at);
    *there = query_row(&q);
    return query_end(&q, f);
}

static enum err probe_some(struct db *db, int64_t reach, char problem[SEARCH_PROBLEM],
                           struct fail *f)
{
    int64_t step = reach / SAMPLES + 1, at = 1;
    struct arena a;
    bool there;
    enum err e = OK;

    arena_init(&a);
    while (!e && at > 0 && !*problem) {
        e = probe(db, &a, &at, &there, f);
        if (!e && !there)
            snprintf(problem, SEARCH_PROBLEM, "The search's index has not the words of event %lld.",
                     (long long)at);
        at = at > 0 ? at + step : 0;
        arena_clear(&a);
    }
    arena_release(&a);
    return e;
}

/* What waits to be followed is known not to fit. */
enum err search_verify(struct db *db, char problem[SEARCH_PROBLEM], struct fail *f)
{
    struct search_reach reach;
    enum err e = search_reach(db, &reach, f);

    *problem = '\0';
    if (e || reach.stale)
        return e;
    e = compare_counts(db, problem, f);
    return e ? e : probe_some(db, reach.at[SEARCH_WORDS], problem, f);
}
