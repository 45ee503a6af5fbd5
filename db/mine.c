#include "db/mine.h"
#include "db/row.h"
#include "db/statements.h"

static const struct sql messages = {
    "mine.messages",
    "SELECT " MESSAGE_COLUMNS ", r.slug FROM message m JOIN room r ON r.id = m.room_id"
    " WHERE m.user_id = ?1 AND (m.room_id, m.seq) > (?2, ?3) AND length(m.salt) > 0"
    " ORDER BY m.room_id, m.seq LIMIT ?4",
    DB_CHAT, NULL};
static const struct sql reactions = {"mine.reactions",
                                     "SELECT msg_id, ts_ms, emoji FROM reaction WHERE user_id = ?1",
                                     DB_CHAT, NULL};
static const struct sql some_reactions = {
    "mine.some_reactions", "SELECT msg_id, emoji FROM reaction WHERE user_id = ?1 LIMIT ?2",
    DB_CHAT, NULL};
static const struct sql mentions = {
    "mine.mentions", "SELECT msg_id, ts_ms FROM mention WHERE user_id = ?1 ORDER BY ts_ms", DB_CHAT,
    NULL};
static const struct sql rooms = {"mine.rooms",
                                 "SELECT r.slug, r.kind, m.joined_seq, m.last_read_seq FROM "
                                 "room_member m JOIN room r ON r.id = m.room_id"
                                 " WHERE m.user_id = ?1 ORDER BY m.room_id LIMIT ?2",
                                 DB_CHAT, NULL};
static const struct sql prefs = {"mine.prefs", "SELECT prefs FROM user WHERE id = ?1", DB_CHAT,
                                 NULL};

const struct sql *const mine_statements[] = {
    &messages, &reactions, &some_reactions, &mentions, &rooms, &prefs, NULL};

enum err mine_messages(struct db *db, struct arena *a, int64_t user_id, int64_t room_id,
                       int64_t seq, struct message *out, size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &messages);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    query_bind_i64(&q, 3, seq);
    query_bind_i64(&q, 4, (int64_t)max);
    while (*count < max && query_row(&q)) {
        struct message *m = &out[(*count)++];

        message_from_row(&q, 0, a, m);
        m->room_slug = query_text(&q, MESSAGE_COLUMN_COUNT, a);
    }
    return query_end(&q, f);
}

enum err mine_reactions(struct db *db, int64_t user_id, mine_reaction_fn *tell, void *ctx,
                        struct fail *f)
{
    struct query q = query_begin(db, &reactions);
    struct arena row;

    arena_init(&row);
    query_bind_i64(&q, 1, user_id);
    while (query_row(&q)) {
        struct my_reaction r = {.msg_id = query_i64(&q, 0),
                                .ts_ms = query_i64(&q, 1),
                                .emoji = query_text(&q, 2, &row)};

        tell(ctx, &r);
        arena_clear(&row);
    }
    arena_release(&row);
    return query_end(&q, f);
}

enum err mine_some_reactions(struct db *db, struct arena *a, int64_t user_id,
                             struct my_reaction *out, size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &some_reactions);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        out[(*count)++] =
            (struct my_reaction){.msg_id = query_i64(&q, 0), .emoji = query_text(&q, 1, a)};
    return query_end(&q, f);
}

enum err mine_mentions(struct db *db, int64_t user_id, mine_mention_fn *tell, void *ctx,
                       struct fail *f)
{
    struct query q = query_begin(db, &mentions);

    query_bind_i64(&q, 1, user_id);
    while (query_row(&q)) {
        struct my_mention m = {.msg_id = query_i64(&q, 0), .ts_ms = query_i64(&q, 1)};

        tell(ctx, &m);
    }
    return query_end(&q, f);
}

enum err mine_rooms(struct db *db, struct arena *a, int64_t user_id, struct my_room *out,
                    size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &rooms);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        out[(*count)++] = (struct my_room){.slug = query_text(&q, 0, a),
                                           .kind = query_text(&q, 1, a),
                                           .joined_seq = query_i64(&q, 2),
                                           .last_read_seq = query_i64(&q, 3)};
    return query_end(&q, f);
}

enum err mine_prefs(struct db *db, struct arena *a, int64_t user_id, const char **out,
                    struct fail *f)
{
    struct query q = query_begin(db, &prefs);

    *out = "{}";
    query_bind_i64(&q, 1, user_id);
    if (query_row(&q))
        *out = query_text(&q, 0, a);
    return query_end(&q, f);
}
