#include "db/event_time.h"
#include "db/statements.h"

static const struct sql time_of = {
    "event_time.of", "SELECT ts_ms FROM event WHERE room_id = ?1 AND seq = ?2", DB_CHAT, NULL};

const struct sql *const event_time_statements[] = {&time_of, NULL};

static enum err is_older(struct db *db, int64_t room_id, int64_t seq, int64_t wall_ms, bool *older,
                         struct fail *f)
{
    struct query q = query_begin(db, &time_of);

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, seq);
    *older = query_row(&q) && query_i64(&q, 0) < wall_ms;
    return query_end(&q, f);
}

/* Seqs have no gaps: each halving asks for one. */
enum err event_seq_at(struct db *db, const struct room *room, int64_t wall_ms, int64_t *seq,
                      struct fail *f)
{
    int64_t older = room->floor, newer = room->head + 1;
    enum err e = OK;

    while (!e && newer - older > 1) {
        int64_t middle = older + (newer - older) / 2;
        bool is = false;

        e = is_older(db, room->id, middle, wall_ms, &is, f);
        if (is)
            older = middle;
        else
            newer = middle;
    }
    *seq = older;
    return e;
}
