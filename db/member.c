#include "db/member.h"
#include "db/statements.h"

/* Members, then invitations; each of both by name. */
static const struct sql list = {
    "member.list",
    "SELECT u.id, 0, u.username, u.role, m.joined_ms, 0 AS invited, u.name_fold AS fold"
    " FROM room_member m JOIN user u ON u.id = m.user_id WHERE m.room_id = ?1"
    " UNION ALL SELECT u.id, i.inviter_id, u.username, u.role, i.ts_ms, 1, u.name_fold"
    " FROM invitation i JOIN user u ON u.id = i.user_id WHERE i.room_id = ?1"
    " ORDER BY invited, fold, 1 LIMIT ?2",
    DB_CHAT, "sorts the members of one room"};
static const struct sql exists = {"member.exists",
                                  "SELECT 1 FROM room_member WHERE user_id = ?1 AND room_id = ?2",
                                  DB_CHAT, NULL};
static const struct sql heir = {
    "member.heir",
    "SELECT u.id FROM room_member m JOIN user u ON u.id = m.user_id WHERE m.room_id = ?1"
    " ORDER BY u.role = 'guest', m.joined_ms, u.id LIMIT 1",
    DB_CHAT, "sorts the members of one room"};
static const struct sql of_same = {
    "member.of_same",
    "SELECT 1 FROM room_member m JOIN room r ON r.id = m.room_id"
    " WHERE m.user_id = ?1 AND r.kind IN ('private', 'direct')"
    " AND EXISTS (SELECT 1 FROM room_member WHERE user_id = ?2 AND room_id = r.id) LIMIT 1",
    DB_CHAT, NULL};
static const struct sql insert = {
    "member.insert",
    "INSERT INTO room_member (room_id, user_id, joined_seq, last_read_seq, joined_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5)",
    DB_CHAT, NULL};
static const struct sql delete = {
    "member.delete", "DELETE FROM room_member WHERE user_id = ?1 AND room_id = ?2", DB_CHAT, NULL};
static const struct sql hide = {"member.hide",
                                "UPDATE room_member SET hidden = ?3"
                                " WHERE user_id = ?1 AND room_id = ?2 AND hidden <> ?3",
                                DB_CHAT, NULL};
static const struct sql show_all = {
    "member.show_all",
    "UPDATE room_member SET hidden = 0 WHERE room_id = ?1 AND hidden = 1 AND NOT EXISTS"
    " (SELECT 1 FROM ignored_user i WHERE i.user_id = room_member.user_id AND i.ignored_id = ?2)",
    DB_CHAT, NULL};

#define INVITATION_COLUMNS                                                                         \
    "r.id, r.slug, r.kind, r.title, r.topic, r.owner_id, r.head, i.inviter_id, u.username,"        \
    " i.ts_ms FROM invitation i JOIN room r ON r.id = i.room_id JOIN user u ON u.id = "            \
    "i.inviter_id"
static const struct sql invited_to = {"invitation.find",
                                      "SELECT " INVITATION_COLUMNS
                                      " WHERE r.slug = ?2 AND i.user_id = ?1 AND i.room_id = r.id",
                                      DB_CHAT, NULL};
static const struct sql invited_list = {"invitation.list",
                                        "SELECT " INVITATION_COLUMNS
                                        " WHERE i.user_id = ?1 AND r.archived_ms = 0"
                                        " ORDER BY i.ts_ms DESC, r.id LIMIT ?2",
                                        DB_CHAT, "sorts one person's invitations"};
static const struct sql invite = {
    "invitation.insert",
    "INSERT INTO invitation (room_id, user_id, inviter_id, ts_ms) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (user_id, room_id) DO NOTHING",
    DB_CHAT, NULL};
static const struct sql uninvite = {"invitation.delete",
                                    "DELETE FROM invitation WHERE user_id = ?1 AND room_id = ?2",
                                    DB_CHAT, NULL};

const struct sql *const member_statements[] = {
    &list,         &exists, &heir,     &of_same, &insert,   &delete, &invited_to,
    &invited_list, &invite, &uninvite, &hide,    &show_all, NULL,
};

enum err member_list(struct db *db, struct arena *a, int64_t room_id, struct member *out,
                     size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &list);

    *count = 0;
    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        out[(*count)++] = (struct member){
            .user_id = query_i64(&q, 0),
            .inviter_id = query_i64(&q, 1),
            .username = query_text(&q, 2, a),
            .role = query_text(&q, 3, a),
            .since_ms = query_i64(&q, 4),
        };
    return query_end(&q, f);
}

/* The first column of the first row; 0 where there is none. */
static enum err load_number(struct query *q, int64_t *out, struct fail *f)
{
    *out = query_row(q) ? query_i64(q, 0) : 0;
    return query_end(q, f);
}

/* Whether there is a row for two numbers. */
static enum err load_exists(struct db *db, const struct sql *sql, int64_t first, int64_t second,
                            bool *out, struct fail *f)
{
    struct query q = query_begin(db, sql);

    query_bind_i64(&q, 1, first);
    query_bind_i64(&q, 2, second);
    *out = query_row(&q);
    return query_end(&q, f);
}

enum err member_exists(struct db *db, int64_t room_id, int64_t user_id, bool *out, struct fail *f)
{
    return load_exists(db, &exists, user_id, room_id, out, f);
}

enum err member_heir(struct db *db, int64_t room_id, int64_t *user_id, struct fail *f)
{
    struct query q = query_begin(db, &heir);

    query_bind_i64(&q, 1, room_id);
    return load_number(&q, user_id, f);
}

enum err member_of_same(struct db *db, int64_t user_id, int64_t other_id, bool *out, struct fail *f)
{
    return load_exists(db, &of_same, user_id, other_id, out, f);
}

enum err member_insert(struct db *db, const struct room *r, int64_t user_id, int64_t joined_seq,
                       int64_t now_ms, struct fail *f)
{
    struct query q = query_begin(db, &insert);

    query_bind_i64(&q, 1, r->id);
    query_bind_i64(&q, 2, user_id);
    query_bind_i64(&q, 3, joined_seq);
    query_bind_i64(&q, 4, r->head);
    query_bind_i64(&q, 5, now_ms);
    return query_run(&q, f);
}

enum err member_hide(struct db *db, int64_t room_id, int64_t user_id, bool hidden, bool *changed,
                     struct fail *f)
{
    struct query q = query_begin(db, &hide);
    enum err e;

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    query_bind_i64(&q, 3, hidden);
    e = query_run(&q, f);
    *changed = !e && query_changes(&q) > 0;
    return e;
}

enum err member_show_all(struct db *db, int64_t room_id, int64_t author_id, struct fail *f)
{
    struct query q = query_begin(db, &show_all);

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, author_id);
    return query_run(&q, f);
}

/* A statement that takes a row away: whether there was one. */
static enum err take_away(struct db *db, const struct sql *sql, int64_t room_id, int64_t user_id,
                          bool *was, struct fail *f)
{
    struct query q = query_begin(db, sql);
    enum err e;

    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, room_id);
    e = query_run(&q, f);
    *was = !e && query_changes(&q) > 0;
    return e;
}

enum err member_delete(struct db *db, int64_t room_id, int64_t user_id, bool *was, struct fail *f)
{
    return take_away(db, &delete, room_id, user_id, was, f);
}

/* ----- invitations ----- */

static void invitation_from_row(struct query *q, struct arena *a, struct invitation *out)
{
    *out = (struct invitation){
        .room = {.id = query_i64(q, 0),
                 .slug = query_text(q, 1, a),
                 .kind = query_text(q, 2, a),
                 .title = query_text(q, 3, a),
                 .topic = query_text(q, 4, a),
                 .owner_id = query_i64(q, 5),
                 .head = query_i64(q, 6)},
        .inviter_id = query_i64(q, 7),
        .inviter_name = query_text(q, 8, a),
        .since_ms = query_i64(q, 9),
    };
}

enum err invitation_find(struct db *db, struct arena *a, int64_t user_id, const char *slug,
                         struct invitation *out, struct fail *f)
{
    struct query q = query_begin(db, &invited_to);
    bool found;
    enum err e;

    query_bind_i64(&q, 1, user_id);
    query_bind_text(&q, 2, slug);
    found = query_row(&q);
    if (found)
        invitation_from_row(&q, a, out);
    e = query_end(&q, f);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

enum err invitation_list(struct db *db, struct arena *a, int64_t user_id, struct invitation *out,
                         size_t max, size_t *count, struct fail *f)
{
    struct query q = query_begin(db, &invited_list);

    *count = 0;
    query_bind_i64(&q, 1, user_id);
    query_bind_i64(&q, 2, (int64_t)max);
    while (*count < max && query_row(&q))
        invitation_from_row(&q, a, &out[(*count)++]);
    return query_end(&q, f);
}

enum err invitation_insert(struct db *db, int64_t room_id, int64_t user_id, int64_t inviter_id,
                           int64_t now_ms, bool *made, struct fail *f)
{
    struct query q = query_begin(db, &invite);
    enum err e;

    query_bind_i64(&q, 1, room_id);
    query_bind_i64(&q, 2, user_id);
    query_bind_i64(&q, 3, inviter_id);
    query_bind_i64(&q, 4, now_ms);
    e = query_run(&q, f);
    *made = !e && query_changes(&q) > 0;
    return e;
}

enum err invitation_delete(struct db *db, int64_t room_id, int64_t user_id, bool *was,
                           struct fail *f)
{
    return take_away(db, &uninvite, room_id, user_id, was, f);
}
