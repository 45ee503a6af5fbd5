#include "db/search.h"
#include "db/handle.h"
#include "db/row.h"
#include "db/statements.h"

#include <time.h>

/* What a reader, ?1, may see: messages that are there, of rooms that they see, not from before
 * their time, not by whom they ignore. */
#define READABLE                                                                                   \
    " JOIN room r ON r.id = m.room_id"                                                             \
    " LEFT JOIN room_member k ON k.user_id = ?1 AND k.room_id = m.room_id"                         \
    " WHERE m.deleted_ms = 0 AND " ROOM_IS_SEEN                                                    \
    " AND m.seq > max(r.floor, ifnull(k.joined_seq, 0))"                                           \
    " AND m.user_id NOT IN (SELECT ignored_id FROM ignored_user WHERE user_id = ?1)"               \
    " AND (?2 = 0 OR m.room_id = ?2) AND m.created_ms >= ?3 AND m.created_ms < ?4"
#define COLUMNS                                                                                    \
    "SELECT m.id, m.room_id, m.seq, m.user_id, m.created_ms, m.edited_ms, m.body,"                 \
    " m.attachments, m.pictures, m.file_names"
/* CROSS JOIN: the newest of the index first, whatever the statistics say. */
#define THROUGH(index)                                                                             \
    COLUMNS " FROM " index " i CROSS JOIN event e ON e.id = i.rowid"                               \
            " CROSS JOIN message m ON m.id = e.msg_id" READABLE " AND " index " MATCH ?7"          \
            " AND i.rowid > ?5 AND i.rowid < ?6 ORDER BY i.rowid DESC"

static const struct sql by_words = {"search.by_words", THROUGH("search_words"), DB_CHAT,
                                    "an index's own rows, within a time"};
static const struct sql by_parts = {"search.by_parts", THROUGH("search_parts"), DB_CHAT,
                                    "an index's own rows, within a time"};
static const struct sql by_rows = {
    "search.by_rows",
    COLUMNS " FROM event e CROSS JOIN message m ON m.id = e.msg_id" READABLE
            " AND e.kind = 'message' AND e.id > ?5 AND e.id < ?6 ORDER BY e.id DESC",
    DB_CHAT, NULL};
static const struct sql event_near = {
    "search.event_near", "SELECT id, ts_ms FROM event WHERE id >= ?1 ORDER BY id LIMIT 1", DB_CHAT,
    NULL};

const struct sql *const search_statements[] = {&by_words, &by_parts, &by_rows, &event_near, NULL};

enum { STEPS_BETWEEN_LOOKS = 500 };

int64_t search_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int is_over(void *ctx)
{
    return search_now_ms() >= *(const int64_t *)ctx;
}

static const struct sql *way_of(const struct search_walk *w)
{
    return !w->match ? &by_rows : w->part == SEARCH_WORDS ? &by_words : &by_parts;
}

static void bind(struct query *q, const struct search_walk *w)
{
    query_bind_i64(q, 1, w->reader_id);
    query_bind_i64(q, 2, w->room_id);
    query_bind_i64(q, 3, w->from_ms);
    query_bind_i64(q, 4, w->before_ms);
    query_bind_i64(q, 5, w->after_event);
    query_bind_i64(q, 6, w->before_event);
    if (w->match)
        query_bind_text(q, 7, w->match);
}

static struct search_row row_of(struct query *q)
{
    struct search_row row = {
        .msg_id = query_i64(q, 0),
        .room_id = query_i64(q, 1),
        .seq = query_i64(q, 2),
        .user_id = query_i64(q, 3),
        .created_ms = query_i64(q, 4),
        .edited_ms = query_i64(q, 5),
        .has_files = query_i64(q, 7) > 0,
        .has_pictures = query_i64(q, 8) > 0,
    };

    row.body = query_blob(q, 6, &row.body_len);
    row.file_names = query_blob(q, 9, &row.file_names_len);
    return row;
}

enum err search_walk(struct db *db, const struct search_walk *walk, search_row_fn *tell, void *ctx,
                     bool *cut, struct fail *f)
{
    int64_t deadline_ms = walk->deadline_ms;
    struct query q = query_begin(db, way_of(walk));
    bool more = true;

    bind(&q, walk);
    sqlite3_progress_handler(db->sqlite, STEPS_BETWEEN_LOOKS, is_over, &deadline_ms);
    while (more && query_row(&q)) {
        struct search_row row = row_of(&q);

        more = tell(ctx, &row);
    }
    sqlite3_progress_handler(db->sqlite, 0, NULL, NULL);
    *cut = q.rc == SQLITE_INTERRUPT;
    if (*cut)
        q.rc = SQLITE_DONE;
    return query_end(&q, f);
}

static enum err look(struct db *db, int64_t at, int64_t *id, int64_t *ts_ms, struct fail *f)
{
    struct query q = query_begin(db, &event_near);

    query_bind_i64(&q, 1, at);
    *id = 0;
    if (query_row(&q)) {
        *id = query_i64(&q, 0);
        *ts_ms = query_i64(&q, 1);
    }
    return query_end(&q, f);
}

/* Halves what may be, as if times rose with ids: so they do, but for clocks that were set. */
enum err search_event_at(struct db *db, int64_t wall_ms, int64_t *id, struct fail *f)
{
    struct search_reach now;
    int64_t older = 0, newer, found = 0, ts_ms = 0;
    enum err e = search_reach(db, &now, f);

    newer = now.newest + 1;
    while (!e && newer - older > 1) {
        int64_t middle = older + (newer - older) / 2;

        e = look(db, middle, &found, &ts_ms, f);
        if (found && ts_ms < wall_ms)
            older = found;
        else
            newer = middle;
    }
    *id = older;
    return e;
}
