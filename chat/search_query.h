/*
 * What somebody typed into the search box, taken apart. There is no wrong input: what is no
 * operator is a word, and an operator whose value makes no sense is left out with a sentence that
 * says so.
 *
 *   crude oil          messages with both words
 *   "crude oil"        with the words one after the other
 *   refin*             words that begin so
 *   -opec              without the word
 *   from:ana           by ana
 *   in:energy          in that room
 *   after:2026-11-01   from that day (UTC) on
 *   before:2026-11-20  up to the day before it
 *   has:link           with a link; has:file, has:image: with one of these
 */
#ifndef CHAT_SEARCH_QUERY_H
#define CHAT_SEARCH_QUERY_H

#include "lib/arena.h"

/* What a message may have, as bits. */
enum { SEARCH_HAS_LINK = 1, SEARCH_HAS_FILE = 2, SEARCH_HAS_IMAGE = 4 };
enum { SEARCH_TERMS_MAX = 12, SEARCH_NOTES_MAX = 4, SEARCH_QUERY_BYTES = 500 };

struct search_term {
    const char *text; /* as typed, without quotes, star and minus */
    size_t len;
    bool quoted, prefix, negative;
};

struct search_query {
    struct search_term terms[SEARCH_TERMS_MAX];
    size_t term_count;
    const char *from, *room;    /* NULL: anybody, anywhere */
    int64_t from_ms, before_ms; /* 0 and INT64_MAX: at any time */
    unsigned has;
    const char *notes[SEARCH_NOTES_MAX]; /* sentences about what was left out */
    size_t note_count;
};

/* `text` is valid UTF-8. Strings live in `a`. */
void search_query_parse(struct arena *a, const char *text, size_t len, struct search_query *out);
void search_query_note(struct search_query *q, const char *sentence);

#endif
