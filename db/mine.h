/* What one person left, everywhere. */
#ifndef DB_MINE_H
#define DB_MINE_H

#include "db/message.h"

struct my_reaction {
    int64_t msg_id, ts_ms;
    const char *emoji;
};

struct my_mention {
    int64_t msg_id, ts_ms;
};

struct my_room {
    const char *slug, *kind;
    int64_t joined_seq, last_read_seq;
};

/* Messages that are not erased, by room, those behind (room_id, seq), with their slugs; not
 * filled. Strings live in `a`, here and below. */
MUST_CHECK enum err mine_messages(struct db *db, struct arena *a, int64_t user_id, int64_t room_id,
                                  int64_t seq, struct message *out, size_t max, size_t *count,
                                  struct fail *f);
/* Tells of each in turn; a row's strings live until the next one. */
typedef void mine_reaction_fn(void *ctx, const struct my_reaction *r);
MUST_CHECK enum err mine_reactions(struct db *db, int64_t user_id, mine_reaction_fn *tell,
                                   void *ctx, struct fail *f);
/* Any of them, without times, for whoever takes them away. */
MUST_CHECK enum err mine_some_reactions(struct db *db, struct arena *a, int64_t user_id,
                                        struct my_reaction *out, size_t max, size_t *count,
                                        struct fail *f);
/* Messages that mention them, the oldest first. */
typedef void mine_mention_fn(void *ctx, const struct my_mention *m);
MUST_CHECK enum err mine_mentions(struct db *db, int64_t user_id, mine_mention_fn *tell, void *ctx,
                                  struct fail *f);
/* Rooms that they read or belong to. */
MUST_CHECK enum err mine_rooms(struct db *db, struct arena *a, int64_t user_id, struct my_room *out,
                               size_t max, size_t *count, struct fail *f);
/* Their settings, as JSON. */
MUST_CHECK enum err mine_prefs(struct db *db, struct arena *a, int64_t user_id, const char **out,
                               struct fail *f);

#endif
