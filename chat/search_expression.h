/* What is looked for, in the language of the indexes. Nothing that was typed is syntax there. */
#ifndef CHAT_SEARCH_EXPRESSION_H
#define CHAT_SEARCH_EXPRESSION_H

#include "chat/search_match.h"

enum { SEARCH_AUTHORS_MAX = 8, SEARCH_PART_CHARS = 3 /* of a trigram */ };

/* What a message is found by beside its text. */
struct search_keys {
    int64_t authors[SEARCH_AUTHORS_MAX]; /* any of them */
    size_t author_count;                 /* 0: anybody's */
    int64_t room_id;                     /* 0: any */
    unsigned has;                        /* SEARCH_HAS_… */
};

/* Whether the index of words can tell where it stands. */
bool search_is_indexed(const struct search_need *need);
/* "(this AND that) NOT other"; NULL where nothing of it is in the index of words. In `a`. */
const char *search_words_expression(struct arena *a, const struct search_need *needs, size_t count,
                                    const struct search_keys *keys);
/* NULL where no part is long enough to be in the index. */
const char *search_parts_expression(struct arena *a, const struct search_need *needs, size_t count);

#endif
