/*
 * The words of a text, exactly as the index of words has them: cut and folded by SQLite's own
 * tokenizer with the settings of db/migrations/chat/012-search.sql. With it a row can be judged
 * that is not in the index yet, and what was found can be shown.
 */
#ifndef DB_TOKENS_H
#define DB_TOKENS_H

#include "db/db.h"

struct token {
    const char *text; /* folded; not NUL-terminated */
    size_t len;
    size_t start, end; /* bytes of the text that it is */
};

struct tokens {
    struct token *list;
    size_t count;
};

/* Lives in `a`. */
MUST_CHECK enum err tokens_split(struct db *db, struct arena *a, const char *text, size_t len,
                                 struct tokens *out, struct fail *f);

#endif
