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

/* What a message is found by: its text (the first), or a name of its files. */
struct search_field {
    const char *text;
    size_t len;
    struct tokens words; /* of the text */
};

enum { SEARCH_FIELDS_MAX = 11 };

struct search_hit {
    size_t field;      /* of those that were looked through */
    size_t start, end; /* bytes of its text */
};

struct search_match {
    double fit;                              /* more is better */
    struct search_hit hits[SEARCH_HITS_MAX]; /* by field and place, apart from one another */
    size_t hit_count;
};

/* Each need in any field, the words of a phrase in the same one. */
bool search_match(const struct search_need *needs, size_t count, const struct search_field *fields,
                  size_t field_count, struct search_match *out);

#endif
