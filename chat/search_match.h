/*
 * Whether a message fits what is looked for, how well, and where. The indexes only propose; this
 * judges, by the same words as the index of words has them, so what is not indexed yet is found as
 * well and what was changed meanwhile is not.
 */
#ifndef CHAT_SEARCH_MATCH_H
#define CHAT_SEARCH_MATCH_H

#include "chat/search_query.h"
#include "db/tokens.h"

struct search_need {
    const struct search_term *term;
    struct tokens words; /* of the term */
    bool as_part;        /* the text itself is looked for, wherever it stands in a word */
};

enum { SEARCH_HITS_MAX = 32 };

struct search_hit {
    size_t start, end; /* bytes of the message's text */
};

struct search_match {
    double fit;                              /* more is better */
    struct search_hit hits[SEARCH_HITS_MAX]; /* by place, apart from one another */
    size_t hit_count;
};

/* `words` are those of the text. */
bool search_match(const struct search_need *needs, size_t count, const char *text, size_t len,
                  const struct tokens *words, struct search_match *out);

#endif
