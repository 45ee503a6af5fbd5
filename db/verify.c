#include "db/verify.h"
#include "db/backup.h"
#include "db/event.h"
#include "db/handle.h"
#include "db/room.h"
#include "db/statements.h"

#include <stdio.h>

static const struct sql next_room = {
    "verify.next_room", "SELECT id FROM room WHERE id > ?1 ORDER BY id LIMIT 1", DB_CHAT, NULL};
static const struct sql count_events = {
    "verify.count_events", "SELECT count(*) FROM event WHERE room_id = ?1", DB_CHAT, NULL};
static const struct sql count_messages = {
    "verify.count_messages", "SELECT count(*) FROM message WHERE room_id = ?1", DB_CHAT, NULL};
static const struct sql event_alone = {
    "verify.event_alone",
    "SELECT e.seq FROM event e LEFT JOIN message m ON m.id = e.msg_id"
    " WHERE e.room_id = ?1 AND e.kind = 'message' AND (m.id IS NULL OR m.room_id <> e.room_id"
    " OR m.seq <> e.seq OR m.user_id IS NOT e.actor_id) ORDER BY e.seq LIMIT 1",
    DB_CHAT, NULL};
static const struct sql message_alone = {
    "verify.message_alone",
    "SELECT m.seq FROM message m LEFT JOIN event e ON e.room_id = m.room_id AND e.seq = m.seq"
    " WHERE m.room_id = ?1 AND (e.id IS NULL OR e.kind <> 'message' OR e.msg_id IS NOT m.id)"
    " ORDER BY m.seq LIMIT 1",
    DB_CHAT, NULL};
static const struct sql reaction_uncounted = {
    "verify.reaction_uncounted",
    "SELECT m.seq FROM message m JOIN reaction_count c ON c.msg_id = m.id WHERE m.room_id = ?1"
    " AND m.reactions > 0 AND c.count <> (SELECT count(*) FROM reaction r"
    " WHERE r.msg_id = c.msg_id AND r.emoji = c.emoji) ORDER BY m.seq LIMIT 1",
    DB_CHAT, NULL};
static const struct sql mention_uncounted = {
    "verify.mention_uncounted",
    "SELECT m.seq FROM message m WHERE m.room_id = ?1 AND m.mentions <>"
    " (SELECT count(*) FROM mention n WHERE n.msg_id = m.id) ORDER BY m.seq LIMIT 1",
    DB_CHAT, NULL};
static const struct sql reply_uncounted = {
    "verify.reply_uncounted",
    "SELECT m.seq FROM message m WHERE m.room_id = ?1 AND m.replies <> (SELECT count(*)"
    " FROM message r WHERE r.thread_root = m.id AND r.deleted_ms = 0) ORDER BY m.seq LIMIT 1",
    DB_CHAT, NULL};
static const struct sql mark_ahead = {"verify.mark_ahead",
                                      "SELECT user_id FROM room_member WHERE room_id = ?1"
                                      " AND (last_read_seq > ?2 OR joined_seq > ?2) LIMIT 1",
                                      DB_CHAT, NULL};

const struct sql *const verify_statements[] = {
    &next_room,          &count_events,      &count_messages,  &event_alone, &message_alone,
    &reaction_uncounted, &mention_uncounted, &reply_uncounted, &mark_ahead,  NULL,
};

/* The first number of the first row; *found says whether there was one. */
static enum err ask(struct db *db, const struct sql *sql, int64_t a, const int64_t *b, bool *found,
                    int64_t *out, struct fail *f)
{
    struct query q = query_begin(db, sql);

    query_bind_i64(&q, 1, a);
    if (b)
        query_bind_i64(&q, 2, *b);
    *found = query_row(&q);
    if (*found)
        *out = query_i64(&q, 0);
    return query_end(&q, f);
}

static enum err look_for(struct db *db, const struct sql *sql, struct verify_room *r,
                         const int64_t *limit, const char *what, struct fail *f)
{
    int64_t at = 0;
    bool found;
    enum err e = ask(db, sql, r->id, limit, &found, &at, f);

    if (!e && found && !r->problem[0])
        snprintf(r->problem, sizeof r->problem, "%s %lld.", what, (long long)at);
    return e;
}

static enum err count(struct db *db, struct verify_room *r, struct fail *f)
{
    bool found;
    enum err e = ask(db, &count_events, r->id, NULL, &found, &r->events, f);

    if (!e)
        e = ask(db, &count_messages, r->id, NULL, &found, &r->messages, f);
    if (!e && r->events != r->head - r->floor)
        snprintf(r->problem, sizeof r->problem,
                 "There are %lld events where seq %lld to %lld should be.", (long long)r->events,
                 (long long)r->floor + 1, (long long)r->head);
    return e;
}

static enum err check_room(struct db *db, struct arena *a, struct verify_room *r, struct fail *f)
{
    struct fail why = {0};
    struct room row;
    int64_t checked;
    enum err e = room_by_id(db, a, r->id, &row, f);

    if (e)
        return e;
    r->slug = row.slug;
    r->kind = row.kind;
    r->head = row.head;
    r->floor = row.floor;
    e = count(db, r, f);
    if (!e && event_verify(db, r->id, &checked, &why))
        snprintf(r->problem, sizeof r->problem, "%s", why.message);
    if (!e)
        e = look_for(db, &event_alone, r, NULL, "The message is missing, or another's, of seq", f);
    if (!e)
        e = look_for(db, &message_alone, r, NULL, "There is a message without its event at seq", f);
    if (!e)
        e = look_for(db, &reaction_uncounted, r, NULL, "The reactions are miscounted of seq", f);
    if (!e)
        e = look_for(db, &mention_uncounted, r, NULL, "The mentions are miscounted of seq", f);
    if (!e)
        e = look_for(db, &reply_uncounted, r, NULL, "The replies are miscounted of seq", f);
    if (!e)
        e = look_for(db, &mark_ahead, r, &r->head, "A mark is past the end of the log, of user", f);
    return e;
}

static enum err check_in_one_state(struct db *db, struct arena *a, struct verify_room *r,
                                   struct fail *f)
{
    enum err e = db_begin_read(db, f);

    if (e)
        return e;
    e = check_room(db, a, r, f);
    db_end_read(db);
    return e;
}

static enum err check_rooms(struct db *db, verify_room_fn *tell, void *ctx,
                            struct verify_total *total, struct fail *f)
{
    int64_t id = 0;
    bool found = true;
    struct arena a;
    enum err e = OK;

    arena_init(&a);
    while (!e && found) {
        struct verify_room r = {0};

        e = ask(db, &next_room, id, NULL, &found, &id, f);
        if (e || !found)
            break;
        r.id = id;
        e = check_in_one_state(db, &a, &r, f);
        if (e)
            break;
        total->rooms++;
        total->events += r.events;
        total->messages += r.messages;
        total->problems += r.problem[0] != '\0';
        if (tell)
            tell(ctx, &r);
        arena_clear(&a);
    }
    arena_release(&a);
    return e;
}

static enum err check_search(struct db *db, struct verify_total *total, struct fail *f)
{
    enum err e = db_begin_read(db, f);

    if (e)
        return e;
    e = search_verify(db, total->search, f);
    db_end_read(db);
    total->problems += total->search[0] != '\0';
    return e;
}

enum err verify_database(struct db *db, verify_room_fn *tell, void *ctx, struct verify_total *total,
                         struct fail *f)
{
    int version;
    enum err e;

    *total = (struct verify_total){0};
    *f = (struct fail){0};
    e = migrate_judge(db, &version, f);
    if (!e && version != migrate_newest(DB_CHAT))
        e = fail(f, ERR_BAD_REQUEST,
                 "%.120s has schema %d; this program knows the logs of %d only.", db->path, version,
                 migrate_newest(DB_CHAT));
    if (e)
        return e;
    e = backup_integrity(db, f);
    if (e == ERR_INTERNAL) {
        total->problems = 1;
        return OK;
    }
    if (!e)
        e = check_rooms(db, tell, ctx, total, f);
    return e ? e : check_search(db, total, f);
}
