#include "db/purge.h"
#include "db/search_index.h"
#include "db/statements.h"

#define DAY_MS INT64_C(86400000)

static const struct sql next_room = {
    "purge.next_room",
    "SELECT id, slug, retention_days, floor FROM room WHERE id > ?1 AND retention_days > 0"
    " ORDER BY id LIMIT 1",
    DB_CHAT, NULL};
/* The oldest event that stays. Clocks jump: what came after one that stays, stays. */
static const struct sql first_kept = {
    "purge.first_kept",
    "SELECT seq FROM event WHERE room_id = ?1 AND seq > ?2 AND ts_ms >= ?3 ORDER BY seq LIMIT 1",
    DB_CHAT, NULL};
static const struct sql state = {"purge.state", "SELECT head, floor FROM room WHERE id = ?1",
                                 DB_CHAT, NULL};
static const struct sql count_messages = {
    "purge.count_messages",
    "SELECT count(*) FROM message WHERE room_id = ?1 AND seq > ?2 AND seq <= ?3", DB_CHAT, NULL};
static const struct sql raise_floor = {
    "purge.raise_floor",
    "UPDATE room SET floor = ?2, floor_hash = (SELECT hash FROM event"
    " WHERE room_id = ?1 AND seq = ?2) WHERE id = ?1",
    DB_CHAT, NULL};
static const struct sql delete_messages = {
    "purge.delete_messages", "DELETE FROM message WHERE room_id = ?1 AND seq <= ?2", DB_CHAT, NULL};
/* After their messages, before the events that name them. */
static const struct sql delete_revisions = {
    "purge.delete_revisions",
    "DELETE FROM message_rev WHERE msg_id IN (SELECT msg_id FROM event WHERE room_id = ?1"
    " AND seq <= ?2 AND kind = 'message')",
    DB_CHAT, NULL};
static const struct sql delete_reactions = {
    "purge.delete_reactions",
    "DELETE FROM reaction WHERE msg_id IN (SELECT msg_id FROM event WHERE room_id = ?1"
    " AND seq <= ?2 AND kind = 'message')",
    DB_CHAT, NULL};
static const struct sql delete_reaction_counts = {
    "purge.delete_reaction_counts",
    "DELETE FROM reaction_count WHERE msg_id IN (SELECT msg_id FROM event WHERE room_id = ?1"
    " AND seq <= ?2 AND kind = 'message')",
    DB_CHAT, NULL};
static const struct sql delete_pins = {
    "purge.delete_pins",
    "DELETE FROM pin WHERE room_id = ?1 AND msg_id IN (SELECT msg_id FROM event WHERE room_id = ?1"
    " AND seq <= ?2 AND kind = 'message')",
    DB_CHAT, NULL};
static const struct sql delete_attachments = {
    "purge.delete_attachments",
    "DELETE FROM attachment WHERE msg_id IN (SELECT msg_id FROM event WHERE room_id = ?1"
    " AND seq <= ?2 AND kind = 'message')",
    DB_CHAT, NULL};
static const struct sql delete_mentions = {
    "purge.delete_mentions",
    "DELETE FROM mention WHERE msg_id IN (SELECT msg_id FROM event WHERE room_id = ?1"
    " AND seq <= ?2 AND kind = 'message')",
    DB_CHAT, NULL};
static const struct sql delete_events = {
    "purge.delete_events", "DELETE FROM event WHERE room_id = ?1 AND seq <= ?2", DB_CHAT, NULL};
static const struct sql set_retention = {
    "purge.set_retention", "UPDATE room SET retention_days = ?2 WHERE id = ?1", DB_CHAT, NULL};

const struct sql *const purge_statements[] = {
    &next_room,          &first_kept,       &state,
    &count_messages,     &raise_floor,      &delete_messages,
    &delete_revisions,   &delete_reactions, &delete_reaction_counts,
    &delete_attachments, &delete_mentions,  &delete_events,
    &delete_pins,        &set_retention,    NULL,
};

static enum err read_state(struct db *db, int64_t room_id, int64_t *head, int64_t *floor,
                           struct fail *f)
{
    struct query q = query_begin(db, &state);
    bool found;
    enum err e;

    query_bind_i64(&q, 1, room_id);
    found = query_row(&q);
    if (found) {
        *head = query_i64(&q, 0);
        *floor = query_i64(&q, 1);
    }
    e = query_end(&q, f);
    return e ? e : found ? OK : fail(f, ERR_ROOM_NOT_FOUND, NULL);
}

static enum err find_cut(struct db *db, struct purge_room *r, int64_t now_ms, struct fail *f)
{
    int64_t head = 0;
    enum err e = read_state(db, r->id, &head, &r->floor, f);
    struct query q;

    if (e)
        return e;
    q = query_begin(db, &first_kept);
    query_bind_i64(&q, 1, r->id);
    query_bind_i64(&q, 2, r->floor);
    query_bind_i64(&q, 3, now_ms - r->retention_days * DAY_MS);
    r->cut = query_row(&q) ? query_i64(&q, 0) - 1 : head;
    return query_end(&q, f);
}

static enum err count_rows(struct db *db, struct purge_room *r, struct fail *f)
{
    struct query q = query_begin(db, &count_messages);

    r->events = r->cut - r->floor;
    query_bind_i64(&q, 1, r->id);
    query_bind_i64(&q, 2, r->floor);
    query_bind_i64(&q, 3, r->cut);
    if (query_row(&q))
        r->messages = query_i64(&q, 0);
    return query_end(&q, f);
}

enum err purge_next(struct db *db, struct arena *a, int64_t after_id, int64_t now_ms,
                    struct purge_room *out, bool *found, struct fail *f)
{
    struct query q = query_begin(db, &next_room);
    enum err e;

    *out = (struct purge_room){0};
    query_bind_i64(&q, 1, after_id);
    *found = query_row(&q);
    if (*found) {
        out->id = query_i64(&q, 0);
        out->slug = query_text(&q, 1, a);
        out->retention_days = query_i64(&q, 2);
    }
    e = query_end(&q, f);
    if (e || !*found)
        return e;
    e = db_begin_read(db, f);
    if (e)
        return e;
    e = find_cut(db, out, now_ms, f);
    if (!e)
        e = count_rows(db, out, f);
    db_end_read(db);
    return e;
}

static enum err run_up_to(struct db *db, const struct sql *sql, int64_t room_id, int64_t value,
                          int64_t *changes, struct fail *f)
{
    struct query q = query_begin(db, sql);
    enum err e;

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, value);
    e = query_run(&q, f);
    *changes = e ? 0 : query_changes(&q);
    return e;
}

/* What goes with a message. */
static const struct sql *const belongings[] = {&delete_revisions,       &delete_reactions,
                                               &delete_reaction_counts, &delete_pins,
                                               &delete_attachments,     &delete_mentions};

enum err purge_step(struct db *db, int64_t room_id, int64_t cut, int64_t *events, int64_t *messages,
                    bool *done, struct fail *f)
{
    int64_t head = 0, floor = 0, to, rooms, rows;
    enum err e = read_state(db, room_id, &head, &floor, f);

    *events = *messages = 0;
    if (e)
        return e;
    if (cut > head)
        cut = head;
    to = cut - floor > PURGE_STEP ? floor + PURGE_STEP : cut;
    *done = to >= cut;
    if (to <= floor)
        return OK;
    search_is_stale(db);
    e = run_up_to(db, &raise_floor, room_id, to, &rooms, f);
    if (!e)
        e = run_up_to(db, &delete_messages, room_id, to, messages, f);
    for (size_t i = 0; !e && i < ARRAY_LEN(belongings); i++)
        e = run_up_to(db, belongings[i], room_id, to, &rows, f);
    return e ? e : run_up_to(db, &delete_events, room_id, to, events, f);
}

enum err purge_set_retention(struct db *db, int64_t room_id, int64_t days, struct fail *f)
{
    int64_t rooms;

    return run_up_to(db, &set_retention, room_id, days, &rooms, f);
}
