/* People: host users (ext_id "h:<claim>"), guests ("g:<random>"), and whom db/erase.c made nobody
 * ("x:<number>"). */
#ifndef DB_USER_H
#define DB_USER_H

#include "db/db.h"

struct user {
    int64_t id; /* 0: none */
    const char *ext_id, *username, *name_fold, *role;
    bool named_by_host;
    int64_t tokens_valid_after; /* ms */
    int64_t first_seen_ms, muted_until, banned_until;
    int64_t claims_ms; /* when the token was issued that name and role are of; 0: not known */
};

bool user_is_erased(const struct user *u);

/* Loads: ERR_NOT_FOUND (with `f` untouched) where there is none. Strings live in `a`. */
MUST_CHECK enum err user_by_ext(struct db *db, struct arena *a, const char *ext_id,
                                struct user *out, struct fail *f);
MUST_CHECK enum err user_by_id(struct db *db, struct arena *a, int64_t id, struct user *out,
                               struct fail *f);
/* Everyone whose folded name is `fold`, oldest first, at most `max`. */
MUST_CHECK enum err user_list_by_fold(struct db *db, struct arena *a, const char *fold,
                                      struct user *out, size_t max, size_t *count, struct fail *f);
/* Whose folded name begins with `fold`, by name, without `but`. */
MUST_CHECK enum err user_list_by_prefix(struct db *db, struct arena *a, const char *fold,
                                        int64_t but, struct user *out, size_t max, size_t *count,
                                        struct fail *f);
/* Whether they ever wrote in a public room. */
MUST_CHECK enum err user_wrote_in_public(struct db *db, int64_t id, bool *out, struct fail *f);
/* One of their preferences, by a name of ours; NULL where they said nothing. */
MUST_CHECK enum err user_pref(struct db *db, struct arena *a, int64_t id, const char *name,
                              const char **out, struct fail *f);
/* All users by id, for the CLI: those after `after_id`. */
MUST_CHECK enum err user_list(struct db *db, struct arena *a, int64_t after_id, struct user *out,
                              size_t max, size_t *count, struct fail *f);

/* In the caller's write transaction. */
MUST_CHECK enum err user_insert(struct db *db, struct user *u, struct fail *f); /* sets u->id */
MUST_CHECK enum err user_update_name(struct db *db, int64_t id, const char *username,
                                     const char *fold, bool named_by_host, struct fail *f);
MUST_CHECK enum err user_follow(struct db *db, int64_t id, int64_t claims_ms, struct fail *f);
MUST_CHECK enum err user_set_pref(struct db *db, int64_t id, const char *name, const char *value,
                                  struct fail *f);
MUST_CHECK enum err user_update_role(struct db *db, int64_t id, const char *role, struct fail *f);
MUST_CHECK enum err user_update_sanctions(struct db *db, int64_t id, int64_t muted_until,
                                          int64_t banned_until, int64_t tokens_valid_after,
                                          struct fail *f);

#endif
