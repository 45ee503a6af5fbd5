/*
 * Who belongs to a private or direct room, and who is invited to one. (A row of room_member in a
 * public room is a person's read mark, and nobody's list.)
 */
#ifndef DB_MEMBER_H
#define DB_MEMBER_H

#include "db/room.h"

struct member {
    int64_t user_id, inviter_id; /* inviter: of an invitation; 0: a member */
    const char *username, *role;
    int64_t since_ms; /* joined, or invited */
};

/* A room that somebody is invited to, and by whom. */
struct invitation {
    struct room room;
    int64_t inviter_id;
    const char *inviter_name;
    int64_t since_ms;
};

/* Lists live in `a`; at most `max`. Members by name, then those invited to it, by name. */
MUST_CHECK enum err member_list(struct db *db, struct arena *a, int64_t room_id, struct member *out,
                                size_t max, size_t *count, struct fail *f);
MUST_CHECK enum err member_exists(struct db *db, int64_t room_id, int64_t user_id, bool *out,
                                  struct fail *f);
/* Who has been there longest, people of the host before guests; 0: nobody is left. */
MUST_CHECK enum err member_heir(struct db *db, int64_t room_id, int64_t *user_id, struct fail *f);
/* Whether both belong to one room. */
MUST_CHECK enum err member_of_same(struct db *db, int64_t user_id, int64_t other_id, bool *out,
                                   struct fail *f);
/* In the caller's write transaction. `joined_seq`: their floor; what is there is read already. */
MUST_CHECK enum err member_insert(struct db *db, const struct room *r, int64_t user_id,
                                  int64_t joined_seq, int64_t now_ms, struct fail *f);
/* Out of the member's list of rooms, or into it again. *changed: it was not so. */
MUST_CHECK enum err member_hide(struct db *db, int64_t room_id, int64_t user_id, bool hidden,
                                bool *changed, struct fail *f);
/* Into the lists of all who do not ignore the author: they wrote something. */
MUST_CHECK enum err member_show_all(struct db *db, int64_t room_id, int64_t author_id,
                                    struct fail *f);
/* *was: there was one. */
MUST_CHECK enum err member_delete(struct db *db, int64_t room_id, int64_t user_id, bool *was,
                                  struct fail *f);

/* ERR_NOT_FOUND where there is none. */
MUST_CHECK enum err invitation_find(struct db *db, struct arena *a, int64_t user_id,
                                    const char *slug, struct invitation *out, struct fail *f);
/* The newest first. */
MUST_CHECK enum err invitation_list(struct db *db, struct arena *a, int64_t user_id,
                                    struct invitation *out, size_t max, size_t *count,
                                    struct fail *f);
/* In the caller's write transaction. *made: there was none yet. */
MUST_CHECK enum err invitation_insert(struct db *db, int64_t room_id, int64_t user_id,
                                      int64_t inviter_id, int64_t now_ms, bool *made,
                                      struct fail *f);
MUST_CHECK enum err invitation_delete(struct db *db, int64_t room_id, int64_t user_id, bool *was,
                                      struct fail *f);

#endif
