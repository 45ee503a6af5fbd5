/* Whom people ignore. */
#ifndef DB_IGNORED_H
#define DB_IGNORED_H

#include "db/db.h"

enum { IGNORED_MOST = 500 };

/* The ids of those whom a user ignores, ascending. Zeroed: nobody. */
struct ignored {
    int64_t user_id; /* who ignores them */
    const int64_t *ids;
    size_t count;
    int64_t stamp; /* another list has another one */
};

struct ignored_user {
    int64_t user_id, since_ms;
    const char *username, *ext_id;
};

/* For user 0: nobody. The ids live in `a`. */
MUST_CHECK enum err ignored_load(struct db *db, struct arena *a, int64_t user_id,
                                 struct ignored *out, struct fail *f);
bool ignored_has(const struct ignored *i, int64_t user_id);
/* Whether a user ignores another. */
MUST_CHECK enum err ignored_is(struct db *db, int64_t user_id, int64_t other_id, bool *out,
                               struct fail *f);
/* With their names, the newest first; `out` holds IGNORED_MOST. Strings live in `a`. */
MUST_CHECK enum err ignored_list(struct db *db, struct arena *a, int64_t user_id,
                                 struct ignored_user *out, size_t *count, struct fail *f);

/* In the caller's write transaction. *changed: it was not so before. */
MUST_CHECK enum err ignored_insert(struct db *db, int64_t user_id, int64_t ignored_id,
                                   int64_t since_ms, bool *changed, struct fail *f);
MUST_CHECK enum err ignored_delete(struct db *db, int64_t user_id, int64_t ignored_id,
                                   bool *changed, struct fail *f);

#endif
